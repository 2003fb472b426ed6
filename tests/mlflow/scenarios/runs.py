"""Runs: begun, named, ended, taken up again, deleted, nested."""

from mlflow.entities import Param

from scenarios.world import latest, tags


def begin(world):
    """A run begins as running, with what it was given."""
    experiment = world.experiment()
    made = world.client.create_run(
        experiment, start_time=1_600_000_000_123, run_name="first", tags={"a": "1", "b c": "ö"}
    )
    found = world.client.get_run(made.info.run_id)
    return {
        "name": [made.info.run_name, found.info.run_name, found.data.tags["mlflow.runName"]],
        "status": found.info.status,
        "start": found.info.start_time,
        "end": found.info.end_time,
        "stage": found.info.lifecycle_stage,
        "experiment": found.info.experiment_id == experiment,
        "id": len(found.info.run_id),
        "tags": tags(found),
        "empty": [found.data.metrics, found.data.params],
        "place": found.info.artifact_uri.replace(experiment, "<experiment>").replace(
            found.info.run_id, "<run>"
        ),
    }


def name_itself(world):
    """A run without a name gets one, and one that is named by a tag has that."""
    tagged = world.client.create_run(world.experiment(), tags={"mlflow.runName": "by tag"})
    unnamed = world.client.get_run(world.run(world.experiment("other")))
    return {
        "tagged": tagged.info.run_name,
        "unnamed": bool(unnamed.info.run_name),
        "both": world.refused(
            world.client.create_run,
            world.experiment("third"),
            run_name="one",
            tags={"mlflow.runName": "another"},
        ),
    }


def end(world):
    """A run ends in the state that is said, at the time that is said."""
    ended = []
    for status, at in (("FINISHED", 1_700_000_000_001), ("FAILED", None), ("KILLED", None)):
        run = world.run(world.experiment(status))
        world.client.set_terminated(run, status, at)
        info = world.client.get_run(run).info
        ended.append([info.status, info.end_time if at else info.end_time >= info.start_time])
    return ended


def go_on(world):
    """A run that has ended may go on, and end otherwise."""
    run = world.run()
    seen = []
    for status in ("FINISHED", "RUNNING", "FAILED", "FINISHED", "KILLED", "RUNNING"):
        world.client.update_run(run, status=status)
        seen.append(world.client.get_run(run).info.status)
    return seen


def rename(world):
    """A run is renamed by its name or by its tag, and both tell the new one."""
    run = world.run(run_name="old")
    world.client.update_run(run, name="new")
    by_name = world.client.get_run(run)
    world.client.set_tag(run, "mlflow.runName", "newest")
    return [
        by_name.info.run_name,
        by_name.data.tags["mlflow.runName"],
        world.client.get_run(run).data.tags["mlflow.runName"],
    ]


def delete_and_restore(world):
    """A deleted run is there and takes nothing more until it is restored."""
    run = world.run()
    world.client.log_param(run, "p", "1")
    world.client.delete_run(run)
    deleted = world.client.get_run(run)
    refused = [
        world.refused(world.client.log_metric, run, "m", 1.0),
        world.refused(world.client.log_param, run, "q", "1"),
        world.refused(world.client.set_tag, run, "t", "1"),
        world.refused(world.client.set_terminated, run),
    ]
    world.client.restore_run(run)
    world.client.log_metric(run, "m", 1.0)
    found = world.client.get_run(run)
    return {
        "deleted": [deleted.info.lifecycle_stage, deleted.data.params],
        "refused": refused,
        "restored": [found.info.lifecycle_stage, found.data.metrics],
    }


def nobody(world):
    """What is asked of a run that does not exist is told apart from a fault."""
    run = "f" * 32
    client = world.client
    return [
        world.refused(client.get_run, run),
        world.refused(client.log_metric, run, "m", 1.0),
        world.refused(client.log_batch, run, params=[Param("p", "1")]),
        world.refused(client.set_terminated, run),
        world.refused(client.delete_run, run),
        world.refused(client.get_metric_history, run, "m"),
        world.refused(client.create_run, "987654321"),
    ]


def nest(world):
    """Runs are nested by a tag, and found below their parent, also one that is nowhere."""
    experiment = world.experiment()
    parent = world.run(experiment, run_name="parent")
    child = world.run(experiment, run_name="child", tags={"mlflow.parentRunId": parent})
    orphan = world.run(experiment, tags={"mlflow.parentRunId": "no such run"})
    below = world.client.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent}'")
    # A parent's end says nothing of what is below it.
    world.client.set_terminated(child, "FAILED")
    world.client.set_terminated(parent)
    return {
        "below": [one.info.run_name for one in below],
        "parent": world.client.get_parent_run(child).info.run_name,
        "orphan": world.client.get_run(orphan).data.tags["mlflow.parentRunId"],
        "states": [world.client.get_run(one).info.status for one in (parent, child)],
    }


def by_hand(world):
    """The module's functions begin, nest, resume and end runs, and one that raises has failed."""
    with world.fluent() as mlflow:
        with mlflow.start_run(run_name="outer", description="what for") as outer:
            mlflow.log_metric("m", 1.5, step=3)
            mlflow.log_params({"a": 1, "b": [1, 2]})
            mlflow.set_tags({"t": "x"})
            with mlflow.start_run(nested=True, run_name="inner") as inner:
                mlflow.log_metrics({"m": 2, "n": 3}, step=1)
        try:
            with mlflow.start_run(run_name="failing") as failing:
                _fail()
        except KeyError:
            pass
        with mlflow.start_run(outer.info.run_id) as resumed:
            mlflow.log_metric("m", 2.5, step=4)
            running = world.client.get_run(resumed.info.run_id).info.status
    found = world.client.get_run(outer.info.run_id)
    return {
        "states": [
            running,
            found.info.status,
            world.client.get_run(failing.info.run_id).info.status,
        ],
        "metrics": latest(found),
        "params": found.data.params,
        "tags": tags(found, "mlflow.runName", "mlflow.note.content"),
        "inner": world.client.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"]
        == outer.info.run_id,
    }


def _fail():
    raise KeyError("wanted")
