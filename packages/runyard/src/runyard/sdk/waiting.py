"""Waits for a run and prints its log as it grows, in the shape v1 users (and their tests) know.

    RunId: …
    Web View: …

    Streaming azureml-logs/70_driver_log.txt
    ========================================

    …

    Execution Summary
    =================
    RunId: …
    Web View: …

Followed is the log that sorts highest among `azureml-logs/NN…txt`, of several processes' logs the
first one's. Why a run waits, and that another process has failed, is told on stderr, so that stdout
keeps this shape.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Tuple

from runyard.client import printing
from runyard.client.log_reader import LogReader
from runyard.protocol.errors import RunFileNotFound
from runyard.sdk import exceptions, run_files
from runyard.sdk.exceptions import (
    ActivityFailedException,
    ExperimentExecutionException,
    translated,
)
from runyard.sdk.run_base import TERMINAL

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.events import EventRecord
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.run_lifecycle import RunLifecycle

LOG_FOLDER = "azureml-logs/"
# A sweep's log sorts behind all of a run's.
FOLLOWED = re.compile(r"azureml-logs/(\d\d[^/]*|hyperdrive)\.txt\Z")
PROCESS = re.compile(r"_(?:rank_|(worker|ps|master|chief|evaluator)_)?(\d+)\.txt\Z")
# Which kind of process is followed first; a worker, and one of equal ranks, comes after a chief.
ORDER = {"chief": 0, "master": 0, "worker": 1, None: 1, "ps": 2, "evaluator": 3}


def wait(run: RunLifecycle, show_output: bool, raise_on_error: bool) -> Dict[str, Any]:
    """Wait for a run's end and give its details; see `Run.wait_for_completion`.

    Args:
        run: The run.
        show_output: Whether its log is printed as it grows.
        raise_on_error: Whether a failed run raises.
    """
    if not show_output:
        found = run._details(_follow(run, None))
        if found["status"] == "Failed" and raise_on_error:
            raise _failed(found)
        return found
    try:
        return _shown(run, raise_on_error)
    except KeyboardInterrupt:
        # As in v1: who stops watching does not stop the run.
        raise ExperimentExecutionException(
            "The output streaming for the run interrupted.\nBut the run is still executing on the "
            f"compute target. Details for canceling the run: run.cancel(), or `runyard runs cancel "
            f"{run.id}`"
        ) from None


def _shown(run: RunLifecycle, raise_on_error: bool) -> Dict[str, Any]:
    web_view = run.get_portal_url()
    printing.say(f"RunId: {run.id}\nWeb View: {web_view}\n")
    found = run._details(_follow(run, Printer(run.service, run.id)))
    printing.say(f"\nExecution Summary\n=================\nRunId: {run.id}\nWeb View: {web_view}\n")
    for title, text in _remarks(found, raise_on_error):
        printing.say(f"\n{title}:\n{text}\n")
    # v1 raises here, before its last empty line.
    if found["status"] == "Failed" and raise_on_error:
        raise _failed(found)
    printing.say("\n")
    return found


def _remarks(found: Dict[str, Any], raise_on_error: bool) -> Iterable[Any]:
    if found.get("warnings"):
        yield "Warnings", "\n".join(one["message"] for one in found["warnings"])
    if found["status"] == "Failed" and not raise_on_error and "error" in found:
        yield "Error", exceptions.telling().ending(found["error"])


def _failed(found: Dict[str, Any]) -> ActivityFailedException:
    return ActivityFailedException(found.get("error") or {"error": {"message": "the run failed"}})


def _follow(run: RunLifecycle, printer: Optional[Printer]) -> Optional[RunRecord]:
    """Go with a run to its end, printing its log if there is a printer.

    Returns:
        The run as it ended, where it had ended before it was followed; None: it is to be read.
    """
    with translated():
        record = run._refresh()
        if printer is not None:
            printer.look()
        if record.status not in TERMINAL:
            if printer is not None and record.reason:
                printing.tell(f"{record.status}: {record.reason}")
            # From the record's own moment: what has happened since is in the stream.
            for event in run.service.events.follow(run.id, record.last_event):
                if printer is not None:
                    printer.take(event)
        if printer is not None:
            printer.finish()
        return record if record.status in TERMINAL else None


class Printer:
    """Prints the log that is to be followed, whichever that is at the time.

    Args:
        service: The workspace's client.
        run_id: The run.
    """

    def __init__(self, service: WorkspaceClient, run_id: str) -> None:
        self._service = service
        self._run_id = run_id
        self._reader = LogReader(service.files, run_id)
        self._name = ""
        # A piece may end within a letter.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line_open = False

    def look(self, last: bool = False) -> None:
        """Find the logs there are, and print what is new of the one to follow.

        Args:
            last: The run has ended: take another process's log if the first left none.
        """
        rows = run_files.records(self._service, self._run_id, LOG_FOLDER)
        # A log without a byte would get its title and nothing below.
        sizes = {row.path: row.size for row in rows if row.size}
        if not last:
            sizes = {name: size for name, size in sizes.items() if not is_helper(name)}
        best = choose([self._name, *sizes])
        if best:
            self._grown(best, sizes.get(best, 0))

    def take(self, event: EventRecord) -> None:
        """Print what an event tells."""
        from runyard.protocol import events as kinds

        if event.kind == kinds.LOG:
            name = event.data.get("path", "")
            if name and not is_helper(name) and choose([self._name, name]) == name:
                self._grown(name, int(event.data.get("size", "0")))
        elif event.kind == kinds.REASON and event.message:
            printing.tell(event.message)
        elif event.kind == kinds.RANK and event.data.get("log") != self._name:
            # What the process that is followed has to say is seen already.
            printing.tell(event.message)

    def finish(self) -> None:
        """Print what is left of the log."""
        self.look(last=True)
        self._out(self._decoder.decode(b"", final=True))

    def _grown(self, name: str, size: int) -> None:
        if name != self._name:
            if self._name:
                self._read()
            self._begin(name)
        if size > self._reader.offset(name):
            self._read()

    def _begin(self, name: str) -> None:
        self._out(self._decoder.decode(b"", final=True))
        self._decoder.reset()
        if self._line_open:
            self._out("\n")
        self._name = name
        self._reader.begin(name)
        printing.say(f"\nStreaming {name}\n{'=' * (len(name) + 10)}\n\n")

    def _read(self) -> None:
        """Print all that is new of the present log."""
        try:
            for _, piece in self._reader.new(self._name):
                self._out(self._decoder.decode(piece))
        except RunFileNotFound:
            return

    def _out(self, text: str) -> None:
        if text:
            self._line_open = not text.endswith("\n")
            printing.say(text)


def choose(names: Iterable[str]) -> str:
    """Choose the log to follow: the highest in order, of several processes' logs the first's.

    Args:
        names: Names of logs; others, and "", are passed over.
    """
    logs: List[str] = [name for name in names if name and FOLLOWED.match(name)]
    if not logs:
        return ""
    top = max(name[: len(LOG_FOLDER) + 2] for name in logs)
    return min((name for name in logs if name.startswith(top)), key=_rank)


def is_helper(name: str) -> bool:
    """Whether a log is not the first process's, which is awaited while the run goes on."""
    kind, number, _ = _rank(name)
    return (kind, number) > (1, 0)


def _rank(name: str) -> Tuple[int, int, str]:
    found = PROCESS.search(name)
    if found is None:
        return (0, -1, name)
    return (ORDER[found.group(1)], int(found.group(2)), name)
