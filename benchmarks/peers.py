"""The peers: each in an environment of its own, made from its own lock file.

`peers/<name>.in` says what is asked for, first what the peer is called after; `peers/<name>.txt`
is the lock. That of PyTorch is for the build without GPUs, which not every index has. A peer that
cannot be installed is named in the report with the reason, never left out silently.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

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
        """Give the path of a program of the environment."""
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
    """Give our own environment, made from the built wheels."""
    folder = ROOT / ".venv-bench-runyard"
    wheels = sorted(ROOT.glob("dist/*.whl"))
    if not wheels:
        raise Unavailable("dist/ holds no wheels; `make bench` builds them")
    _uv("venv", "--clear", "--python", _python(), str(folder))
    _fill(folder, "--require-hashes", "-r", str(ROOT / "requirements.lock"))
    _fill(folder, "--no-deps", *map(str, wheels))
    return Peer("runyard", wheels[0].name.split("-")[1], Path(_in(folder)))


def _fill(folder: Path, *what: str) -> None:
    """Install and compile, as pip does, so that nobody is measured compiling at each start."""
    _uv("pip", "install", "--compile-bytecode", "--python", _in(folder), *what)


def _python() -> str:
    """Give the interpreter that every environment is made from, so that none has a head start."""
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
