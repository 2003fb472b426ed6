"""Parts of files: the header that asks for one (RFC 9110, section 14), and who does not know it."""

from __future__ import annotations

import http.client
from contextlib import suppress
from typing import Any, Dict, Optional

_BLOCK_BYTES = 1 << 20


def header(first: int, end: Optional[int]) -> Dict[str, str]:
    """Ask for the bytes from one on; nothing is asked by who wants all.

    Args:
        first: The first byte that is wanted.
        end: The byte behind the last one; None: all that follow.
    """
    if not first and end is None:
        return {}
    return {"Range": f"bytes={first}-{'' if end is None else end - 1}"}


def skip(response: Any, size: int) -> None:
    """Pass over what was not asked for: some proxies strip `Range`, and give the whole."""
    # A break shows at the next read, and is counted there.
    with suppress(OSError, http.client.HTTPException):
        while size:
            passed = len(response.read(min(size, _BLOCK_BYTES)))
            if not passed:
                return
            size -= passed
