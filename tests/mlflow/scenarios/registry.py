"""The model registry: names, versions, aliases, stages, tags, searches, files."""

import time


def _version(world, name, folder="model", **more: object):
    """A version of a model from a new run with two files; the version, and its run's id."""
    run = world.run("0")
    world.client.log_artifact(run, world.file("model/MLmodel", "flavors: {}"), folder)
    world.client.log_artifact(run, world.file("model/w.bin", "weights"), f"{folder}/data")
    uri = f"{world.client.get_run(run).info.artifact_uri}/{folder}"
    return world.client.create_model_version(name, uri, run, **more), run


def names(world):
    """A name is made, described, renamed, found and deleted."""
    name, other = world.name("net"), world.name("other")
    made = world.client.create_registered_model(name, {"team": "vision"}, "what for")
    twice = world.refused(world.client.create_registered_model, name)
    changed = world.client.update_registered_model(name, "better")
    world.client.rename_registered_model(name, other)
    renamed = world.client.get_registered_model(other)
    world.client.delete_registered_model(other)
    return {
        "made": [world.plain(made.name), made.description, made.tags, made.latest_versions],
        "twice": twice,
        "changed": changed.description,
        "renamed": world.plain(renamed.name),
        "gone": [world.refused(world.client.get_registered_model, one) for one in (name, other)],
        "nobody": world.refused(world.client.delete_registered_model, world.name("nobody")),
    }


def versions(world):
    """Versions are numbered from 1, and none is given twice."""
    name = world.name("net")
    world.client.create_registered_model(name)
    first, run = _version(world, name, description="first", tags={"a": "1"})
    second, _ = _version(world, name)
    world.client.delete_model_version(name, second.version)
    third, _ = _version(world, name)
    found = world.client.get_model_version(name, "1")
    return {
        "numbers": [str(one.version) for one in (first, second, third)],
        "first": [found.description, found.tags, found.status, found.current_stage],
        "run": found.run_id == run,
        "source": found.source == f"{world.client.get_run(run).info.artifact_uri}/model",
        "times": found.creation_timestamp <= found.last_updated_timestamp,
        "gone": world.refused(world.client.get_model_version, name, "2"),
        "unnamed": world.refused(
            world.client.create_model_version, world.name("nobody"), "s3://bucket/x"
        ),
        "not a number": world.refused(world.client.get_model_version, name, "latest"),
    }


def describe_and_tag(world):
    """A version's description and tags change, and so do the tags of a name."""
    name = world.name("net")
    world.client.create_registered_model(name)
    _version(world, name, tags={"a": "1", "b": "2"})
    world.client.update_model_version(name, "1", "changed")
    world.client.set_model_version_tag(name, "1", "a", "3")
    world.client.delete_model_version_tag(name, "1", "b")
    world.client.set_registered_model_tag(name, "x", "1")
    world.client.set_registered_model_tag(name, "y", "1")
    world.client.delete_registered_model_tag(name, "y")
    found = world.client.get_model_version(name, "1")
    return [found.description, found.tags, world.client.get_registered_model(name).tags]


def aliases(world):
    """An alias points to one version, moves, and goes."""
    name = world.name("net")
    world.client.create_registered_model(name)
    for _ in range(2):
        _version(world, name)
    world.client.set_registered_model_alias(name, "champion", "1")
    first = str(world.client.get_model_version_by_alias(name, "champion").version)
    world.client.set_registered_model_alias(name, "champion", "2")
    world.client.set_registered_model_alias(name, "other", "2")
    second = world.client.get_model_version_by_alias(name, "champion")
    told = world.client.get_registered_model(name).aliases
    world.client.delete_registered_model_alias(name, "champion")
    return {
        "versions": [first, str(second.version), sorted(second.aliases)],
        "name": {alias: str(version) for alias, version in told.items()},
        "gone": world.refused(world.client.get_model_version_by_alias, name, "champion"),
        "none": world.refused(world.client.set_registered_model_alias, name, "x", "9"),
        "bad": [
            world.refused(world.client.set_registered_model_alias, name, alias, "1")
            for alias in ("latest", "v1")
        ],
    }


def stages(world):
    """A version moves to a stage, and others there may be archived."""
    name = world.name("net")
    world.client.create_registered_model(name)
    for _ in range(3):
        _version(world, name)
    move = world.client.transition_model_version_stage
    move(name, "1", "Production")
    moved = move(name, "2", "production", archive_existing_versions=True)
    latest = world.client.get_latest_versions(name)
    return {
        "moved": moved.current_stage,
        "archived": world.client.get_model_version(name, "1").current_stage,
        "latest": sorted([one.current_stage, str(one.version)] for one in latest),
        "some": [str(o.version) for o in world.client.get_latest_versions(name, ["Production"])],
        "bad": world.refused(move, name, "1", "Elsewhere"),
    }


