"""What a submission tells of the process that makes it: who asks, and its environment."""

from __future__ import annotations

import os
from typing import Dict

from runyard.client import callers


def inherited() -> Dict[str, str]:
    """This process's environment, without what is no UTF-8 and could not be sent."""
    from runyard.protocol import escapes

    bad = [k for k, v in os.environ.items() if not (escapes.is_plain(k) and escapes.is_plain(v))]
    if bad:
        callers.warn(
            f"environment variables that are no UTF-8 are not passed on to the job: "
            f"{', '.join(map(escapes.printable, sorted(bad)))}"
        )
    return {key: value for key, value in os.environ.items() if key not in bad}


def user_name() -> str:
    """The name of who asks, "" where the system does not say."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # In containers a user's number has often no name; since 3.13 that is an OSError.
        return ""
