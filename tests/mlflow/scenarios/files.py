"""Files of runs: sent, listed, fetched, replaced, removed."""

import os

from scenarios import wire


def send_and_fetch(world):
    """Files come back as they were sent, alone and by the folder."""
    run = world.run()
    world.client.log_artifact(run, world.file("plain.txt", "hello"))
    world.client.log_artifact(run, world.file("größe und mehr.txt", "ü"), "sub/folder")
    world.file("tree/a.txt", "a")
    world.file("tree/deeper/b.txt", "b")
    world.file("tree/deeper/empty", "")
    world.client.log_artifacts(run, os.path.join(world.folder, "tree"), "tree")  # noqa: PTH118
    place = world.client.download_artifacts(run, "", os.path.join(world.folder))  # noqa: PTH118
    found = {}
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                found[os.path.relpath(path, place).replace(os.sep, "/")] = file.read()
    return {"found": found}


def list_folders(world):
    """A folder's files and folders are listed, and nothing that is deeper."""
    run = world.run()
    for path in ("a.txt", "b/c.txt", "b/d/e.txt", "b/d/f.txt", "b.txt", "empty"):
        folder, _, name = path.rpartition("/")
        text = "" if name == "empty" else path
        world.client.log_artifact(run, world.file(f"in/{name}", text), folder or None)

    def listed(path=None):
        several = world.client.list_artifacts(run, path)
        return [[one.path, one.is_dir, one.file_size] for one in several]

    return {path or "": listed(path) for path in (None, "b", "b/d", "a.txt", "nothing")}


def replace(world):
    """A file that is sent again is another one."""
    run = world.run()
    for text in ("first", "second"):
        world.client.log_artifact(run, world.file("x.txt", text))
    place = world.client.download_artifacts(run, "x.txt", world.folder)
    with open(place, encoding="utf-8") as file:  # noqa: PTH123
        return [file.read(), len(world.client.list_artifacts(run))]


def texts_and_figures(world):
    """Texts, dictionaries and tables that are logged as such are files."""
    with world.fluent() as mlflow, mlflow.start_run() as run:
        mlflow.log_text("some text", "notes/a.txt")
        mlflow.log_dict({"k": [1, 2]}, "d.json")
        mlflow.log_dict({"k": {"n": 1}}, "d.yml")
    listed = [one.path for one in world.client.list_artifacts(run.info.run_id)]
    loaded = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/d.json")
    text = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt")
    return [listed, loaded, text]


def none(world):
    """A file that is nowhere is refused, and no path leads out of a run's folder."""
    run = world.run()

    def refused(act, *arguments: object):
        try:
            act(*arguments)
        except Exception:  # noqa: BLE001 - the client raises several
            return "refused"
        return "accepted"

    return [
        refused(world.client.download_artifacts, run, "nothing.txt", world.folder),
        refused(world.client.download_artifacts, run, "../x", world.folder),
        refused(world.client.list_artifacts, run, "../.."),
    ]


def remove(world):
    """A file or a folder is removed by the repository's own way."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    run = world.run()
    for path in ("a.txt", "b/c.txt", "b/d/e.txt", "b.txt"):
        folder, _, name = path.rpartition("/")
        world.client.log_artifact(run, world.file(f"in/{name}", path), folder or None)
    uri = world.client.get_run(run).info.artifact_uri
    import mlflow

    mlflow.set_tracking_uri(world.uri)
    get_artifact_repository(uri).delete_artifacts("b")
    return [one.path for one in world.client.list_artifacts(run)]


def in_parts(world):
    """A client that is told to send in parts sends whole, where parts are not offered."""
    os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
    os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = "10"
    try:
        run = world.run()
        world.client.log_artifact(run, world.file("long.txt", "long " * 100))
        return [[one.path, one.file_size] for one in world.client.list_artifacts(run)]
    finally:
        del os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"]
        del os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"]


def of_an_experiment_elsewhere(world):
    """The files of an experiment with a place of its own go there and are none of the server's."""
    place = "file://" + os.path.join(world.folder, "elsewhere")  # noqa: PTH118
    experiment = world.experiment(artifact_location=place)
    run = world.client.create_run(experiment)
    uri = run.info.artifact_uri.replace(world.folder, "").replace(run.info.run_id, "<run>")
    location = world.client.get_experiment(experiment).artifact_location
    return [location.replace(world.folder, ""), uri]


def as_attachments(world):
    """Files come under their names, with the type of their ending, and never as pages."""
    run = world.run()
    experiment = world.client.get_run(run).info.experiment_id
    root = f"api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts"
    names = ["a.txt", "b.pkl", "c.png", "d.pdf", "MLmodel", "x.html", "y.json", "a b ü.txt"]
    kept = ("Content-Type", "Content-Disposition", "X-Content-Type-Options")
    found = {}
    for name in names:
        wire._ask(world, "PUT", f"{root}/{name}", data=b"x")
        pages = wire._ask(world, "GET", "get-artifact", params={"run_id": run, "path": name})
        for answer in (wire._ask(world, "GET", f"{root}/{name}"), pages):
            told = [answer.headers[one] for one in kept]
            found.setdefault(name, []).append([answer.status_code, answer.text, *told])
    return found


def of_nobody(world):
    """A file at a path of no run is kept, listed, replaced and removed like others."""
    root = "api/2.0/mlflow-artifacts/artifacts"
    place = world.name("of nobody")

    def listed(path=""):
        answer = wire._ask(world, "GET", root, params={"path": f"{place}{path}"})
        return answer.json().get("files", [])

    for path, text in (("a.txt", "first"), ("a.txt", "0"), ("b/c d.txt", "1"), ("b/e/f.txt", "")):
        assert wire._ask(world, "PUT", f"{root}/{place}/{path}", data=text).ok
    found = [listed(), listed("/b"), listed("/nothing")]
    fetched = wire._ask(world, "GET", f"{root}/{place}/a.txt")
    found.append([fetched.text, fetched.headers["Content-Disposition"]])
    found += [wire._ask(world, "DELETE", f"{root}/{place}/{path}").ok for path in ("a.txt", "b/e")]
    return [*found, wire._ask(world, "GET", f"{root}/{place}/a.txt").ok, listed(), listed("/b")]
