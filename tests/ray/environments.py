"""Environments with Ray, each made from its lock file beside this; Ray is no dependency of ours.

Made when a test first needs one, below the checkout, and kept until its lock file is another.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV = ROOT / ".tools" / "bin" / "uv"
NEWEST, OLDER = "requirements", "requirements-older"


def python_of(lock_name: str) -> Path:
    """The interpreter of an environment, which is made where it is missing.

    Args:
        lock_name: `NEWEST` or `OLDER`, a release of two years before.
    """
    lock = Path(__file__).parent / f"{lock_name}.txt"
    folder = ROOT / f".venv-ray-{lock_name}"
    made = folder / "made-from.txt"
    # Workers of pytest come at the same time.
    with (ROOT / f".venv-ray-{lock_name}.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not made.exists() or made.read_bytes() != lock.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            base = str(ROOT / ".tools" / "bin" / "python")
            _uv("venv", "--python", base, str(folder))
            python = str(folder / "bin" / "python")
            compiled = ("--compile-bytecode", "--require-hashes", "-r", str(lock))
            _uv("pip", "install", "--python", python, *compiled)
            made.write_bytes(lock.read_bytes())
    return folder / "bin" / "python"


def _uv(*arguments: str) -> None:
    environment = {**os.environ, "UV_NO_PROGRESS": "1"}
    environment.setdefault("UV_SYSTEM_CERTS", "true")
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [str(UV), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
