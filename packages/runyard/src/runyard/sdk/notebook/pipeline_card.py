"""What a card shows of a pipeline: its steps as a graph, a line for each, and when each ran.

One answer of the service has all of it, with the place of each step in the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from runyard.protocol.pipelines import DATA
from runyard.sdk.notebook import html, pictures
from runyard.sdk.notebook.looks import look, took
from runyard.sdk.times import moment

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.pipelines import StepRecord

# Of more steps a picture in a card's width cannot be read; and a card has 60 KB for everything.
MOST_BOXES, _LARGEST_IMAGE, _ROWS = 60, 28_000, 30
_WIDTH, _HEIGHT, _ACROSS, _DOWN = 156, 38, 170, 66
_LETTERS, _WIDEST = 20, 720
# Beside each other; with more of a layer it has several rows.
_BESIDE = 5


class PipelineCard:
    """The steps of a pipeline as they are now.

    Args:
        service: The workspace.
        run_id: The pipeline's run.

    Raises:
        RunyardError: The service refused, or cannot be reached.
    """

    def __init__(self, service: WorkspaceClient, run_id: str) -> None:
        self._pipeline = service.pipelines.get(run_id)
        self._steps = sorted(self._pipeline.nodes, key=lambda each: (each.layer, each.place))
        self._runs = {each.run for each in self._steps}

    def has(self, run: str) -> bool:
        """Whether a run is one of its steps."""
        return run in self._runs

    def parts(self, now: float) -> List[str]:
        """Graph, table and times as HTML, what matters most first.

        Args:
            now: Seconds since 1970.
        """
        return [self._graph(), self._table(now), self._times(now)]

    def _graph(self) -> str:
        if not 0 < len(self._steps) <= MOST_BOXES:
            return ""
        places, most = self._places()
        shapes = list(dict.fromkeys(self._lines(places)))
        shapes += [_box(each, *places[each.id]) for each in self._steps]
        height = max(y for _, y in places.values()) + _HEIGHT + 2
        title = f"graph of {len(self._steps)} steps"
        drawn = pictures.image("".join(shapes), most * _ACROSS, height, title, _WIDEST)
        return f"<div>{drawn}</div>" if len(drawn) <= _LARGEST_IMAGE else ""

    def _places(self) -> Tuple[Dict[str, Tuple[int, int]], int]:
        """Where each box is, by its step, and how many stand beside each other at most."""
        layers: Dict[int, List[str]] = {}
        for each in self._steps:
            layers.setdefault(each.layer, []).append(each.id)
        # Not by the numbers of layers: of a step that was deleted there is none any more.
        rows = [
            members[at : at + _BESIDE]
            for members in layers.values()
            for at in range(0, len(members), _BESIDE)
        ]
        most = max(map(len, rows))
        places: Dict[str, Tuple[int, int]] = {}
        for row, members in enumerate(rows):
            left = (most - len(members)) * _ACROSS // 2 + (_ACROSS - _WIDTH) // 2
            places.update((key, (left + i * _ACROSS, row * _DOWN)) for i, key in enumerate(members))
        return places, most

    def _lines(self, places: Dict[str, Tuple[int, int]]) -> List[str]:
        lines = []
        for edge in self._pipeline.edges:
            if edge.source in places and edge.target in places:
                (x, top), (end, low) = places[edge.source], places[edge.target]
                x, y, end = x + _WIDTH // 2, top + _HEIGHT, end + _WIDTH // 2
                dashes = "" if edge.kind == DATA else " stroke-dasharray='4 3'"
                lines.append(
                    f"<path d='M{x} {y}C{x} {y + 18} {end} {low - 18} {end} {low}' fill='none' "
                    f"stroke='{pictures.INK}'{dashes}/>"
                )
        return lines

    def _table(self, now: float) -> str:
        rows = [
            [each.name, f"{look(each.status)[1]} {each.status}", _took(each, now), _why(each)]
            for each in self._steps[:_ROWS]
        ]
        more = len(self._steps) - _ROWS
        note = html.note(f"… and {more} more: the graph in the studio has all") if more > 0 else ""
        return html.table(["Step", "Status", "Took", "Reused, waits or why it ran"], rows) + note

    def _times(self, now: float) -> str:
        ran = [(each, _span(each, now)) for each in self._steps]
        spans = [(each, *span) for each, span in ran if span is not None][:_ROWS]
        first = min((begin for _, begin, _ in spans), default=0.0)
        drawn = pictures.gantt(
            [
                pictures.Span(each.name, begin - first, end - first, look(each.status)[0])
                for each, begin, end in spans
            ]
        )
        return f"<div>{drawn}</div>" if drawn else ""


def _box(step: StepRecord, x: int, y: int) -> str:
    colour, shape = look(step.status)
    reused = " ↺ reused" if step.reused_run else ""
    name = step.name if len(step.name) <= _LETTERS else step.name[: _LETTERS - 1] + "…"
    frame = (
        f"<rect x='{x}' y='{y + 1}' width='{_WIDTH}' height='{_HEIGHT}' rx='6' "
        f"fill='{colour}22' stroke='{colour}'/>"
    )
    state = pictures.text(x + 10, y + 15, f"{shape} {step.status}{reused}", "start")
    return frame + state + pictures.text(x + 10, y + 31, name, "start", bold=True)


def _span(step: StepRecord, now: float) -> Optional[Tuple[float, float]]:
    """When a step ran, in seconds since 1970; None of one that has not, or was reused."""
    if not step.started_at or step.reused_run:
        return None
    begin = moment(step.started_at).timestamp()
    return begin, max(begin, moment(step.ended_at).timestamp() if step.ended_at else now)


def _took(step: StepRecord, now: float) -> str:
    span = _span(step, now)
    return "" if span is None else took(span[1] - span[0])


def _why(step: StepRecord) -> str:
    return step.reason or step.reuse
