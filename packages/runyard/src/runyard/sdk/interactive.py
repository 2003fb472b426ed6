"""Interactive runs: begun by this process, ended by it or with it, with what is in `./outputs`.

While the run is used as a context manager, stdout and stderr are also written to
`logs/user_log.txt` of the run and `./logs` is followed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple, Type

from runyard.client import printing
from runyard.client.own_file import OwnFile
from runyard.client.private import make_folder
from runyard.client.spool import USER_LOG, USER_LOG_PATH
from runyard.client.trees import Walk, told
from runyard.protocol.errors import InvalidRequest
from runyard.sdk.exceptions import SnapshotException, translated

if TYPE_CHECKING:
    from runyard.client.trees import LeftOut
    from runyard.client.workspace import WorkspaceClient
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.runs import Run

OUTPUTS = "outputs"
LOGS = "logs"
# Files are stamped by a coarser clock than time.time(), on some file systems to two seconds.
SLACK_SECONDS = 2.0


def start(
    experiment: Experiment,
    name: Optional[str] = None,
    run_id: Optional[str] = None,
    outputs: Optional[str] = None,
    snapshot_directory: Optional[str] = ".",
    kind: Optional[Type[Run]] = None,
) -> Run:
    """Begin an interactive run; see `Experiment.start_logging`.

    Args:
        experiment: The experiment.
        name: The run's name for people.
        run_id: The run's id; None for one that is made up.
        outputs: The folder whose files are kept at the end; None is `./outputs`.
        snapshot_directory: The folder of which a snapshot is made; None for none.
        kind: The type of the run.
    """
    from runyard.client.process import identity
    from runyard.protocol.runs import StartRun
    from runyard.sdk import endings, git_properties
    from runyard.sdk.runs import Run

    snapshot = None
    with git_properties.ask(snapshot_directory or ".") as asked:
        if snapshot_directory is not None:
            snapshot = _snapshot(experiment.workspace.service, snapshot_directory)
        facts = asked.properties()
    body = StartRun(
        experiment=experiment.name,
        name=name,
        run_id=run_id,
        snapshot=snapshot,
        properties=facts,
        beats=True,
        process=identity(),
    )
    with translated():
        record = experiment.workspace.service.runs.start(body)
    run = (kind or Run)(experiment, record.id, outputs, _record=record)
    run._interactive = Interactive(run, Path(outputs or OUTPUTS))
    endings.watch(run)
    return run


def _snapshot(service: WorkspaceClient, folder: str) -> Optional[str]:
    """Keep the folder; None if it has nothing to keep, which is no reason to refuse a run here."""
    from runyard.client.source_folders import NOTHING
    from runyard.sdk.source_snapshots import take_snapshot

    try:
        return take_snapshot(service, folder)
    except SnapshotException as error:
        cause = error.__cause__
        if isinstance(cause, InvalidRequest) and cause.details.get("reason") == NOTHING:
            return None
        raise


class Interactive:
    """What an interactive run has beside its record: folders, and captured output.

    Args:
        run: The run.
        outputs: Its outputs folder; it is made.
    """

    def __init__(self, run: Run, outputs: Path) -> None:
        self._run = run
        # Now: a script may change its folder before the run ends.
        self._outputs = outputs.absolute()
        self._log_folder = Path(LOGS).absolute()
        self._since = time.time() - SLACK_SECONDS
        self._process = os.getpid()
        self._tees: List[_Tee] = []
        self._user_log: Optional[Path] = None
        self._ended = False
        with contextlib.suppress(OSError):
            self._outputs.mkdir(parents=True, exist_ok=True)

    @property
    def ended(self) -> bool:
        """Whether the run was ended, or belongs to another process."""
        return self._ended or self._process != os.getpid()

    def capture(self) -> None:
        """Begin to keep stdout and stderr, and to follow `./logs`."""
        if self._tees:
            return
        session = self._run._open_session()
        make_folder(session.folder)
        self._user_log = session.folder / USER_LOG
        log = OwnFile(self._user_log)
        self._tees = [_Tee(sys.stdout, log), _Tee(sys.stderr, log)]
        sys.stdout, sys.stderr = self._tees
        session.logs = self._followed

    def collect(self) -> None:
        """Let go of stdout and stderr, and send what was written to the outputs folder."""
        self._release()
        # A forked child lets go of the streams too; the run is not its own to send for.
        if self.ended:
            return
        self._ended = True
        if self._user_log is not None:
            self._run._open_session().at_end = True
        from runyard.sdk import run_files

        pairs, left_out = self._new(self._outputs, OUTPUTS)
        # One file that cannot be kept must not leave the run open.
        left_out += run_files.upload_what_can_be(self._run.service, self._run.id, pairs)
        _, lost_logs = self._new(self._log_folder, LOGS) if self._user_log else ([], [])
        self._warn(left_out + lost_logs)

    def send(self, path: str) -> None:
        """Send what lies at a path of the outputs now, so that it can be registered as a model.

        Args:
            path: A path in the run, such as `outputs/model`; "" is all.
        """
        if self.ended:
            return
        from runyard.sdk import run_files

        found, _ = self._new(self._outputs, OUTPUTS)
        chosen = [one for one in found if not path or f"{one[0]}/".startswith(f"{path}/")]
        run_files.upload(self._run.service, self._run.id, chosen, overwrite=True)

    def close(self) -> None:
        """Remove what was kept to be sent, once it has been."""
        if self._user_log is not None and self._user_log.exists():
            with contextlib.suppress(OSError):
                self._user_log.unlink()

    def _release(self) -> None:
        tees, self._tees = self._tees, []
        for tee, name in zip(tees, ("stdout", "stderr")):
            # What somebody has put there since, such as a notebook's capture, stays.
            if getattr(sys, name) is tee:
                setattr(sys, name, tee.original)
        for tee in tees:
            tee.close_log()

    def _followed(self) -> Mapping[Path, str]:
        found: Dict[Path, str] = {}
        if self._user_log is not None:
            found[self._user_log] = USER_LOG_PATH
        # Under a hidden name another file may stand for a moment: those count at the end.
        new, _ = self._new(self._log_folder, LOGS, hidden=self._ended)
        found.update({path: name for name, path in new})
        return found

    def _new(
        self, folder: Path, prefix: str, hidden: bool = True
    ) -> Tuple[List[Tuple[str, Path]], List[LeftOut]]:
        """Find what was written since the run began (older files are another's).

        Args:
            folder: The local folder.
            prefix: Its path in the run.
            hidden: Whether names that begin with a dot count.

        Returns:
            (path in the run, local file), and what cannot be kept.
        """
        walk = Walk(str(folder), prefix, hidden=hidden)
        found = [(name, Path(place)) for name, place in walk.files if self._is_new(place)]
        return found, [one for one in walk.left_out if self._is_new(one.place)]

    def _is_new(self, place: str) -> bool:
        """Whether a file was written, or came to its place, since the run began."""
        for look in (os.stat, os.lstat):
            with contextlib.suppress(OSError):
                status = look(place)
                # A file that was moved or unpacked keeps an old time of its last write.
                if max(status.st_mtime, status.st_ctime) >= self._since:
                    return True
        return False

    def _warn(self, left_out: List[LeftOut]) -> None:
        if left_out:
            text = told(left_out, f"run {self._run.id}")
            printing.tell(f"runyard: {text}")
            self._run._change(warnings=[text])


class _Tee:
    """A text stream that also writes to a log; everything else is the stream's own."""

    def __init__(self, original: Any, log: OwnFile) -> None:
        self.original = original
        self._log = log
        self._closed = False

    def write(self, text: str) -> int:
        done = self.original.write(text)
        if not self._closed:
            with contextlib.suppress(OSError):  # a full disk must not stop what is printed
                self._log.write(text.encode("utf-8", "replace"))
        return int(done if done is not None else len(text))

    def close_log(self) -> None:
        self._closed = True
        self._log.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)