def search(world):
    """Names and versions are found by name, run and tag, in an order, page by page."""
    run = None
    for letter in ("a", "b", "c"):
        name = world.name(letter)
        world.client.create_registered_model(name, {"letter": letter})
        _, run = _version(world, name, tags={"letter": letter})
    like = f"name LIKE '%-{world.mark}'"
    models, found = world.client.search_registered_models, world.client.search_model_versions

    def named(several):
        return [world.plain(one.name) for one in several]

    page = models(like, max_results=2)
    return {
        "names": named(models(like)),
        "down": named(models(like, order_by=["name DESC"])),
        "tag": named(models(f"{like} AND tags.letter = 'b'")),
        "pages": [named(page), named(models(like, max_results=2, page_token=page.token))],
        "versions": named(found(like, order_by=["name ASC"])),
        "run": named(found(f"run_id = '{run}'")),
        "one": named(found(f"name = '{world.name('b')}'")),
        "version tag": named(found(f"{like} AND tags.letter = 'a'")),
        "wrong": world.refused(models, "colour = 'x'"),
    }


def fetch(world):
    """A version's files are fetched by number and by alias, as they were registered."""
    import os

    import mlflow

    mlflow.set_tracking_uri(world.uri)
    name = world.name("net")
    world.client.create_registered_model(name)
    _version(world, name)
    world.client.set_registered_model_alias(name, "best", "1")
    found = []
    for number, uri in enumerate((f"models:/{name}/1", f"models:/{name}@best")):
        target = os.path.join(world.folder, f"to{number}")  # noqa: PTH118
        os.makedirs(target)  # noqa: PTH103
        place = mlflow.artifacts.download_artifacts(uri, dst_path=target)
        with open(os.path.join(place, "data", "w.bin"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            found.append(file.read())
    return found


def elsewhere(world):
    """A source that leads nowhere here is kept as it was given."""
    name = world.name("net")
    world.client.create_registered_model(name)
    made = world.client.create_model_version(name, "s3://bucket/model", tags={"k": "v"})
    return [made.source, made.run_id or "", made.status, str(made.version)]


def by_hand(world):
    """A model of a run is registered by the module's own function."""
    with world.fluent() as mlflow, mlflow.start_run() as run:
        mlflow.log_artifact(world.file("model/MLmodel", "flavors: {}"), "model")
    uri = f"runs:/{run.info.run_id}/model"
    made = [mlflow.register_model(uri, world.name("net"), tags={"a": "1"}) for _ in range(2)]
    return [[str(one.version), one.tags, one.run_id == run.info.run_id] for one in made]


def copies(world):
    """A copy of a version is fetched where the first one is."""
    name = world.name("net")
    world.client.create_registered_model(name)
    world.client.create_model_version(name, "s3://bucket/x", tags={"a": "b"})
    copy = world.client.copy_model_version(f"models:/{name}/1", world.name("copy"))
    again = world.client.copy_model_version(f"models:/{copy.name}/1", name)
    return {
        "tags": again.tags,
        "source": world.plain(again.source),
        "from": [
            world.client.get_model_version_download_uri(one.name, one.version)
            for one in (copy, again)
        ],
    }


def changed(world):
    """A name has changed when its versions come, go, or move to a stage."""
    client, name = world.client, world.name("net")
    client.create_registered_model(name)
    found, before = [], client.get_registered_model(name).last_updated_timestamp
    for act in (
        lambda: client.create_model_version(name, "s3://bucket/x"),
        lambda: client.transition_model_version_stage(name, "1", "Staging"),
        lambda: client.update_model_version(name, "1", "what it is"),
        lambda: client.delete_model_version(name, "1"),
    ):
        time.sleep(0.005)
        act()
        now = client.get_registered_model(name).last_updated_timestamp
        found.append(now > before)
        before = now
    return found


def order_of_versions(world):
    """Versions of one number come by name, and without an order the last changed first."""
    client = world.client
    names = [world.name(f"net{number}") for number in range(3)]
    for name in names:
        client.create_registered_model(name)
    for name in [*names, names[0]]:
        time.sleep(0.005)
        client.create_model_version(name, "s3://bucket/x")

    def found(*order: str):
        several = client.search_model_versions(f"name LIKE '%{world.mark}'", order_by=list(order))
        return [[world.plain(one.name), str(one.version)] for one in several]

    return [found(), found("version_number DESC"), found("name DESC")]
