"""`runyard runs usage`: what a run used, in text."""

import json
import time

from runyard.protocol import routes
from runyard.protocol.runs import StartRun
from runyard.protocol.usage import UsageSeries
from runyard_server.cli.usage_views import drawn


def test_the_command_shows_each_measure(cli, place) -> None:
    """With its last value, the greatest, and what there is; or it says why there is nothing."""
    run = place.client.call(routes.RUNS_START, body=StartRun(experiment="used")).id
    assert "system_metrics" in cli("runs", "usage", run).out
    now = int(time.time() * 1e6)
    told = [("job/cpu", 1.5), ("job/cpu", 0.5), ("node/cpu_capacity", 2), ("gpu/0/power", 310)]
    lines = [
        json.dumps({"n": f"system/0/{name}", "k": "usage", "v": value, "s": None, "t": now + at})
        for at, (name, value) in enumerate(told)
    ]
    data = "".join(line + "\n" for line in lines).encode()
    place.client.metrics.append(run, "1-a", data, 0)
    said = cli("runs", "usage", run, PYTHONIOENCODING="utf-8").out.splitlines()
    assert said[0] == "this run"
    assert said[1].endswith("0.5 cores last, 1.5 cores at most of 2 cores")
    assert "310 W last" in said[-1]
    assert "at most 1.5 cores" in cli("runs", "show", run).out
    items = json.loads(cli("runs", "usage", run, "--json").out)["items"]
    assert [one["name"] for one in items] == ["system/0/job/cpu", "system/0/gpu/0/power"]


def test_a_line_is_drawn_up_to_what_there_is() -> None:
    """A run that uses half of a node looks like that, and a long one fits the line."""
    half = UsageSeries("", 0, "job", "cpu", "cores", capacity=2, maximum=1, y=[0.0, 0.5, 1.0])
    assert drawn(half, plain=False, width=8) == "▁▂▄"
    assert drawn(half, plain=True, width=8) == "###"
    long = UsageSeries("", 0, "job", "cpu", "cores", maximum=1, y=[1.0] * 99)
    assert drawn(long, plain=False, width=8) == "█" * 8
