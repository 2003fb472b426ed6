"""Environments with what is no dependency of ours, each made from a lock file.

Made when a test first needs one, below the checkout, and kept until its lock file is another.
"""

import fcntl
import os
import shutil
from pathlib import Path

from runyard_server.testing import programs

ROOT = Path(__file__).parents[1]
UV = ROOT / ".tools" / "bin" / "uv"
BASE = ROOT / ".tools" / "bin" / "python"
_SECONDS = 1800


def python_of(name: str, lock: Path, base: Path = BASE, *, many: bool = False) -> Path:
    """The interpreter of an environment, which is made where it is missing.

    Args:
        name: What its folder is called below the checkout, behind `.venv-`.
        lock: The lock file.
        base: The interpreter that it is made on.
        many: Whether many processes start in it at once: each would compile what all of them load.
            Otherwise the first does, and of most modules nobody.
    """
    folder = ROOT / f".venv-{name}"
    made = folder / "made-from.txt"
    # Workers of pytest come at the same time.
    with (ROOT / f".venv-{name}.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not made.exists() or made.read_bytes() != lock.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            _uv("venv", "--python", str(base), str(folder))
            python = str(folder / "bin" / "python")
            options = ("--require-hashes", "-r", str(lock), *many * ["--compile-bytecode"])
            _uv("pip", "install", "--python", python, *options)
            made.write_bytes(lock.read_bytes())
    return folder / "bin" / "python"


def _uv(*arguments: str) -> None:
    foreign = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    variables = {name: value for name, value in os.environ.items() if name not in foreign}
    variables = {"UV_SYSTEM_CERTS": "true", **variables, "UV_NO_PROGRESS": "1"}
    programs.run(str(UV), *arguments, variables=variables, seconds=_SECONDS)
