"""Runs that are searched for: filters, orders, pages, views."""

import time

from mlflow.entities import ViewType


def _some(world):
    """An experiment with four runs of different values; its id."""
    experiment = world.experiment()
    rows = [
        ("one", 0.5, "adam", {"kind": "a", "weight": "10"}),
        ("two", 1.5, "sgd", {"kind": "b", "weight": "9"}),
        ("three", 2.5, "Adam", {"kind": "a"}),
        ("four", None, None, {}),
    ]
    for number, (name, loss, optimizer, tags) in enumerate(rows):
        start = 1_600_000_000_000 + number * 1000
        run = world.run(experiment, run_name=name, start_time=start, tags=tags)
        if loss is not None:
            world.client.log_metric(run, "loss", loss)
            world.client.log_param(run, "optimizer", optimizer)
        if name == "two":
            world.client.set_terminated(run, "FAILED", start + 500)
        elif name == "three":
            world.client.set_terminated(run, "FINISHED", start + 700)
    return experiment


def filters(world):
    """Runs are found by metrics, parameters, tags and attributes, all conditions together."""
    experiment = _some(world)

    def found(text):
        return sorted(one.info.run_name for one in world.client.search_runs([experiment], text))

    asked = [
        "metrics.loss > 1",
        "metrics.loss <= 1.5 and params.optimizer != 'adam'",
        "params.optimizer = 'adam'",
        "params.optimizer LIKE '%dam'",
        "params.optimizer ILIKE 'ADAM'",
        "params.optimizer IS NULL",
        "tags.kind = 'a'",
        "tags.kind != 'a'",
        'tag.`kind` = "b"',
        "tags.kind IS NOT NULL",
        "attributes.status = 'RUNNING'",
        "status != 'RUNNING'",
        "attributes.run_name = 'one'",
        "run_name LIKE 't%'",
        "tags.mlflow.runName = 'two'",
        "attributes.start_time > 1600000001000",
        "attributes.end_time < 1600000002000",
        "metrics.loss != 0.5",
        "metrics.nothing > 0",
        "",
    ]
    return {text: found(text) for text in asked}


def by_id(world):
    """Runs are found by their ids."""
    experiment = world.experiment()
    first, second = world.run(experiment), world.run(experiment)

    def found(text):
        several = world.client.search_runs([experiment], text)
        return sorted("first" if one.info.run_id == first else "second" for one in several)

    return [
        found(f"attributes.run_id = '{first}'"),
        found(f"run_id IN ('{first}', '{second}')"),
        found(f"attributes.run_id NOT IN ('{first}')"),
        found(f"attributes.run_id != '{first}'"),
    ]


def orders(world):
    """Runs come in the order that is asked for, those that lack it last, the newest first else."""
    experiment = _some(world)

    def found(*order: str):
        several = world.client.search_runs([experiment], order_by=list(order))
        return [one.info.run_name for one in several]

    return {
        "none": found(),
        "loss": found("metrics.loss ASC"),
        "loss, down": found("metrics.loss DESC"),
        "parameter": found("params.optimizer DESC"),
        "tag": found("tags.kind", "attributes.start_time ASC"),
        "start": found("attributes.start_time ASC"),
        "name": found("attribute.run_name"),
        "status": found("status", "start_time DESC"),
        "end": found("end_time DESC"),
    }


def pages(world):
    """Pages of runs follow one another without a gap."""
    experiment = world.experiment()
    for number in range(7):
        world.run(experiment, run_name=str(number), start_time=1000 + number)
    found, token, sizes = [], None, []
    while True:
        page = world.client.search_runs(
            [experiment], max_results=3, page_token=token, order_by=["attributes.start_time ASC"]
        )
        found += [one.info.run_name for one in page]
        sizes.append(len(page))
        token = page.token
        if not token:
            return {"found": found, "sizes": sizes}


def views(world):
    """Deleted runs are found where they are asked for alone."""
    experiment = world.experiment()
    kept, gone = world.run(experiment, run_name="kept"), world.run(experiment, run_name="gone")
    world.client.delete_run(gone)

    def found(view):
        several = world.client.search_runs([experiment], run_view_type=view)
        return sorted(one.info.run_name for one in several)

    return [found(view) for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL)] + [
        world.client.get_run(kept).info.lifecycle_stage
    ]


def several_experiments(world):
    """Runs of several experiments come together; one that is nowhere has none."""
    first, second = world.experiment("first"), world.experiment("second")
    world.run(first, run_name="a", start_time=1)
    world.run(second, run_name="b", start_time=2)
    both = world.client.search_runs([first, second])
    return [[one.info.run_name for one in both], len(world.client.search_runs(["987654321"]))]


def refused(world):
    """A filter or an order that makes no sense is refused, and so is a page that is none."""
    experiment = world.experiment()
    world.run(experiment)
    bad = [
        "colour = 'x'",
        "metrics.loss > 'x'",
        "status = ",
        "or",
        "metrics.a = 1 OR metrics.b = 1",
    ]
    search = world.client.search_runs
    return [
        *[world.refused(search, [experiment], text) for text in bad],
        world.refused(search, [experiment], order_by=["metrics.a UP"]),
        world.refused(search, [experiment], page_token="nonsense"),
        world.refused(search, [experiment], max_results=60_000),
    ]


def frame(world):
    """A table of runs has a column for each metric, parameter and tag."""
    experiment = _some(world)
    with world.fluent("elsewhere") as mlflow:
        runs = mlflow.search_runs([experiment], output_format="list")
    time.sleep(0)
    return [[run.info.run_name, run.data.metrics, run.data.params] for run in runs]


def equal_times(world):
    """Runs that began in one millisecond come by their ids, through all pages."""
    experiment = world.experiment()
    runs = sorted(world.run(experiment, start_time=1) for _ in range(5))
    found, token = [], None
    while True:
        page = world.client.search_runs([experiment], max_results=2, page_token=token)
        found += [one.info.run_id for one in page]
        token = page.token
        if not token:
            return found == runs


def traces(world):
    """Where nothing was traced, a search finds no traces."""
    return len(world.client.search_traces([world.experiment()]))
