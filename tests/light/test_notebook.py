"""Cards are made on every Python that scripts are run on."""

import base64
import re
import xml.dom.minidom

from runyard.protocol.metrics import SCALAR, MetricSeries
from runyard.protocol.runs import RunRecord
from runyard.sdk.notebook import page, screen
from runyard.sdk.notebook.facts import Facts, last_lines


def test_a_card_is_made():
    """Status, times, a chart as an image, the end of the log; outside of notebooks no shell."""
    facts = Facts(None, "r", "http://x/runs/w/r")
    facts._record = RunRecord(
        "r",
        "w",
        "e",
        1,
        "Completed",
        "local",
        "2026-01-01T00:00:00.000000Z",
        started_at="2026-01-01T00:00:01.500000Z",
        ended_at="2026-01-01T00:01:03.500000Z",
        stage_seconds={"Running": 62.0},
    )
    facts.metrics["<a>"] = MetricSeries("<a>", SCALAR, 2, [1.0, 2.0], [None, None], [1, 2])
    facts.log_lines = last_lines("first\ntwo\n", 1)
    html = page.card(facts)
    for text in ("✓ Completed", "1 min 2 s", "two</pre>", "&lt;a&gt;"):
        assert text in html
    assert "first" not in html
    (data,) = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)
    drawn = xml.dom.minidom.parseString(base64.b64decode(data))
    assert len(drawn.getElementsByTagName("polyline")) == 1
    assert screen.here() is None
