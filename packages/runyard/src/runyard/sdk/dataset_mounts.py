"""A dataset's files below a folder of this machine, for as long as a block lasts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Type, Union

from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class MountContext:
    """What `FileDataset.mount` gives: `start`, `stop`, or a `with` block.

    Args:
        dataset: The FileDataset.
        mount_point: The folder; None makes a temporary one.
    """

    def __init__(self, dataset: Any, mount_point: Union[str, Path, None]) -> None:
        self._dataset = dataset
        self._made: Optional[Path] = None
        self._given = None if mount_point is None else Path(mount_point).expanduser().resolve()
        self._place = self._given
        self._started = False

    @property
    def mount_point(self) -> str:
        """The folder with the files."""
        if self._place is None:
            self._place = Path(tempfile.mkdtemp(prefix="runyard-mount-"))
            self._made = self._place
        return str(self._place)

    def start(self) -> None:
        """Put the files there.

        Raises:
            UserErrorException: The folder has something in it already.
        """
        place = Path(self.mount_point)
        if place.is_dir() and any(place.iterdir()):
            raise UserErrorException(f"{place} is not empty; give an empty folder, or none")
        if not place.exists():
            place.mkdir(parents=True)
            self._made = place
        # From here on, all that is below the folder was put there by this.
        self._started = True
        self._dataset.download(place, ignore_not_found=True)

    def stop(self) -> None:
        """Remove what `start` has put there, and the folder where it was made here."""
        made, started = self._made, self._started
        # Somebody may use the folder after this, so a second call finds nothing to remove.
        self._made, self._started = None, False
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
            return
        place = self._given
        for each in list(place.iterdir()) if started and place and place.is_dir() else ():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()
