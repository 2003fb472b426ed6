"""What a submission tells of the process that makes it: its environment."""

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
