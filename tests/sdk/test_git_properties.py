"""What git knows of a folder is kept with its run, and never stands in the run's way."""

import subprocess
from pathlib import Path

import pytest

from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient
from runyard.sdk import git_properties

LINES = 30_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository whose one file has changed since, by more than a pipe holds."""
    script = tmp_path / "train.py"
    script.write_text("old\n" * LINES)
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "m"),
    ):
        subprocess.run(["git", *words], check=True, cwd=tmp_path)
    script.write_text("new\n" * LINES)
    return tmp_path


def test_a_snapshot_that_takes_long_costs_no_changes(folder, monkeypatch):
    """Git has answered long before anybody asks: the run has its diff, however large it is."""
    monkeypatch.setattr(git_properties, "SECONDS_FOR_CHANGES", 0)
    with git_properties.ask(str(folder)) as asked:
        asked._questions["changes"].process.wait(30)
        assert asked.properties()["azureml.git.dirty"] == "True"
        assert asked.uncommitted().count("\n+new") == LINES


def test_changes_stay_here_where_that_was_said(folder, monkeypatch):
    """A password that was just taken out of a file is in no diff; the commit is told."""
    monkeypatch.setenv("RUNYARD_UNCOMMITTED", "0")
    with git_properties.ask(str(folder)) as asked:
        assert asked.uncommitted() == ""
        assert asked.properties()["azureml.git.dirty"] == "True"


def test_a_run_that_was_submitted_is_no_error_where_its_changes_cannot_be_kept():
    """Whoever heard of one would submit it again, and have two."""
    with Connection("http://127.0.0.1:9", "t") as connection:
        service = WorkspaceClient(connection, "w")
        with pytest.warns(UserWarning, match="run r_1 was submitted"):
            git_properties.keep(service, "r_1", "diff --git a/x b/x\n")
