"""A run's facts as the HTML of its card, at most 60 KB of it.

Head, stages, why it waits or failed, charts, last values, the end of the log, files, links.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

from runyard.protocol.metrics import SCALAR
from runyard.protocol.runs import FAILED, QUEUED, RUNNING, TERMINAL
from runyard.sdk.notebook import html, pictures
from runyard.sdk.notebook.looks import look, took

if TYPE_CHECKING:
    from runyard.protocol.metrics import MetricSeries
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.notebook.facts import Facts

LARGEST = 60_000
_FRAME = (
    "max-width:760px;padding:10px 14px;border:1px solid #9aa3ad66;border-radius:8px;"
    "font-size:13px;line-height:1.45"
)
_STAGES = {"Preparing": "#8e7cc3", QUEUED: "#c7a24a", RUNNING: "#3b7dd8", "Finalizing": "#2e9e5b"}
_VALUES, _SHOWN_FILES, _ROWS = 12, 20, 30
_SHOWN_OF_LIST = 3


def card(facts: Facts, notice: str = "", now: Optional[float] = None) -> str:
    """The card.

    Args:
        facts: What is known of the run.
        notice: What else is to be said, such as that the service is gone.
        now: Seconds since 1970; None: the time it is.
    """
    record = facts.record
    parts = [
        _head(record, time.time() if now is None else now),
        html.note(record.reason or "") if record.status not in TERMINAL else "",
        _stages(record),
        html.note(notice),
        _error(record),
        _links(facts),
    ]
    if facts.sweep is not None:
        parts += facts.sweep.parts()
    if facts.pipeline is not None:
        parts += facts.pipeline.parts(now or time.time())
    parts += [
        _charts(facts.charts()),
        html.pairs(_last_values(facts)),
        _log(facts),
        _children(facts.children, now or time.time()),
        _files(facts),
    ]
    return framed(parts)


def framed(parts: Sequence[str]) -> str:
    """The parts in the card's frame; of too much what comes last is left away."""
    left, kept = LARGEST - 1000, []
    for part in parts:
        size = len(part.encode("utf-8"))
        if size <= left:
            kept.append(part)
            left -= size
    return f'<div style="{_FRAME}">{"".join(kept)}</div>'


def head(status: str, title: str, quiet: Sequence[str]) -> str:
    """A card's first line.

    Args:
        status: The state of what it is about, "" of what has none.
        title: What it is about.
        quiet: What stands behind it.
    """
    colour, shape = look(status)
    state = f'<b style="color:{colour}">{shape} {html.said(status)}</b>&ensp;' if status else ""
    rest = " · ".join(html.said(one) for one in quiet if one)
    return (
        f'<div>{state}<b>{html.said(title)}</b>&ensp;<span style="{html.QUIET}">{rest}</span></div>'
    )


def elapsed(record: RunRecord, now: float) -> str:
    """How long a run has gone on, "" before it began."""
    begin = _seconds(record.started_at or record.created_at)
    end = _seconds(record.ended_at) if record.ended_at else now
    return "" if begin is None or end is None else took(max(0.0, end - begin))


def brief(series: MetricSeries) -> str:
    """A metric's last values in a few words."""
    if series.kind != SCALAR:
        return f"{series.kind}, {series.count} logged" if series.count > 1 else series.kind
    shown = [_value(value) for value in series.values[-_SHOWN_OF_LIST:]]
    if series.count <= 1:
        return "".join(shown)
    more = f" ({series.count} values)" if series.count > _SHOWN_OF_LIST else ""
    return ("… " if more else "") + ", ".join(shown) + more


def _head(record: RunRecord, now: float) -> str:
    quiet = [
        f"{record.experiment} #{record.number}",
        record.id if record.name else "",
        record.target,
        f"{record.node_count} nodes" if record.node_count > 1 else "",
        elapsed(record, now),
    ]
    return head(record.status, record.name or record.id, quiet)


def _stages(record: RunRecord) -> str:
    """A bar of the stages that are over, as wide as they were long."""
    stages = [(name, seconds) for name, seconds in record.stage_seconds.items() if seconds > 0]
    total = sum(seconds for _, seconds in stages)
    if not total:
        return ""
    bars, words = [], []
    for name, seconds in stages:
        colour = _STAGES.get(name, "#9aa3ad")
        share = max(1, round(100 * seconds / total))
        bars.append(
            f'<td style="width:{share}%;height:6px;padding:0;border:none;background:{colour}"></td>'
        )
        words.append(f'<span style="color:{colour}">■</span> {html.said(name)} {took(seconds)}')
    return (
        '<table style="width:100%;border-collapse:collapse;border:none;margin:8px 0 2px 0"><tr>'
        f'{"".join(bars)}</tr></table><div style="{html.QUIET}">{"&ensp;".join(words)}</div>'
    )


