"""Modules of an environment are compiled in idle time, on every Python."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import runyard

PROGRAM = Path(runyard.__file__).resolve().parent / "runtime" / "bytecode.py"


@pytest.fixture
def environment(tmp_path):
    """A folder as of an environment, with a package that has tests and a module for Python 2."""
    package = tmp_path / "lib" / "python3" / "site-packages" / "package"
    (package / "tests").mkdir(parents=True)
    for name in ("__init__.py", "good.py", "tests/test_good.py"):
        (package / name).write_text("value = 1\n")
    (package / "old.py").write_text("print 1\n")
    (tmp_path / "ready.json").write_text("{}")
    return tmp_path


def _compile(folder):
    return subprocess.run([sys.executable, "-I", "-S", str(PROGRAM), str(folder)], check=True)


def _has(folder, name):
    path = folder / "lib" / "python3" / "site-packages" / "package" / name
    return Path(importlib.util.cache_from_source(str(path))).exists()


def test_what_may_be_imported_is_compiled(environment):
    """A module that does not compile stops nothing; tests of packages are left to who runs them."""
    _compile(environment)
    assert _has(environment, "__init__.py")
    assert _has(environment, "good.py")
    assert not _has(environment, "old.py")
    assert not _has(environment, "tests/test_good.py")


def test_an_environment_that_is_gone_is_no_error(environment):
    """Without its mark it is being removed, and a new file would stand in the way."""
    (environment / "ready.json").unlink()
    _compile(environment)
    assert not _has(environment, "good.py")
    _compile(environment / "nowhere")


def test_a_folder_that_cannot_be_written_is_left_alone(environment):
    """Such an environment works as it is; imports compile for themselves."""
    package = environment / "lib" / "python3" / "site-packages" / "package"
    (package / "__pycache__").write_text("in the way")
    _compile(environment)
    assert (package / "__pycache__").read_text() == "in the way"


def test_modules_that_a_run_compiled_meanwhile_stay(environment):
    """Jobs write into the same folders; what is there is valid."""
    path = environment / "lib" / "python3" / "site-packages" / "package" / "good.py"
    cached = Path(importlib.util.cache_from_source(str(path)))
    cached.parent.mkdir()
    cached.write_bytes(b"of a job")
    _compile(environment)
    assert cached.read_bytes() == b"of a job"
