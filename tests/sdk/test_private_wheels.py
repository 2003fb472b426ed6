"""add_private_pip_wheel keeps a wheel in the workspace and gives what installs it."""

import zipfile
from pathlib import Path

import pytest

from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException

NAME = "mine-1.0-py3-none-any.whl"


def _wheel(folder: Path, text: str) -> str:
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        archive.writestr("mine.py", text)
    return str(folder / NAME)


def test_a_wheel_is_added_once(workspace, folder):
    """A second one of its name is refused, or with exist_ok the first is used, as in v1."""
    path = _wheel(folder, "a = 1")
    address = Environment.add_private_pip_wheel(workspace, path)
    assert f"/azureml-private-packages/{NAME}#sha256=" in address
    with pytest.raises(UserErrorException, match="exist_ok=True"):
        Environment.add_private_pip_wheel(workspace, path)
    assert Environment.add_private_pip_wheel(workspace, path, exist_ok=True) == address
    environment = Environment("e")
    environment.python.conda_dependencies.add_pip_package(address)
    assert address in environment.python.conda_dependencies.pip_packages


def test_other_contents_under_a_known_name_are_said(workspace, folder):
    """Who builds again without a new version would wonder for long why the old one runs."""
    address = Environment.add_private_pip_wheel(workspace, _wheel(folder, "a = 1"))
    path = _wheel(folder, "a = 2")
    with pytest.warns(UserWarning, match="another version"):
        again = Environment.add_private_pip_wheel(workspace, path, exist_ok=True)
    assert again == address


def test_what_is_no_wheel_is_refused(workspace, folder):
    """Before anything is sent, and not by an installer later."""
    with pytest.raises(UserErrorException, match=r"there is no wheel .*none\.whl"):
        Environment.add_private_pip_wheel(workspace, "none.whl")
    (folder / "mine.whl").write_text("")
    with pytest.raises(UserErrorException, match="no name of a wheel"):
        Environment.add_private_pip_wheel(workspace, "mine.whl")
    (folder / NAME).write_text("no zip")
    with pytest.raises(UserErrorException, match="no zip archive"):
        Environment.add_private_pip_wheel(workspace, NAME)
