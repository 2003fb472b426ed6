"""Environments from the files of Python projects."""

import sys

import pytest

from runyard.sdk.definitions import definition_of
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException

PROJECT = """
[project]
name = "mine"
requires-python = ">=3.8,<3.12"
dependencies = ["numpy<2", "httpx[http2]>=0.27"]
"""
LOCK = """
version = 1
requires-python = "==3.11.*"
[[package]]
name = "mine"
version = "0.1"
source = { virtual = "." }
dependencies = [{ name = "click" }, { name = "httpx", extra = ["http2"] }]
[[package]]
name = "click"
version = "8.1.7"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "colorama", marker = "sys_platform == 'win32'" }]
[[package]]
name = "colorama"
version = "0.4.6"
source = { registry = "https://index.example/simple" }
[[package]]
name = "httpx"
version = "0.27.0"
source = { registry = "https://index.example/simple" }
[package.optional-dependencies]
http2 = [{ name = "h2" }]
[[package]]
name = "h2"
version = "4.1.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "unused"
version = "1.0"
source = { registry = "https://index.example/simple" }
"""
PYLOCK = """
lock-version = "1.0"
requires-python = "==3.11.*"
[[packages]]
name = "click"
version = "8.1.7"
marker = "python_version >= '3.7'"
wheels = [{ url = "https://x.example/click.whl", hashes = { sha256 = "aa" } }]
[packages.sdist]
url = "https://x.example/click.tar.gz"
hashes = { sha256 = "bb" }
"""
# Found with and without its extra, whose packages need each other, each on systems of its own.
CIRCLE = """
[[package]]
name = "app"
version = "0"
source = { virtual = "." }
dependencies = [{ name = "a" }, { name = "a", extra = ["more"], marker = "os_name == 'nt'" }]
[[package]]
name = "a"
version = "1"
source = { registry = "https://index.example/simple" }
[package.optional-dependencies]
more = [{ name = "b", marker = "sys_platform == 'win32'" }]
[[package]]
name = "b"
version = "2"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "a", extra = ["more"] }]
"""
SCRIPT = """#!/usr/bin/env python
# /// script
# requires-python = "==3.10.*"
# dependencies = [
#   "rich",
# ]
# ///
import rich
"""


def asked(path):
    """The Python and the requirements of an environment from a file."""
    made = definition_of(Environment.from_file("x", str(path)))
    return made.python, made.pip


def test_a_project_is_what_it_depends_on_or_what_is_locked_beside_it(tmp_path):
    """A lock is for all systems: what is of Windows alone keeps its marker, what is unused goes."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert asked(tmp_path) == ("3.11", ["numpy<2", "httpx[http2]>=0.27"])
    (tmp_path / "uv.lock").write_text(LOCK)
    locked = [
        "click==8.1.7",
        "colorama==0.4.6 ; sys_platform == 'win32'",
        "h2==4.1.0",
        "httpx==0.27.0",
    ]
    assert asked(tmp_path / "pyproject.toml") == ("3.11", locked)
    (tmp_path / "uv.lock").write_text(
        LOCK.replace('registry = "https://index.example/simple"', 'git = "x"')
    )
    with pytest.raises(UserErrorException, match="from elsewhere than a package index"):
        asked(tmp_path)


def test_packages_may_need_each_other_in_a_circle(tmp_path):
    """Markers do not pile up, and an extra counts though the package was seen without it."""
    (tmp_path / "uv.lock").write_text(CIRCLE)
    assert asked(tmp_path / "uv.lock")[1] == [
        "a==1",
        "a==1 ; os_name == 'nt'",
        "b==2 ; (os_name == 'nt') and (sys_platform == 'win32')",
    ]


def test_a_pylock_is_its_files_by_their_hashes(tmp_path):
    """The run gets those files or fails."""
    path = tmp_path / "pylock.toml"
    path.write_text(PYLOCK)
    line = "click==8.1.7 ; python_version >= '3.7' --hash=sha256:aa --hash=sha256:bb"
    assert asked(path) == ("3.11", [line])


def test_a_script_says_itself_what_it_needs(tmp_path):
    """As uv and others run it by hand; one without a block is told how to write one."""
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    assert asked(path) == ("3.10", ["rich"])
    path.write_text("import rich\n")
    with pytest.raises(UserErrorException, match="has no block `# /// script`"):
        asked(path)


def test_what_cannot_be_read_is_told(tmp_path, monkeypatch):
    """With what reads it, or what to make of it."""
    (tmp_path / "pyproject.toml").write_text("[project")
    with pytest.raises(UserErrorException, match="is not TOML"):
        asked(tmp_path)
    with pytest.raises(UserErrorException, match="does not exist"):
        asked(tmp_path / "uv.lock")
    (tmp_path / "environment.yml").write_text("name: x")
    with pytest.raises(UserErrorException, match="from_conda_specification"):
        asked(tmp_path / "environment.yml")
    monkeypatch.setitem(sys.modules, "tomllib", None)
    with pytest.raises(UserErrorException, match=r"which Python reads from 3\.11 on"):
        asked(tmp_path)
