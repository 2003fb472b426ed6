"""What is logged of runs: metrics with their histories, parameters, tags, batches."""

import math

from mlflow.entities import Metric, Param, RunTag

from scenarios.world import latest, tags


def metrics(world):
    """A metric's history has each value with its time and step, and a run shows the latest."""
    run = world.run()
    for step, value in enumerate([0.5, -1e-300, 3, 1e300]):
        world.client.log_metric(run, "loss", value, timestamp=1000 + step, step=step * 10)
    history = world.client.get_metric_history(run, "loss")
    return {
        "history": [[one.value, one.timestamp, one.step] for one in history],
        "latest": latest(world.client.get_run(run)),
        "none": len(world.client.get_metric_history(run, "nothing")),
    }


def latest_by_step(world):
    """The latest value is that of the highest step, whenever it was logged; then of the time."""
    run = world.run()
    for step, time, value in ((5, 10, 1.0), (3, 20, 2.0), (-4, 30, 3.0)):
        world.client.log_metric(run, "a", value, timestamp=time, step=step)
    for time, value in ((7, 1.0), (9, 2.0), (8, 3.0)):
        world.client.log_metric(run, "b", value, timestamp=time)
    world.client.log_batch(
        run, [Metric("c", 1, 1, 9), Metric("c", 2, 2, 11), Metric("c", 3, 3, 10)]
    )
    found = latest(world.client.get_run(run))
    history = world.client.get_metric_history(run, "a")
    return {"latest": found, "history": [[one.value, one.step] for one in history]}


def odd_numbers(world):
    """NaN stays NaN, and infinities are as large as a database can tell."""
    run = world.run()
    for number, value in enumerate((math.nan, math.inf, -math.inf)):
        world.client.log_metric(run, f"m{number}", value)
        world.client.log_metric(run, "all", value, step=number)
    found = world.client.get_run(run).data.metrics
    return {
        "latest": {name: repr(value) for name, value in found.items()},
        "history": [repr(one.value) for one in world.client.get_metric_history(run, "all")],
    }


def equal_points(world):
    """A point that is logged twice is kept once."""
    run = world.run()
    for _ in range(2):
        world.client.log_metric(run, "m", 1.0, timestamp=5, step=1)
    world.client.log_batch(run, [Metric("m", 2.0, 6, 2)] * 3)
    return [[one.value, one.step] for one in world.client.get_metric_history(run, "m")]


def names(world):
    """Names may have blanks, slashes and other letters, and lead nowhere else."""
    run = world.run()
    good = ["a b", "a/b", "a.b-c_d", "a:b", "größe", "0"]
    for name in good:
        world.client.log_metric(run, name, 1.0)
    bad = ["a$b", "../a", "/a", "a//b", ".", "x" * 251]
    return {
        "kept": sorted(world.client.get_run(run).data.metrics),
        "refused": [world.refused(world.client.log_metric, run, name, 1.0) for name in bad],
    }


def params(world):
    """A parameter is written once; the same value again is no fault."""
    run = world.run()
    world.client.log_param(run, "lr", 0.1)
    world.client.log_param(run, "lr", 0.1)
    world.client.log_param(run, "empty", "")
    world.client.log_param(run, "long", "x" * 5000)
    other = world.refused(world.client.log_param, run, "lr", 0.2)
    found = world.client.get_run(run).data.params
    return {"other": other, "lr": found["lr"], "empty": found["empty"], "long": len(found["long"])}


def too_long(world):
    """Values that are too long are cut, as MLflow's server does."""
    run = world.run()
    world.client.log_param(run, "p", "x" * 7000)
    world.client.set_tag(run, "t", "y" * 9000)
    found = world.client.get_run(run)
    return [len(found.data.params["p"]), len(found.data.tags["t"])]


def set_and_remove_tags(world):
    """Tags are replaced and removed, and one that is not there cannot be removed."""
    run = world.run()
    for name, value in (("a", "1"), ("a", "2"), ("b", ""), ("mlflow.note.content", "# note")):
        world.client.set_tag(run, name, value)
    before = tags(world.client.get_run(run), "mlflow.note.content")
    world.client.delete_tag(run, "a")
    return {
        "before": before,
        "after": tags(world.client.get_run(run)),
        "again": world.refused(world.client.delete_tag, run, "a"),
    }


def batch(world):
    """A batch is logged whole."""
    run = world.run()
    world.client.log_batch(
        run,
        [Metric(f"m{number % 7}", number, number, number) for number in range(800)],
        [Param(f"p{number}", str(number)) for number in range(100)],
        [RunTag(f"t{number}", str(number)) for number in range(100)],
    )
    found = world.client.get_run(run)
    return {
        "metrics": latest(found),
        "history": len(world.client.get_metric_history(run, "m0")),
        "params": len(found.data.params),
        "tags": len(tags(found)),
    }


def batches_refused(world):
    """A batch that cannot be kept whole is not kept at all."""
    run = world.run()
    world.client.log_param(run, "p", "1")
    client = world.client
    several = [Metric("m", number, number, number) for number in range(1001)]
    conflict = world.refused(
        client.log_batch, run, [Metric("never", 1, 1, 1)], [Param("p", "2")], [RunTag("t", "1")]
    )
    found = client.get_run(run)
    return {
        "conflict": conflict,
        "nothing of it": [found.data.metrics, tags(found)],
        "too many params": world.refused(
            client.log_batch, run, params=[Param(f"q{n}", "1") for n in range(101)]
        ),
        "twice": world.refused(client.log_batch, run, params=[Param("r", "1"), Param("r", "2")]),
        "bad name": world.refused(client.log_batch, run, [Metric("a$", 1, 1, 1)]),
        "too many metrics": world.refused(client.log_batch, run, several[:1001]),
    }


def long_history(world):
    """A history of thousands of points comes whole, in order."""
    run = world.run()
    for first in range(0, 3000, 1000):
        points = [Metric("m", n / 2, n, n) for n in range(first, first + 1000)]
        world.client.log_batch(run, points)
    history = world.client.get_metric_history(run, "m")
    return {
        "count": len(history),
        "order": [one.step for one in history] == list(range(3000)),
        "last": history[-1].value,
    }


def in_background(world):
    """What is logged asynchronously is there once it was waited for."""
    run = world.run()
    several = [
        world.client.log_metric(run, "m", step, step=step, synchronous=False) for step in range(20)
    ]
    several.append(world.client.log_param(run, "p", "1", synchronous=False))
    several.append(world.client.set_tag(run, "t", "1", synchronous=False))
    for one in several:
        one.wait()
    found = world.client.get_run(run)
    return [len(world.client.get_metric_history(run, "m")), found.data.params, tags(found)]
