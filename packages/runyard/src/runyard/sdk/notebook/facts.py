"""What a card knows of a run, and which of it the service's hints say is old.

Read again is only what has changed: of metrics those that have grown, thinned to what a chart can
show, of logs the last bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from runyard.protocol.errors import NotFound
from runyard.protocol.feed import RUN
from runyard.protocol.metrics import SCALAR
from runyard.protocol.pipelines import PIPELINE_RUN
from runyard.protocol.runs import SCRIPT_RUN, TERMINAL, RunQuery
from runyard.protocol.stream import EVENT, LOGS, METRICS
from runyard.protocol.sweeps import RUN_TYPES
from runyard.sdk import waiting
from runyard.sdk.notebook.pipeline_card import PipelineCard
from runyard.sdk.notebook.sweep_card import SweepCard

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.files import FileRecord
    from runyard.protocol.metrics import MetricSeries
    from runyard.protocol.runs import RunRecord
    from runyard.protocol.stream import Hint

CHARTS, POINTS = 6, 150
LOG_LINES = 10
_TAIL_BYTES = 1 << 14
_LONGEST_LINE = 300
# More are no longer read one by one while a run goes on; its end reads all.
_MOST_GROWN = 24
_CHILDREN = 100
_FILES = 50
_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")


class Facts:
    """What is known of a run.

    Args:
        service: The workspace.
        run_id: The run.
        address: The run's page, for links.
    """

    def __init__(self, service: WorkspaceClient, run_id: str, address: str) -> None:
        self.service = service
        self.run_id = run_id
        self.address = address
        self.metrics: Dict[str, MetricSeries] = {}
        self.log_name = ""
        self.log_lines: List[str] = []
        self.files: List[FileRecord] = []
        self.children: List[RunRecord] = []
        self.sweep: Optional[SweepCard] = None
        self.pipeline: Optional[PipelineCard] = None
        self._record: Optional[RunRecord] = None
        self._grown: Dict[str, int] = {}
        self._logs: Dict[str, int] = {}
        self.old = True
        self._all_old = True

    @property
    def record(self) -> RunRecord:
        """The run as it was last read."""
        if self._record is None:
            raise RuntimeError("the run was not read yet")
        return self._record

    @property
    def ended(self) -> bool:
        """Whether all is known: the run had ended when it was read."""
        return self._record is not None and self._record.status in TERMINAL and not self._all_old

    def topics(self) -> List[str]:
        """What to hear of."""
        own = f"{RUN}:{self.run_id}"
        if self.sweep is None and not self.children:
            # A run may get children at any time: of that its own topic does not tell.
            return [own, "runs"] if self._may_have_children() else [own]
        return [own, f"sweep:{self.run_id}", "runs"]

    def take(self, hint: Hint) -> None:
        """Remember what a hint says is old."""
        own = hint.subject == self.run_id
        if hint.kind == METRICS and own:
            known = {name: series.count for name, series in self.metrics.items()}
            self._grown.update({n: c for n, c in hint.counts.items() if known.get(n) != c})
            self.old = self.old or bool(self._grown)
        elif hint.kind == LOGS and own:
            news = {
                path: size for path, size in hint.counts.items() if self._logs.get(path) != size
            }
            self._logs.update(news)
            self.old = self.old or bool(news)
        elif hint.kind == EVENT and (own or self._is_child(hint.subject)):
            self.old = self._all_old = True

    def forget(self) -> None:
        """Take all for old, as after a time without the service."""
        self.old = self._all_old = True

    def read(self) -> None:
        """Read what is old.

        Raises:
            RunyardError: The service refused, or cannot be reached.
        """
        if self._all_old:
            self._record = self.service.runs.get(self.run_id)
            self._read_below()
        if self.sweep is None:
            self._read_metrics()
            self._read_log()
        if self.record.status in TERMINAL:
            self.files = list(self.service.files.list(self.run_id, limit=_FILES))
        self.old = self._all_old = False

    def charts(self) -> List[MetricSeries]:
        """The curves that are shown, the one that was logged last first."""
        curves = [
            one for one in self.metrics.values() if one.kind == SCALAR and len(one.values) > 1
        ]
        curves.sort(key=lambda one: one.times[-1] if one.times else 0, reverse=True)
        return curves[:CHARTS]

    def _may_have_children(self) -> bool:
        return self.record.run_type != SCRIPT_RUN

    def _is_child(self, subject: str) -> bool:
        if self.sweep is not None:
            return subject.startswith(f"{self.run_id}_")
        if self.pipeline is not None:
            return self.pipeline.has(subject)
        # One that is not known may be a new child; runs of others are seldom told beside ours.
        return self._may_have_children() or any(one.id == subject for one in self.children)

    def _read_below(self) -> None:
        if self.record.run_type in RUN_TYPES:
            self.sweep = SweepCard(self.service, self.run_id)
        elif self.record.run_type == PIPELINE_RUN:
            self.pipeline = PipelineCard(self.service, self.run_id)
        else:
            query = RunQuery(parent=self.run_id)
            self.children = list(self.service.runs.list(query, limit=_CHILDREN))[::-1]

    def _read_metrics(self) -> None:
        ended = self.record.status in TERMINAL
        if self._all_old and (ended or not self.metrics):
            found: Sequence[MetricSeries] = self.service.metrics.list(self.run_id, points=POINTS)
            self.metrics = {one.name: one for one in found}
        elif self._grown:
            names = list(self._grown)[:_MOST_GROWN]
            read = self.service.metrics.read_many([self.run_id], names, POINTS)
            self.metrics.update((one.name, one) for one in read[self.run_id])
        self._grown = {}

    def _read_log(self) -> None:
        if not self._logs or self._all_old:
            rows = self.service.files.list(self.run_id, waiting.LOG_FOLDER)
            self._logs.update({row.path: row.size for row in rows})
        name = waiting.choose([path for path, size in self._logs.items() if size])
        if not name:
            return
        self.log_name = name
        try:
            with self.service.files.open(
                self.run_id, name, max(0, self._logs[name] - _TAIL_BYTES)
            ) as source:
                data = source.read(_TAIL_BYTES * 2)
        except NotFound:
            return
        self.log_lines = last_lines(data.decode("utf-8", "replace"), LOG_LINES)


def last_lines(text: str, count: int) -> List[str]:
    """The last lines of a log as a terminal would show them: without codes, bars at their end.

    Args:
        text: The log, or its end.
        count: At most so many.
    """
    lines = [
        line.rstrip("\r").rpartition("\r")[2]
        for line in _CODES.sub("", text).split("\n")[-count * 3 :]
    ]
    kept = [line for line in lines if line.strip()][-count:]
    return [line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "…" for line in kept]
