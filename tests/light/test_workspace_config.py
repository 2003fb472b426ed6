"""Config files of old projects are found and read as the v1 SDK did."""

import json

import pytest

from runyard.sdk import workspace_config
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.workspace_config import WorkspaceConfig

CONTENT = {"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}


def _write(path, content=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content or CONTENT), encoding="utf-8")
    return path


def test_a_far_azureml_folder_beats_a_near_plain_file(tmp_path):
    """The order of folder names comes first, then the walk upwards."""
    far = _write(tmp_path / ".azureml" / "config.json")
    near = tmp_path / "a" / "b"
    _write(near / "config.json")
    assert workspace_config.find(str(near)) == far


@pytest.mark.parametrize("name", ["aml_config/config.json", "config.json", "project.json"])
def test_every_place_of_the_v1_sdk_is_searched(tmp_path, name):
    """Old projects keep their file where their SDK put it."""
    written = _write(tmp_path / name)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert workspace_config.find(str(below)) == written


def test_a_file_that_is_named_is_used(tmp_path):
    """`from_config(path=file)`, whatever its name."""
    written = _write(tmp_path / "mine.json")
    assert workspace_config.find(str(written)) == written
    assert workspace_config.find(str(tmp_path), "mine.json") == written


def test_both_forms_are_read(tmp_path):
    """The oldest projects have a Scope in place of three keys."""
    scope = (
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    )
    old = workspace_config.read(_write(tmp_path / "old.json", {"Scope": scope}))
    new = workspace_config.read(_write(tmp_path / "new.json"))
    assert old == new == WorkspaceConfig("w", "s", "g")


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "cannot be read"), ("[]", "JSON object"), ('{"workspace_name": "w"}', "lacks")],
)
def test_a_broken_file_is_named(tmp_path, text, said):
    """The message leads to the file and to what is wrong in it."""
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserErrorException) as error:
        workspace_config.read(path)
    assert said in error.value.message
    assert str(path) in error.value.message


def test_writing_and_finding_agree(tmp_path):
    """`write_config` in one session, `from_config` in the next."""
    config = WorkspaceConfig("w", "s", "g")
    written = workspace_config.write(config, str(tmp_path), None)
    assert written == tmp_path / ".azureml" / "config.json"
    found = workspace_config.find(str(tmp_path))
    assert found is not None
    assert workspace_config.read(found) == config


def test_an_aml_config_folder_goes_on_being_used(tmp_path):
    """A project that has the older folder does not get a second one."""
    (tmp_path / "aml_config").mkdir()
    written = workspace_config.write(WorkspaceConfig("w", "s", "g"), str(tmp_path), None)
    assert written.parent.name == "aml_config"
    assert not (tmp_path / ".azureml").exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_windows_wrote_is_read(tmp_path, encoding):
    """`az … > config.json` in PowerShell writes UTF-16, Notepad a byte order mark."""
    path = tmp_path / "config.json"
    path.write_bytes(json.dumps(CONTENT).encode(encoding))
    assert workspace_config.read(path).name == "w"


def test_a_removed_current_folder_is_told(tmp_path, monkeypatch):
    """No other workspace is taken in silence, and the message says what is wrong."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(UserErrorException) as error:
        workspace_config.find(None)
    assert "current folder was removed" in error.value.message
