"""What of a download is here already, so that one that was interrupted goes on when it is repeated.

A file counts as here if it has the content's size and digest; nothing less would tell a file that
somebody has changed since, or another run's of the same name.
"""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

from runyard.client import copying

if TYPE_CHECKING:
    from runyard.client.downloads import Fetch


def may_be_here(fetch: Fetch) -> bool:
    """Whether a file of the right size and kind is where the one to be fetched goes."""
    if not fetch.digest:
        return False
    try:
        status = fetch.target.lstat()
    except OSError:
        return False
    # A link would be replaced by a file, and what it leads to may be gone tomorrow.
    is_file = stat.S_ISREG(status.st_mode) and status.st_size == fetch.size
    return is_file and bool(status.st_mode & stat.S_IXUSR or not fetch.executable)


def is_here(fetch: Fetch) -> bool:
    """Whether such a file has the content that is to be fetched; all of it is read."""
    digest = hashlib.sha256()
    try:
        with fetch.target.open("rb", buffering=0) as file:
            for block in copying.blocks(file):
                digest.update(block)
    except OSError:
        # Whoever writes to the place says what is the matter with it.
        return False
    return digest.hexdigest() == fetch.digest