def _error(record: RunRecord) -> str:
    if record.error is None:
        return html.note("; ".join(record.warnings[:3]))
    lines = record.error.message.splitlines()[:6]
    tail = record.error.log_tail.splitlines()[-10:]
    return html.block([*lines, *(["", *tail] if tail else [])], look(FAILED)[0])


def links(facts: Facts) -> List[Tuple[str, str]]:
    """Where more is to be seen: words and addresses."""
    studio, _, place = facts.address.rpartition("/runs/")
    workspace, _, run = place.partition("/")
    # The link starts the board when it is opened: a card that is looked at starts none.
    board = ("TensorBoard", f"{studio}/boards/{workspace}?runs={run}")
    one = facts.sweep is None
    return [
        ("Open in the studio", facts.address),
        *([("Graph", f"{studio}/pipelines/{place}")] if facts.pipeline is not None else []),
        *([("Metrics", f"{facts.address}/metrics")] if one else []),
        ("Log", f"{facts.address}/logs"),
        *([board] if one else []),
    ]


def _links(facts: Facts) -> str:
    found = [html.link(address, words) for words, address in links(facts)]
    return f'<div style="margin:6px 0">{"&ensp;".join(found)}</div>'


def _charts(series: Sequence[MetricSeries]) -> str:
    images = [pictures.lines(one.name, [(steps(one), numbers(one))]) for one in series]
    return f'<div style="margin:6px 0">{" ".join(one for one in images if one)}</div>'


def steps(series: MetricSeries) -> List[float]:
    """The x of a metric's values."""
    if all(step is not None for step in series.steps) and series.steps:
        return [float(step or 0) for step in series.steps]
    # Thinned evenly: the places between the first and the last are near enough for a card.
    every = (series.count - 1) / max(1, len(series.values) - 1)
    return [index * every for index in range(len(series.values))]


def numbers(series: MetricSeries) -> List[Optional[float]]:
    """A metric's values; None where one is no finite number."""
    odd = set(series.nonfinite)
    return [
        float(v) if isinstance(v, (int, float)) and index not in odd else None
        for index, v in enumerate(series.values)
    ]


def _last_values(facts: Facts) -> List[Tuple[str, str]]:
    found = [(name, brief(one)) for name, one in facts.metrics.items()]
    more = len(found) - _VALUES
    return found[:_VALUES] + ([("…", f"{more} more metrics")] if more > 0 else [])


def _value(value: Any) -> str:
    if isinstance(value, float):
        return pictures.figure(value)
    return str(value)


def _log(facts: Facts) -> str:
    if not facts.log_lines:
        return ""
    return html.note(facts.log_name) + html.block(facts.log_lines, "#9aa3ad")


def _children(children: Sequence[RunRecord], now: float) -> str:
    if not children:
        return ""
    shown = children[:_ROWS]
    rows = [
        [one.name or one.id, one.status, one.target, elapsed(one, now), _why(one)] for one in shown
    ]
    begins = [_seconds(one.started_at or one.created_at) or now for one in shown]
    first = min(begins)
    spans = [
        pictures.Span(
            one.name or one.id,
            begin - first,
            max(begin, (_seconds(one.ended_at) or now)) - first,
            look(one.status)[0],
        )
        for one, begin in zip(shown, begins)
    ]
    more = html.note(f"… and {len(children) - _ROWS} more") if len(children) > _ROWS else ""
    heads = ["Step", "Status", "Target", "Took", "Reason"]
    return html.table(heads, rows) + more + f"<div>{pictures.gantt(spans)}</div>"


def _why(record: RunRecord) -> str:
    if record.error is not None:
        return record.error.message.partition("\n")[0]
    return record.reason or ""


def _files(facts: Facts) -> str:
    files = [one for one in facts.files if not one.path.startswith("azureml-logs/")]
    if not files:
        return ""
    rows = [[one.path, _size(one.size)] for one in files[:_SHOWN_FILES]]
    more = html.note("… and more") if len(files) > _SHOWN_FILES else ""
    return f"<details><summary>Files</summary>{html.table(['Path', 'Size'], rows)}{more}</details>"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - as disks are sold
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def _seconds(time_text: Optional[str]) -> Optional[float]:
    """Seconds since 1970 of a time of the protocol; Python 3.7 reads no `Z`."""
    if not time_text:
        return None
    try:
        moment = datetime.fromisoformat(time_text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
