"""The peers: each in an environment of its own, made from its own lock file.

`peers/<name>.in` says what is asked for, first what the peer is called after; `peers/<name>.txt`
is the lock. That of PyTorch is for the build without GPUs, which not every index has. A peer that
cannot be installed is named in the report with the reason, never left out silently.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from measure import BEFORE, OURS

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".tools" / "bin" / "uv"
LOCKS = Path(__file__).resolve().parent / "peers"


class Unavailable(Exception):
    """A peer cannot take part; the message says why."""


@dataclass(frozen=True)
class Peer:
    """An installed peer.

    Args:
        name: Its distribution.
        version: What is installed.
        python: The interpreter of its environment.
    """

    name: str
    version: str
    python: Path

    def program(self, name: str) -> str:
        """The path of a program of the environment."""
        return str(self.python.parent / name)


def install(name: str) -> Peer:
    """Make the peer's environment, or find it made from the same lock.

    Raises:
        Unavailable: It cannot be installed on this machine.
    """
    lock = LOCKS / f"{name}.txt"
    folder = ROOT / f".venv-bench-{name}"
    stamp = folder / "compiled-lock.txt"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        _uv("venv", "--clear", "--python", _python(), str(folder))
        _fill(folder, "--require-hashes", "-r", str(lock))
        stamp.write_bytes(lock.read_bytes())
    distribution = re.match(r"[\w-]+", lock.with_suffix(".in").read_text())
    assert distribution is not None
    asked = re.escape(distribution.group())
    version = re.search(rf"^{asked}==(\S+)", lock.read_text(), re.MULTILINE)
    return Peer(name, version.group(1) if version else "", Path(_in(folder)))


def runyard() -> Peer:
    """Our own environment, made from the built wheels."""
    if not any(ROOT.glob("dist/*.whl")):
        raise Unavailable("dist/ holds no wheels; `make bench` builds them")
    return _from_wheels("runyard", ROOT / "dist", ROOT / "requirements.lock")


def runyard_before(checkout: Path) -> Peer:
    """Another commit of ours, checked out in a folder, built from there and named by its commit."""
    wheels = ROOT / "build" / "before"
    shutil.rmtree(wheels, ignore_errors=True)
    for package in sorted((checkout / "packages").glob("*/pyproject.toml")):
        _uv("build", "--wheel", "--out-dir", str(wheels), str(package.parent))
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    made = _from_wheels(BEFORE, wheels, checkout / "requirements.lock")
    return replace(made, version=done.stdout.strip() or checkout.name)


def of_ours(name: str, ours: Peer, installed: dict[str, Peer]) -> list[tuple[str, str, Peer]]:
    """What stands for Runyard in a benchmark: the present, and with `--before` a former commit.

    Args:
        name: What the case is called.
        ours: The present.
        installed: The peers, the former commit among them.

    Returns:
        Name, kind and environment of each case.
    """
    cases = [(name, OURS, ours)]
    if BEFORE in installed:
        former = installed[BEFORE]
        cases.append((f"{name} at {former.version}", BEFORE, former))
    return cases


def _from_wheels(name: str, wheels: Path, lock: Path) -> Peer:
    folder = ROOT / f".venv-bench-{name}"
    _uv("venv", "--clear", "--python", _python(), str(folder))
    _fill(folder, "--require-hashes", "-r", str(lock))
    files = sorted(wheels.glob("*.whl"))
    _fill(folder, "--no-deps", *map(str, files))
    return Peer(name, files[0].name.split("-")[1], Path(_in(folder)))


def _fill(folder: Path, *what: str) -> None:
    """Install and compile, as pip does, so that nobody is measured compiling at each start."""
    _uv("pip", "install", "--compile-bytecode", "--python", _in(folder), *what)


def _python() -> str:
    """The interpreter that every environment is made from, so that none has a head start."""
    return str(ROOT / ".tools" / "bin" / "python")


def _in(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _uv(*arguments: str) -> None:
    command = [str(UV), arguments[0], "--quiet", *arguments[1:]]
    if arguments[0] == "pip":
        command = [str(UV), "pip", arguments[1], "--quiet", *arguments[2:]]
    # Wheels that lie on this machine serve uv as they serve pip.
    found = {"UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", ""), **os.environ}
    done = subprocess.run(command, cwd=ROOT, env=found, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(done.stderr.strip().splitlines()[-1] if done.stderr else "uv failed")
