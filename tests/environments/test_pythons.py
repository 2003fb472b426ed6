"""Which Python: found where people have them, chosen by what is asked for."""

import os
import sys

import pytest

from runyard_server.environments import frameworks, interpreters, pythons
from runyard_server.environments.inputs import Inputs
from runyard_server.environments.interpreters import Interpreter
from runyard_server.environments.resolver import Tool

TOOL = Tool("false", dict(os.environ))


def _fake(folder, version):
    """Put a program that answers like a Python of a version into a folder."""
    folder.mkdir(parents=True)
    minor = ".".join(version.split(".")[:2])
    path = folder / f"python{minor}"
    numbers = version.replace(".", ", ")
    path.write_text(f'#!/bin/sh\necho \'[[{numbers}], "CPython", "{path}"]\'\n')
    path.chmod(0o755)
    return str(path)


def _found(environ):
    return {one.dotted: one.path for one in interpreters.everything(environ)}


def test_pythons_are_found_on_path_in_pyenv_and_of_uv(tmp_path):
    """All three places count, without the shims that pyenv puts before its versions."""
    on_path = _fake(tmp_path / "bin", "3.90.1")
    pyenv = _fake(tmp_path / ".pyenv" / "versions" / "3.91.2" / "bin", "3.91.2")
    managed = tmp_path / ".local" / "share" / "uv" / "python" / "cpython-3.92.3-linux" / "bin"
    of_uv = _fake(managed, "3.92.3")
    _fake(tmp_path / ".pyenv" / "shims", "3.93.0")
    path = os.pathsep.join(map(str, (tmp_path / ".pyenv" / "shims", tmp_path / "bin")))
    found = _found({"HOME": str(tmp_path), "PATH": path})
    assert found["3.90.1"] == on_path
    assert found["3.91.2"] == pyenv
    assert found["3.92.3"] == of_uv
    assert "3.93.0" not in found
    assert ".".join(map(str, sys.version_info[:3])) in found


def test_pyenv_of_another_home_is_found_through_its_shims(tmp_path):
    """With an empty HOME, PATH still leads to pyenv."""
    pyenv = _fake(tmp_path / "pyenv" / "versions" / "3.91.2" / "bin", "3.91.2")
    (tmp_path / "pyenv" / "shims").mkdir()
    found = _found({"HOME": str(tmp_path / "no"), "PATH": str(tmp_path / "pyenv" / "shims")})
    assert found["3.91.2"] == pyenv


def test_virtual_environments_and_broken_programs_are_passed_over(tmp_path):
    """An activated environment is not a Python to build on; what does not answer is none."""
    _fake(tmp_path / "venv" / "bin", "3.90.1")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    broken = tmp_path / "bin" / "python3.91"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    path = os.pathsep.join(map(str, (tmp_path / "venv" / "bin", tmp_path / "bin")))
    found = _found({"HOME": str(tmp_path), "PATH": path})
    assert list(found) == [".".join(map(str, sys.version_info[:3]))]


@pytest.mark.parametrize(
    ("wanted", "chosen"), [("3.7", "3.7.16"), ("3.7.9", "3.7.9"), ("3.7.4", "3.7.16")]
)
def test_the_nearest_version_is_taken(wanted, chosen):
    """That very version if it is here, else the newest of the same minor."""
    found = [Interpreter("c", (3, 8, 1)), Interpreter("a", (3, 7, 16)), Interpreter("b", (3, 7, 9))]
    assert interpreters.matching(found, wanted).dotted == chosen


def test_another_minor_is_never_taken():
    """What was built for 3.7 does not run on 3.8."""
    assert interpreters.matching([Interpreter("c", (3, 8, 1))], "3.7") is None


def _choose(monkeypatch, inputs, versions, own=(3, 11, 7)):
    found = [Interpreter(f"python{version}", version) for version in sorted(versions, reverse=True)]
    monkeypatch.setattr(interpreters, "everything", lambda: found)
    monkeypatch.setattr(interpreters, "own", lambda: Interpreter("own", own))
    notes = []
    return pythons.choose(inputs, TOOL, notes.append, fetch=False), notes


def test_without_a_wish_it_is_the_services_own(monkeypatch):
    """The one Python that is surely here."""
    chosen, _ = _choose(monkeypatch, Inputs("p", requirements=("six",)), [(3, 12, 1)])
    assert chosen.path == "own"


def test_a_framework_chooses_a_python_that_runs_it(monkeypatch):
    """TensorFlow 1.13 needs 3.7, and that is used and said."""
    wanted = Inputs("p", requirements=("tensorflow==1.13.1",))
    chosen, notes = _choose(monkeypatch, wanted, [(3, 7, 16), (3, 12, 1)])
    assert chosen.dotted == "3.7.16"
    assert "3.7.16" in notes[0]


def test_a_service_on_a_very_new_python_gives_jobs_an_older_one(monkeypatch):
    """Packages take months to be built for a new Python."""
    wanted = Inputs("p", requirements=("torch",))
    chosen, _ = _choose(monkeypatch, wanted, [(3, 12, 1), (3, 10, 2)], own=(3, 15, 0))
    assert chosen.dotted == "3.12.1"


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("tensorflow==1.13.1", ["protobuf<3.21", "numpy<1.17", "h5py<3", "setuptools<81"]),
        ("tensorflow==2.0.4", ["protobuf<3.21", "h5py<3", "setuptools<81"]),
        ("tensorflow-cpu==2.15.1", ["setuptools<81"]),
        ("tensorflow-cpu==2.21.0", []),
        ("tensorboard==2.15.2", ["setuptools<81"]),
        ("tensorboard", []),
        ("torch", []),
    ],
)
def test_old_tensorflow_gets_the_bounds_it_does_not_name(requirement, expected):
    """Without them it installs and then fails to import, itself or its TensorBoard, or to load."""
    assert frameworks.constraints([requirement]) == expected
    assert "setuptools<81" not in frameworks.constraints([requirement, "setuptools==82.0.0"])
