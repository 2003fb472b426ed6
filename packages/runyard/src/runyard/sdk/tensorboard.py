"""TensorBoard over runs, also while they go on.

with Tensorboard([run]) as board:
    print(board.url)
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional, Type

from runyard.client import printing
from runyard.sdk.exceptions import UserErrorException, translated

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from runyard.sdk.board_mirror import Mirror
    from runyard.sdk.board_process import BoardProcess


class Tensorboard:
    """Shows the event files of runs, which are below their `logs/`, and follows them.

    A run without any gets one from its metrics, so that there is always something to see.

    Args:
        runs: The runs; one may be given without a list.
        local_root: The folder that gets a copy of each run's logs; None makes one that goes with
            the board.
        port: The port; the next free one where it is taken.
        use_display_name: Taken for old scripts' sake.

    Raises:
        UserErrorException: Something else than runs was given.
    """

    def __init__(
        self,
        runs: Any,
        local_root: Optional[str] = None,
        port: int = 6006,
        use_display_name: bool = False,
        _prefix: str = "",
    ) -> None:
        self._runs = _as_runs(runs)
        self._local_root = local_root
        self._port = port
        self._prefix = _prefix
        self._made: Optional[str] = None
        self._mirror: Optional[Mirror] = None
        self._process: Optional[BoardProcess] = None

    @property
    def url(self) -> str:
        """Where it is while it runs, else ""."""
        return self._process.url if self._process is not None else ""

    def start(self, start_browser: bool = False, _tell: bool = True) -> str:
        """Start it, print its address and return that; one that runs already goes on.

        Args:
            start_browser: Whether to open the address in a browser.

        Raises:
            AzureMLException: There is no TensorBoard, or it does not start.
        """
        if self._process is None:
            self._start()
        if _tell:
            print(self.url, flush=True)  # noqa: T201 - v1 printed it
        if start_browser:
            import webbrowser

            webbrowser.open(self.url)
        return self.url

    def stop(self) -> None:
        """End it, with all that it started; again does nothing."""
        atexit.unregister(self.stop)
        process, self._process = self._process, None
        mirror, self._mirror = self._mirror, None
        if process is not None:
            process.stop()
        if mirror is not None:
            mirror.stop()
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
            self._made = None

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

    def _start(self) -> None:
        from runyard.sdk import board_process
        from runyard.sdk.board_mirror import Mirror

        program = board_process.find(self._runs[0].service)
        root = self._root()
        port = board_process.free_port(self._port)
        if port != self._port and self._port:
            printing.tell(f"port {self._port} is taken: {port} is used")
        self._mirror = Mirror(self._runs, root)
        # Nobody need hold the object: `Tensorboard([run]).start()` shows it to the process's end.
        atexit.register(self.stop)
        try:
            self._mirror.start()
            command = program.command(str(root), port, self._prefix)
            self._process = board_process.BoardProcess(command)
        except BaseException:
            self.stop()
            raise

    def _root(self) -> Path:
        if self._local_root is None:
            self._made = tempfile.mkdtemp(prefix="runyard-tensorboard-")
            return Path(self._made)
        root = Path(self._local_root).expanduser()
        root.mkdir(parents=True, exist_ok=True)
        return root.absolute()


def export_to_tensorboard(
    run_data: Any, logsdir: Any, logger: Any = None, recursive: bool = True
) -> None:
    """Write the metrics of runs as event files, a folder for each run.

    Args:
        run_data: A run, a list of runs, or an experiment, which stands for all its runs.
        logsdir: The folder; it is made.
        logger: Told what is written.
        recursive: Whether the runs below each are written, too.

    Raises:
        UserErrorException: Something else than runs or an experiment was given.
    """
    from runyard.sdk import event_export

    runs = list(run_data.get_runs()) if hasattr(run_data, "get_runs") else _as_runs(run_data)
    folder = Path(logsdir).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    with translated():
        made = event_export.export(runs, folder, recursive)
    if logger is not None:
        logger.info("%d runs were written below %s", len(made), folder)


def _as_runs(given: Any) -> List[Any]:
    runs = list(given) if isinstance(given, (list, tuple)) else [given]
    wrong = [type(one).__name__ for one in runs if not hasattr(one, "get_metrics")]
    if wrong or not runs:
        what = f"a {wrong[0]}" if wrong else "an empty list"
        raise UserErrorException(
            f"TensorBoard shows runs, such as experiment.submit gives, not {what}"
        )
    return runs
