"""The private name by which the v1 SDK's advice raised the limit of snapshots.

Scripts set `azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES`; it is heeded from the
first import of that module on.
"""

from __future__ import annotations

import sys

from runyard.sdk import snapshot_limits
from runyard.sdk.snapshot_limits import SNAPSHOT_MAX_SIZE_BYTES

__all__ = ["SNAPSHOT_MAX_SIZE_BYTES"]

_MODULE = "azureml._restclient.snapshots_client"


def _set_by_the_script() -> int:
    # Not imported: only who has imported it can have set it.
    module = sys.modules.get(_MODULE)
    return int(getattr(module, "SNAPSHOT_MAX_SIZE_BYTES", snapshot_limits.DEFAULT))


snapshot_limits.heed(_set_by_the_script)
