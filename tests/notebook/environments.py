"""Environments with JupyterLab and with kernels, each made from its lock file beside this.

The packages under test are not installed there: kernels find those of the tests' own environment.
"""

import subprocess
import sys
from pathlib import Path

from tests import locked_environments

import azureml.widgets
import runyard

LAB, OLD = "requirements", "requirements-3.7"


def python_of(lock_name: str) -> Path:
    """The interpreter of an environment, which is made where it is missing.

    Args:
        lock_name: `LAB`, of JupyterLab and the newest kernel; `OLD`, of a kernel on Python 3.7.
    """
    lock = Path(__file__).parent / f"{lock_name}.txt"
    return locked_environments.python_of(f"notebook-{lock_name}", lock, _base(lock_name))


def packages(folder: Path) -> Path:
    """A folder for PYTHONPATH that has the packages under test alone."""
    folder.mkdir()
    (folder / "runyard").symlink_to(Path(runyard.__file__).parent)
    (folder / "azureml").symlink_to(Path(azureml.widgets.__file__).parents[1])
    return folder


def _base(lock_name: str) -> Path:
    if lock_name == LAB:
        return locked_environments.BASE
    program = locked_environments.ROOT / "tools" / "interpreters.py"
    command = [sys.executable, "-P", str(program), "3.7"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
