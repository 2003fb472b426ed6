"""What names, tags and datasets may be, and what happens at the ends of lives."""

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, RunTag, ViewType

from scenarios.world import latest


def names_of_runs(world):
    """A run keeps a name whatever is done to it or to the tag that tells it."""
    client = world.client
    run = world.run(run_name="first")

    def shown():
        return client.get_run(run).info.run_name

    steps = [
        lambda: client.update_run(run, name=""),
        lambda: client.delete_tag(run, "mlflow.runName"),
        lambda: client.update_run(run, name="third"),
        lambda: client.log_batch(run, tags=[RunTag("mlflow.runName", "batch")]),
        lambda: client.set_tag(run, "mlflow.runName", ""),
    ]
    return [[world.refused(step), shown()] for step in steps]


def names_and_tags(world):
    """Names of metrics, parameters and tags are taken and refused alike, and texts come back."""
    client, run = world.client, world.run()
    names = [
        "a b",
        "a:b",
        "a/b",
        "a//b",
        "a/",
        "..",
        "ü",
        "a,b",
        "a@b",
        "x" * 250,
        "x" * 251,
        "",
        " ",
    ]
    kept = {}
    for name, value in {"number": 5, "flag": True, "lines": "a\nb\tc", "sign": "😀"}.items():
        client.set_tag(run, name, value)
        kept[name] = client.get_run(run).data.tags[name]
    return {
        "kept": kept,
        **{
            name: [
                world.refused(client.set_tag, run, name, "1"),
                world.refused(client.log_param, run, name, "1"),
                world.refused(client.log_metric, run, name, 1.0),
            ]
            for name in names
        },
    }


def tags_of_experiments(world):
    """Tags of experiments have names and lengths, and none is set of a deleted one."""
    client, experiment = world.client, world.experiment()
    found = {
        "lengths": [
            world.refused(client.set_experiment_tag, experiment, "l", "x" * length)
            for length in (4999, 20_000, 20_001)
        ],
        "lines": world.refused(client.set_experiment_tag, experiment, "multi line", "a\nb"),
        "nobody's": world.refused(client.set_experiment_tag, "123456789", "a", "b"),
    }
    client.delete_experiment(experiment)
    found["deleted"] = world.refused(client.set_experiment_tag, experiment, "a", "b")
    return found


def lives(world):
    """Deleting and restoring may be said twice, and an experiment takes its runs both ways."""
    client, experiment = world.client, world.experiment()
    run, gone = world.run(experiment), world.run(experiment, start_time=1)
    seen = [
        world.refused(act, run)
        for act in (
            client.restore_run,
            client.delete_run,
            client.delete_run,
            client.get_run,
            client.list_artifacts,
            client.restore_run,
            client.restore_run,
        )
    ]
    client.delete_run(gone)
    views = (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL)

    def counted():
        return [len(client.search_runs([experiment], run_view_type=view)) for view in views]

    client.delete_experiment(experiment)
    deleted = counted()
    client.restore_experiment(experiment)
    return [seen, deleted, counted()]


def ends(world):
    """An end may be of any time, and be told after the fact."""
    client = world.client
    run = world.run(start_time=1000)
    found = []
    for status, at in (("FINISHED", 5000), ("KILLED", 6000), ("FAILED", 500)):
        client.set_terminated(run, status, at)
        info = client.get_run(run).info
        found.append([info.status, info.end_time])
    return found


def ties(world):
    """Of points at one step and time the largest is the latest, and equal ones are kept once."""
    client, run = world.client, world.run()
    rows = [(0, 100, 1000), (3, 40, 100), (3, 50, 10), (3, 50, 20), (3, 50, 20), (-3, 900, 900)]
    for step, time, value in reversed(rows):
        client.log_metric(run, "m", value, timestamp=time, step=step)
    client.log_batch(run, [Metric("n", 20, 50, 3), Metric("n", 10, 50, 3), Metric("n", 20, 50, 3)])
    return {
        "latest": latest(client.get_run(run)),
        "history": [
            [one.value, one.timestamp, one.step]
            for name in ("m", "n")
            for one in client.get_metric_history(run, name)
        ],
    }


