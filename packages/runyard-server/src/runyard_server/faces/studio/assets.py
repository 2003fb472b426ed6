"""The files of the built studio, as the wheel carries them.

Names are read when the service starts to serve; contents when they are first asked for. What is not
in that table is not served, so no path from outside ever reaches the disk.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOREVER = "public, max-age=31536000, immutable"
AGAIN = "no-cache"
FOLDER = Path(__file__).parent / "static"
_PAGE = "index.html"
_PACKED = (".js", ".css", ".svg", ".html", ".md")
_HASHED = re.compile(r".+-[\w-]{8}\.\w+")


@dataclass(frozen=True)
class Asset:
    """One file of the studio.

    Args:
        path: Where it lies.
    """

    path: Path

    @property
    def kind(self) -> str:
        """Its media type."""
        kind = mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

    @property
    def caching(self) -> str:
        """How long it may be kept: what has its content's hash in its name never changes."""
        return FOREVER if _HASHED.fullmatch(self.path.name) else AGAIN

    @cached_property
    def content(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()

    @cached_property
    def etag(self) -> str:
        """What tells it from the file of that name that another build made."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @cached_property
    def packed(self) -> bytes | None:
        """Its bytes gzipped, None of what does not get smaller."""
        if self.path.suffix not in _PACKED:
            return None
        # 3 ms for the largest script, once, instead of 60 kB more in every wheel.
        return gzip.compress(self.content, mtime=0)


class Assets:
    """All files of the studio.

    Args:
        folder: Where the build put them.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._named: dict[str, Asset] = {}
        self._page = Asset(folder / _PAGE)
        self._read = 0
        self._look()

    @property
    def built(self) -> bool:
        """Whether there is a studio: without npm's registry a checkout has none."""
        return self._read > 0 and bool(self._named)

    def page(self) -> Asset:
        """The page; may read the disk."""
        self._look()
        return self._page

    def find(self, name: str) -> Asset | None:
        """The file of a name, None of any other."""
        return self._named.get(name)

    def _look(self) -> None:
        """Read the names anew after another build: an upgrade may come while a service runs."""
        path, found = self._folder / _PAGE, self._folder / "assets"
        if not path.is_file() or not found.is_dir():
            return
        made = path.stat().st_mtime_ns
        if made != self._read:
            self._page = Asset(path)
            # What the build before had stays, if it was read: pages that are open may ask for it.
            self._named |= {path.name: Asset(path) for path in found.iterdir()}
            self._read = made
