"""Deleting, undoing and the registry at the prompt."""

import json

from runyard.protocol import routes
from runyard.protocol.runs import StartRun


def test_a_model_is_managed_from_the_prompt(cli, place):
    """From a file here to a version that is aliased, staged, described, verified and traced."""
    (cli.folder / "model.txt").write_text("weights")
    assert "registered prompt:1" in cli("models", "register", "model.txt", "prompt").out
    assert "prompt@best" in cli("models", "alias", "prompt", "best", "1").out
    staged = cli("models", "stage", "prompt@best", "Production").out
    assert staged == "prompt:1 is in stage Production\n"
    tagged = json.loads(cli("models", "tag", "prompt", "team=vision", "--json").out)
    assert tagged["tags"] == {"team": "vision"}
    assert "all as registered" in cli("models", "verify", "prompt@best").out
    assert "alias set" in cli("models", "history", "prompt").out
    assert "registered from files" in cli("models", "lineage", "prompt:1").out
    refused = cli("models", "delete", "prompt:1", "--yes")
    assert (refused.status != 0, "runyard models alias prompt best" in refused.err) == (True, True)
    digests = {f.digest for f in place.client.models.get("prompt").files}
    blob = next(
        one
        for one in (place.home / "blobs" / "sha256").glob("*/*")
        if one.parent.name + one.name in digests
    )
    right = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_text("weightt")
    checked = cli("models", "verify", "prompt")
    # The service is other tests' as well, which back it up.
    blob.write_bytes(right)
    blob.chmod(0o444)
    assert (checked.status, checked.out.splitlines()[0]) == (1, "damaged: model.txt")


def test_a_run_is_tagged_filled_and_deleted_from_the_prompt(cli, place):
    """What the SDK can do with a run the command can, and an undo is one line that it names."""
    run = place.client.call(routes.RUNS_START, body=StartRun(experiment="by-hand")).id
    (cli.folder / "plot.png").write_bytes(b"picture")
    assert "best=yes" in cli("runs", "tag", run, "best=yes").out
    assert "sent 1 file," in cli("runs", "upload", run, "plot.png", "--as", "a/plot.png").out
    assert "a/plot.png" in cli("runs", "files", run).out
    assert "brought 1 file," in cli("runs", "download", run, "a/", "--to", "here").out
    assert (cli.folder / "here/a/plot.png").read_bytes() == b"picture"
    assert "runyard runs cancel" in cli("runs", "delete", run, "--yes").err
    place.client.runs.complete(run)
    told = cli("experiments", "delete", "by-hand", "--dry-run").out
    assert told == "would delete experiment by-hand: 1 run, 7 B; nothing was deleted\n"
    assert cli.given("s3cret\n", "secrets", "set", "db-password").out == "db-password is kept\n"
    assert "s3cret" not in cli("secrets", "list").out
    assert cli("secrets", "get", "db-password").out == "s3cret\n"
    assert json.loads(cli("secrets", "delete", "db-password", "--json").out) == {
        "deleted": "db-password"
    }
    assert cli("stars", "add", "run", run).out == f"run {run} has a star\n"
    assert run in cli("stars", "list").out
    assert json.loads(cli("stars", "remove", "run", run, "--json").out) == {"removed": run}
    assert cli("runs", "star", run).out == f"{run}: has a star of yours\n"
    assert json.loads(cli("runs", "unstar", run, "--json").out)["id"] == run
    assert run not in cli("stars", "list").out
    assert cli("runs", "archive", run, "nothing").out == f"{run}: archived\n"
    assert run not in cli("runs", "list", "--experiment", "by-hand").out
    assert run in cli("runs", "list", "--archived", "--columns", "id,priority").out
    assert json.loads(cli("runs", "unarchive", run, "--json").out)["archived"] is False
    assert "--yes deletes" in cli("runs", "delete", run).err
    deleted = cli("runs", "delete", run, "--yes").out
    assert f"deleted run {run}: 1 run, 7 B; `runyard trash restore" in deleted
    listed = json.loads(cli("trash", "list", "--json").out)["items"]
    entry = next(one["id"] for one in listed if one["name"] == run)
    assert cli("trash", "restore", entry).out == f"run {run} is back\n"
    assert place.client.runs.get(run).tags == {"best": "yes"}
    report = json.loads(cli("storage", "--fresh", "--json").out)
    sizes = {one["experiment"]: one["size"] for one in report["places"]}
    assert sizes["by-hand"] == 7
    assert {"contents", "database", "environments"} <= {one["kind"] for one in report["kinds"]}