def datasets(world):
    """Datasets and their tags have lengths, and what was told of one first stays."""
    client, experiment = world.client, world.experiment()

    def put(tag=("k", "v"), **more: str):
        fields = {"name": "n", "digest": "d", "source_type": "t", "source": "s", **more}
        given = DatasetInput(Dataset(**fields), [InputTag(*tag)])
        return world.refused(client.log_inputs, world.run(experiment), [given])

    run = world.run(experiment)
    one = Dataset("name", "digest", "st", "source", "schema", "profile")
    tags = [InputTag("key1", "1"), InputTag("key2", "2")]
    client.log_inputs(run, [DatasetInput(one, tags), DatasetInput(one, [InputTag("key3", "3")])])
    other = Dataset("name", "digest", "other", "other")
    client.log_inputs(run, [DatasetInput(other, [InputTag("key4", "4")])])
    kept = client.get_run(run).inputs.dataset_inputs
    return {
        "name": [put(name="a" * length) for length in (500, 501)],
        "digest": [put(digest="a" * length) for length in (36, 37)],
        "source": [put(source="a" * length) for length in (65_535, 65_536)],
        "schema": [put(schema="a" * length) for length in (65_536, 1_048_576)],
        "key": [put(tag=("a" * length, "v")) for length in (255, 256)],
        "value": [put(tag=("k", "a" * length)) for length in (500, 501)],
        "kept": [
            [found.dataset.source_type, found.dataset.profile, sorted(t.key for t in found.tags)]
            for found in kept
        ],
        "none": world.refused(client.log_inputs, run, []),
        "nobody's": world.refused(client.log_inputs, "f" * 32, [DatasetInput(one, [])]),
    }


def models(world):
    """What a registered model and its versions refuse, and what goes with a version."""
    client, name = world.client, world.name("net")
    client.create_registered_model(name)
    client.create_model_version(name, "s3://b/model", "run_id_1", {"numeric": 12345})
    nobody, long = world.name("nobody"), "a" * 100_001
    asked = {
        "tag": (client.set_registered_model_tag, name, "l", long),
        "tag of nobody": (client.set_registered_model_tag, nobody, "l", "a"),
        "tag of a version": (client.set_model_version_tag, name, "1", "l", long),
        "tag of no version": (client.set_model_version_tag, name, "9", "l", "a"),
        "tag that is not there": (client.delete_registered_model_tag, name, "nosuch"),
        "tag that no version has": (client.delete_model_version_tag, name, "1", "nosuch"),
        "stage": (client.transition_model_version_stage, name, "1", "StAgInG"),
        "stage of no version": (client.transition_model_version_stage, name, "9", "Staging"),
        "stages": (client.get_latest_versions, name, ["nosuch"]),
        "blank": (client.create_registered_model, "   "),
        "no source": (client.create_model_version, name, ""),
        "version 0": (client.get_model_version, name, "0"),
        "place of no version": (client.get_model_version_download_uri, name, "9"),
        "alias": (client.set_registered_model_alias, name, "champ-1_x", "1"),
        "alias v12": (client.set_registered_model_alias, name, "V12", "1"),
        "alias of nobody": (client.set_registered_model_alias, nobody, "z", "1"),
        "no such alias": (client.get_model_version_by_alias, name, "CHAMP-1_x"),
        "alias that goes twice": (client.delete_registered_model_alias, name, "nosuch"),
    }
    found = {what: world.refused(act, *more) for what, (act, *more) in asked.items()}
    newest = client.get_model_version_by_alias(name, "latest")
    client.delete_model_version(name, "1")
    found["left"] = client.get_registered_model(name).aliases
    found["gone"] = world.refused(client.get_model_version_by_alias, name, "champ-1_x")
    found["newest"] = [str(newest.version), newest.tags, newest.run_id, newest.current_stage]
    return found


def whole_copies(world):
    """A copy has its first one's description, tags and run, and begins in no stage."""
    client, name = world.client, world.name("net")
    client.create_registered_model(name)
    more = {"description": "dummy", "run_link": "http://l/1"}
    client.create_model_version(name, "s3://b/x", "run_id_1", {"hello": "world"}, **more)
    client.set_registered_model_alias(name, "a", "1")
    client.transition_model_version_stage(name, "1", "Production")
    copy = client.copy_model_version(f"models:/{name}@a", name)
    return [
        [str(copy.version), world.plain(copy.source), copy.run_id, copy.tags, copy.description],
        [copy.current_stage, copy.run_link, copy.aliases],
        world.refused(client.copy_model_version, f"models:/{name}/9", name),
        world.refused(client.copy_model_version, f"models:/{name}@nosuch", name),
    ]


def places(world):
    """An experiment's place may have a query, and its runs' files are below its path."""
    client = world.client
    found = {}
    for place in ("s3://b/p", "s3://b/p?x=1", "s3://b/p/", "dbfs:/x", "s3://b/p;x"):
        name = world.name(f"place {len(found)}")
        if world.refused(client.create_experiment, name, place) != "accepted":
            found[place] = "refused"
            continue
        experiment = client.get_experiment_by_name(name)
        run = client.create_run(experiment.experiment_id).info
        found[place] = [
            experiment.artifact_location,
            run.artifact_uri.replace(run.run_id, "<run>"),
        ]
    return found
