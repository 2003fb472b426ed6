"""Prints a run's logs, once or as they grow.

While a run is followed, the service's stream says which file has grown; the new bytes are then
read from where the last reading stopped, so nothing is missed or printed twice, and a service
that restarts in between is waited for.
"""

import codecs
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from runyard.client.log_reader import LogReader
from runyard.protocol.errors import RunFileNotFound
from runyard.protocol.events import LOG, RANK
from runyard.protocol.files import BUILD_LOG
from runyard_server.cli import output, ranks
from runyard_server.cli.target import WorkspaceClient
from runyard_server.cli.texts import in_json, line, log, multiline

LOG_FOLDER = "azureml-logs/"
DRIVER_LOGS = "azureml-logs/70_driver_log"
# As `protocol.sweeps` has it, whose many records need not be loaded for a log.
SWEEP_LOG = "azureml-logs/hyperdrive.txt"
_UTF8 = codecs.getincrementaldecoder("utf-8")


def print_logs(
    client: WorkspaceClient,
    run: str,
    *,
    file: str | None,
    rank: str | None = None,
    follow: bool,
    as_json: bool,
    tail: int | None = None,
) -> None:
    """Print a run's logs.

    Args:
        client: The workspace.
        run: The run's id.
        file: One file; None chooses the build log and the driver logs.
        rank: One process of a run with several in its place: `3`, `worker 1`, `worker_1`.
        follow: Whether to go on until the run has ended.
        as_json: One JSON object per piece instead of the bytes.
        tail: Only so many of the last lines that each file has now; what comes later is printed.

    Raises:
        RunNotFound: There is no such run.
        RunFileNotFound: The run has no such file, and is not followed.
        InvalidRequest: The run has no such process.
    """
    printer = _Printer(client, run, as_json)
    if follow:
        if tail is not None:
            known = ranks.log_of(client, run, rank, sure=False) if rank is not None else file
            _skip(printer, [known] if known or rank is not None else _all(client, run), tail)
        _follow(printer, file, rank)
    else:
        if rank is not None:
            file = ranks.log_of(client, run, rank)
        paths: Sequence[str] = [file] if file else _chosen(client, run)
        if tail is not None:
            _skip(printer, paths, tail)
        for path in paths:
            printer.advance(path)
    printer.finish()


def _skip(printer: "_Printer", paths: Sequence[str | None], lines: int) -> None:
    for path in paths:
        # What is not there yet is printed from its first byte on, or missed by who reads it.
        with suppress(RunFileNotFound):
            if path:
                printer.skip(path, lines)


def _follow(printer: "_Printer", file: str | None, rank: str | None) -> None:
    for event in printer.client.events.follow(printer.run):
        if rank is not None and not file:
            # Which processes there are is known when all nodes have met.
            file = ranks.log_of(printer.client, printer.run, rank, sure=False)
            if not file:
                continue
        if event.kind == LOG and _wanted(event.data["path"], file):
            if "anew" in event.data:
                printer.begin(event.data["path"])
            printer.advance(event.data["path"])
        elif event.kind == RANK:
            printer.remark(event.message)
    if rank is not None:
        file = ranks.log_of(printer.client, printer.run, rank)
    # The last bytes may have come with the end itself, without a frame of their own.
    paths = [file] if file else _all(printer.client, printer.run)
    for path in paths:
        printer.advance(path)


def _wanted(path: str, file: str | None) -> bool:
    return path == file if file else path.startswith(LOG_FOLDER)


def _all(client: WorkspaceClient, run: str) -> list[str]:
    return [item.path for item in client.files.list(run, LOG_FOLDER)]


def _chosen(client: WorkspaceClient, run: str) -> list[str]:
    """The driver logs; before there is one the build log, and of a sweep its own log."""
    found = _all(client, run)
    drivers = [path for path in found if path.startswith(DRIVER_LOGS)]
    return drivers or [path for path in found if path in (BUILD_LOG, SWEEP_LOG)]


@dataclass
class _Printer:
    """Prints the part of each file that it has not printed yet."""

    client: WorkspaceClient
    run: str
    as_json: bool
    _decoders: dict[str, codecs.IncrementalDecoder] = field(default_factory=dict)
    _last: str = ""
    _found: bool = False

    def __post_init__(self) -> None:
        self.reader = LogReader(self.client.files, self.run)

    def advance(self, path: str) -> None:
        """Print what a file has beyond what was printed of it."""
        try:
            for offset, piece in self.reader.new(path):
                self._print(path, offset, piece)
        except RunFileNotFound:
            # Of several files one may be gone meanwhile; who has seen none at all is told.
            if not self._found:
                raise
        else:
            self._found = True

    def skip(self, path: str, lines: int) -> None:
        """Print no more of a file than its last lines."""
        self.reader.skip(path, lines)
        self._found = True

    def begin(self, path: str) -> None:
        """Print a file from its first byte on: it is another than it was."""
        self.reader.begin(path)
        self._decoders.pop(path, None)

    def finish(self) -> None:
        """Print what is left of files that end within a letter."""
        for path in list(self._decoders):
            self._print_text(path, self.reader.offset(path), b"", final=True)

    def _print(self, path: str, offset: int, piece: bytes) -> None:
        # A program reads what the script wrote, byte for byte; only a terminal could be steered.
        if self.as_json or sys.stdout.isatty():
            self._print_text(path, offset, piece)
        else:
            self._title(path)
            output.write_bytes(piece)
        output.flush()

    def _print_text(self, path: str, offset: int, piece: bytes, *, final: bool = False) -> None:
        """Print whole letters: one that lies across the border of two pieces is kept for later."""
        errors = "replace" if self.as_json else "backslashreplace"
        decoder = self._decoders.setdefault(path, _UTF8(errors))
        begun = offset - len(decoder.getstate()[0])
        text = decoder.decode(piece, final)
        if not text:
            return
        if self.as_json:
            piece_of = {"path": path, "offset": begun, "text": text}
            output.write(in_json(json.dumps(piece_of, ensure_ascii=False)) + "\n")
        else:
            self._title(path)
            output.write(log(text))

    def remark(self, text: str) -> None:
        """Print a remark about the run on stderr; in JSON nothing but the pieces is printed."""
        if not self.as_json:
            output.write_error(f"{multiline(text)}\n")

    def _title(self, path: str) -> None:
        """Print on stderr which file follows, when there is more than one to be told apart."""
        if self._last and self._last != path:
            output.write_error(f"\n==> {line(path)} <==\n")
        self._last = path
