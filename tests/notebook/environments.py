"""Environments with JupyterLab and with kernels, each made from its lock file beside this.

Made when a test first needs it, below the checkout, and kept until its lock file is another. The
packages under test are not installed there: kernels find those of the tests' own environment.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import azureml.widgets
import runyard

ROOT = Path(__file__).parents[2]
UV = ROOT / ".tools" / "bin" / "uv"
LAB, OLD = "requirements", "requirements-3.7"


def python_of(lock_name: str) -> Path:
    """The interpreter of an environment, which is made where it is missing.

    Args:
        lock_name: `LAB`, of JupyterLab and the newest kernel; `OLD`, of a kernel on Python 3.7.
    """
    lock = Path(__file__).parent / f"{lock_name}.txt"
    folder = ROOT / f".venv-notebook-{lock_name}"
    made = folder / "made-from.txt"
    # Workers of pytest come at the same time.
    with (ROOT / f".venv-notebook-{lock_name}.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not made.exists() or made.read_bytes() != lock.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            _uv("venv", "--python", _base(lock_name), str(folder))
            python = str(folder / "bin" / "python")
            _uv("pip", "install", "--python", python, "--require-hashes", "-r", str(lock))
            made.write_bytes(lock.read_bytes())
    return folder / "bin" / "python"


def packages(folder: Path) -> Path:
    """A folder for PYTHONPATH that has the packages under test alone."""
    folder.mkdir()
    (folder / "runyard").symlink_to(Path(runyard.__file__).parent)
    (folder / "azureml").symlink_to(Path(azureml.widgets.__file__).parents[1])
    return folder


def _base(lock_name: str) -> str:
    if lock_name == LAB:
        return str(ROOT / ".tools" / "bin" / "python")
    command = [sys.executable, "-P", str(ROOT / "tools" / "interpreters.py"), "3.7"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _uv(*arguments: str) -> None:
    environment = {**os.environ, "UV_NO_PROGRESS": "1"}
    environment.setdefault("UV_SYSTEM_CERTS", "true")
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [str(UV), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
