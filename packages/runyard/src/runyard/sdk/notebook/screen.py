"""The places of a notebook where cards are shown and renewed, if this process is a notebook's.

Nothing is imported to find that out, and nothing here raises: where a display is missing, there is
none, and the caller prints.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Optional, Tuple


def shell() -> Any:
    """The kernel's shell, None outside of notebooks: in a terminal's IPython, too."""
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    try:
        found = find() if find is not None else None
    except Exception:  # noqa: BLE001 - whatever a shell of others does, there is none for us
        return None
    return found if getattr(found, "kernel", None) is not None else None


class Cell:
    """The cell that runs now, and which time it runs.

    Args:
        kernel_shell: The kernel's shell.
    """

    def __init__(self, kernel_shell: Any) -> None:
        header = _parent(kernel_shell)
        named = (header.get("metadata") or {}).get("cellId")
        # Where the front end does not name its cells, the same text is taken for the same cell.
        self.name = str(named or (header.get("content") or {}).get("code") or "")
        self.time = str((header.get("header") or {}).get("msg_id") or "")

    def runs_again(self, earlier: Cell) -> bool:
        """Whether this is an earlier cell, run once more."""
        return bool(self.name) and self.name == earlier.name and self.time != earlier.time


def _parent(kernel_shell: Any) -> Dict[str, Any]:
    try:
        found = kernel_shell.kernel.get_parent("shell")
    except Exception:  # noqa: BLE001 - kernels before 6 keep it elsewhere, those of others nowhere
        found = getattr(kernel_shell, "parent_header", None)
    return found if isinstance(found, dict) else {}


class Screen:
    """A place in a notebook, which shows one thing after another.

    Args:
        cell: The cell below which it stands.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._id = "runyard-" + os.urandom(8).hex()

    def show(self, html: str, text: str) -> bool:
        """Show something for the first time.

        Args:
            html: For notebooks.
            text: For front ends that show no HTML.

        Returns:
            Whether there is a display.
        """
        return self.put({"text/html": html, "text/plain": text}, update=False)

    def update(self, html: str, text: str) -> bool:
        """Show something in the place of what is there; see `show`."""
        return self.put({"text/html": html, "text/plain": text}, update=True)

    def put(self, bundle: Dict[str, Any], update: bool) -> bool:
        """Show a bundle of one thing in several types; see `show`."""
        try:
            from IPython.display import (  # type: ignore[import-not-found]  # only in notebooks
                display,
            )

            display(bundle, raw=True, display_id=self._id, update=update)
        except Exception:  # noqa: BLE001 - a run goes on whatever becomes of its picture
            return False
        return True


def here() -> Optional[Tuple[Any, Screen]]:
    """The shell and a new place below the cell that runs now; None outside of notebooks."""
    found = shell()
    return None if found is None else (found, Screen(Cell(found)))
