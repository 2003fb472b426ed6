"""Modules of an environment are compiled in idle time, on every Python."""

import compileall
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import runyard
from runyard.runtime import shared_bytecode

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


def _beside(tmp_path, name, modules):
    """An environment whose modules are links, as uv makes them, or texts of its own."""
    site = tmp_path / name / "lib" / "python3" / "site-packages"
    (site / "package").mkdir(parents=True)
    (site / "package-1.dist-info").mkdir()
    (site / "package-1.dist-info" / "RECORD").write_text("package/__init__.py,,\n")
    for module, source in modules.items():
        if isinstance(source, Path):
            os.link(str(source), str(site / "package" / module))
        else:
            (site / "package" / module).write_text(source)
    return tmp_path / name


def test_bytecode_comes_from_an_environment_with_the_same_files(tmp_path):
    """It is taken where the file is the same one; what only has its name is compiled anew."""
    texts = {"same.py": "def where(): raise ValueError\n", "other.py": "value = 1\n"}
    first = _beside(tmp_path, "first", texts)
    site = Path("lib", "python3", "site-packages")
    given = {"same.py": first / site / "package" / "same.py", "other.py": "value = 2\n"}
    second = _beside(tmp_path, "second", given)
    compileall.compile_dir(str(first), quiet=1)
    # Without its mark it may be half made, or on its way out.
    assert shared_bytecode.link(str(second), str(tmp_path)) == 0
    (first / "ready.json").write_text("{}")
    assert shared_bytecode.link(str(second), str(tmp_path)) == 1
    assert _has(second, "same.py")
    assert not _has(second, "other.py")
    # A traceback names the environment that it is in.
    code = "from package import same; print(same.__cached__, same.where.__code__.co_filename)"
    command = [sys.executable, "-S", "-v", "-c", code]
    done = subprocess.run(command, cwd=str(second / site), capture_output=True, check=True)
    cached, named = done.stdout.decode().split()
    assert "code object from" in done.stderr.decode()
    assert cached.endswith(".pyc")
    assert not named.startswith(str(first))


def test_nothing_is_linked_into_what_has_no_packages(tmp_path):
    """The first environment of all has nobody beside it, and an empty one no folder for them."""
    assert shared_bytecode.link(str(tmp_path / "first"), str(tmp_path)) == 0
