"""A card by anywidget: the charts of the studio's pages, and a log with a search.

An addition for who asks for it. The script comes from the service, made of the same sources as its
pages. A saved widget opens as "Loading widget…" for ever, and one whose version the front end lacks
shows nothing: so plain HTML takes its place when the run has ended, and when nobody says within
five seconds that a state was seen.
"""

from __future__ import annotations

import array
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Dict, List

from runyard.client.studio import Studio
from runyard.protocol.errors import RunyardError
from runyard.sdk.notebook import page
from runyard.sdk.notebook.live import LiveCard

if TYPE_CHECKING:
    from runyard.sdk.notebook.facts import Facts

SEEN_SECONDS = 5.0
_HTML, _TRIED, _SHOWN = "html", "tried", "shown"
_VIEW = "application/vnd.jupyter.widget-view+json"


class WidgetCard(LiveCard):
    """A card that becomes a widget once anywidget is loaded; see LiveCard for the arguments."""

    _widget: Any = None
    _since = 0.0
    _number = 0
    _is = ""

    def _put(self) -> None:
        if self._is == "":
            # In the thread, for the first import of anywidget takes most of a second.
            self._is = self._begin()
        elif self._is == _TRIED:
            self._is = self._look()
        if self._is == _HTML or self.over:
            self._end()
            super()._put()
        else:
            self._send()

    def due(self, now: float) -> float:
        """See LiveCard; whether the widget is seen is looked for more often."""
        wait = super().due(now)
        return min(wait, max(0.0, self._last + 0.5 - now)) if self._is in ("", _TRIED) else wait

    def _begin(self) -> str:
        try:
            self._widget = _made(Studio(self.facts.service.connection))
            self._send()
            bundle = self._widget._repr_mimebundle_()
            data = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        except Exception as error:  # noqa: BLE001 - without it, or with another: plain HTML is there
            self.remark = f"anywidget cannot be used here ({error}): this is the plain card."
            return _HTML
        if _VIEW not in data:
            return _HTML
        self._since = time.monotonic()
        return _TRIED if self.screen.put(data, update=True) else _HTML

    def _look(self) -> str:
        if self._widget.seen > 0:
            return _SHOWN
        return _HTML if time.monotonic() - self._since > SEEN_SECONDS else _TRIED

    def _send(self) -> None:
        self._number += 1
        state, data = packed(self.facts, self.notice or self.remark, self._number)
        # Together: the numbers of one state never meet the names of another.
        with self._widget.hold_sync():
            self._widget.data = data
            self._widget.state = state

    def _end(self) -> None:
        """Let the widget go; what was last shown is no longer the page."""
        if self._widget is not None:
            self._widget.close()
            self._widget, self._is, self._shown = None, _HTML, ""


def packed(facts: Facts, notice: str, number: int) -> Any:
    """What a widget shows: its state as JSON, and the numbers of its curves as float32.

    Args:
        facts: What is known of the run.
        notice: What else is to be said.
        number: Of the state, from 1.
    """
    record, now = facts.record, time.time()
    numbers = array.array("f")
    series: List[Dict[str, Any]] = []
    for one in facts.charts():
        values = [float("nan") if y is None else _single(y) for y in page.numbers(one)]
        numbers.extend(_single(x) for x in page.steps(one))
        numbers.extend(values)
        series.append({"name": one.name, "count": len(values)})
    if sys.byteorder == "big":
        numbers.byteswap()
    waits = record.reason if record.ended_at is None else None
    error = record.error
    state = {
        "number": number,
        "status": record.status,
        "title": record.name or record.id,
        "quiet": [
            f"{record.experiment} #{record.number}",
            record.target,
            page.elapsed(record, now),
        ],
        "notes": [note for note in (waits, notice) if note],
        "error": [] if error is None else error.message.splitlines()[:6],
        "series": series,
        "log": facts.log_lines,
        "links": page.links(facts),
    }
    return json.dumps(state), numbers.tobytes()


def _single(value: float) -> float:
    """A number that float32 has a place for."""
    return value if abs(value) < 3.4e38 else float("nan")  # noqa: PLR2004 - the largest of them


def _made(studio: Studio) -> Any:
    """Make the widget.

    Raises:
        ImportError: There is no anywidget.
        RunyardError: The service has no script for it.
    """
    import anywidget  # type: ignore[import-not-found]  # only where it is asked for
    import traitlets  # type: ignore[import-not-found]  # comes with it

    try:
        script, style = studio.asset("widget.js"), studio.asset("widget.css")
    except RunyardError as error:
        raise ImportError(f"the service has no script for it: {error}") from error
    members: Dict[str, Any] = {
        "_esm": script,
        "_css": style,
        "state": traitlets.Unicode("{}").tag(sync=True),
        "data": traitlets.Bytes(b"").tag(sync=True),
        "seen": traitlets.Int(0).tag(sync=True),
    }
    return type("RunCard", (anywidget.AnyWidget,), members)()
