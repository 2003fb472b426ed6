"""Prints what the replicas of an endpoint print, as they print it.

A replica is a hidden run, so its log is one that grows; which replicas there are changes with each
update and each death. Both are asked for again and again, for no stream tells of hidden runs.
"""

import codecs
import json
import time
from dataclasses import dataclass, field

from runyard.client.log_reader import LogReader
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.endpoints import EndpointLogQuery, EndpointRecord
from runyard.protocol.errors import NotFound, RunFileNotFound
from runyard_server.cli import output
from runyard_server.cli.texts import in_json, line, log

DRIVER_LOG = "azureml-logs/70_driver_log.txt"
PAUSE_SECONDS = 0.5
_UTF8 = codecs.getincrementaldecoder("utf-8")


@dataclass(frozen=True)
class Wanted:
    """Whose log is followed.

    Args:
        endpoint: Name of the endpoint.
        deployment: One of its deployments; None: all.
        lines: How many lines of what was printed before are printed first.
    """

    endpoint: str
    deployment: str | None
    lines: int


def follow(client: WorkspaceClient, wanted: Wanted, *, as_json: bool) -> None:
    """Print the last lines, then what comes, until the endpoint is deleted.

    Args:
        client: The workspace.
        wanted: Whose log, and how much of what there is.
        as_json: One JSON object for each piece instead of the text.

    Raises:
        NotFound: There is no such endpoint, or no such deployment.
    """
    # Asked once, so that a deployment that is not there is refused with those that are.
    client.endpoints.logs(wanted.endpoint, EndpointLogQuery(wanted.deployment, 1))
    printer = _Printer(client, as_json)
    known: list[str] | None = None
    while True:
        try:
            here = _replicas(client.endpoints.get(wanted.endpoint), wanted.deployment)
        except NotFound:
            return
        if known is None:
            known = here
            for run in here:
                printer.skip(run, wanted.lines)
        # One that is gone may have printed its last words since it was read.
        for run in dict.fromkeys([*known, *here]):
            printer.advance(run)
        known = here
        time.sleep(PAUSE_SECONDS)


def _replicas(record: EndpointRecord, deployment: str | None) -> list[str]:
    return [
        replica.run
        for each in record.deployments
        if deployment in (None, each.name)
        for replica in each.replicas
    ]


@dataclass
class _Printer:
    """Prints the part of each replica's log that was not printed yet."""

    client: WorkspaceClient
    as_json: bool
    _readers: dict[str, LogReader] = field(default_factory=dict)
    _decoders: dict[str, codecs.IncrementalDecoder] = field(default_factory=dict)
    _last: str = ""

    def skip(self, run: str, lines: int) -> None:
        """Print no more of a replica's log than its last lines."""
        try:
            self._reader(run).skip(DRIVER_LOG, lines)
        except RunFileNotFound:
            # It has printed nothing yet: all that comes is new.
            return

    def advance(self, run: str) -> None:
        """Print what a replica has printed meanwhile."""
        try:
            for _, piece in self._reader(run).new(DRIVER_LOG):
                # A letter may lie across the border of two pieces.
                decoder = self._decoders.setdefault(run, _UTF8("backslashreplace"))
                self._print(run, decoder.decode(piece))
        except NotFound:
            return

    def _reader(self, run: str) -> LogReader:
        return self._readers.setdefault(run, LogReader(self.client.files, run))

    def _print(self, run: str, text: str) -> None:
        if self.as_json:
            output.write(in_json(json.dumps({"run": run, "text": text}, ensure_ascii=False)) + "\n")
        else:
            if self._last and self._last != run:
                output.write_error(f"\n==> {line(run)} <==\n")
            output.write(log(text))
        self._last = run
        output.flush()
