"""How large a snapshot may be.

The v1 SDK's advice for large folders was to set a private name,
`azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES`; it is heeded where it was set.
"""

from __future__ import annotations

import sys

DEFAULT = 2_000_000_000
SNAPSHOT_MAX_SIZE_BYTES = DEFAULT
_V1_MODULE = "azureml._restclient.snapshots_client"


def limit() -> int:
    """Give the number of bytes above which a source folder is refused."""
    theirs = int(getattr(sys.modules.get(_V1_MODULE), "SNAPSHOT_MAX_SIZE_BYTES", DEFAULT))
    return SNAPSHOT_MAX_SIZE_BYTES if theirs == DEFAULT else theirs
