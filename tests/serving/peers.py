"""Tools of others that the comparisons run, each in an environment made from its own lock file.

`peers/<name>.in` says what is asked for, `peers/<name>.txt` is the lock. An environment is made
when a test first needs it, below the checkout, and kept until its lock file is another.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV = ROOT / ".tools" / "bin" / "uv"
BASE = ROOT / ".tools" / "bin" / "python"
LOCKS = Path(__file__).parent / "peers"


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, which is made where it is missing.

    Args:
        name: Of the lock file.
    """
    lock = LOCKS / f"{name}.txt"
    folder = ROOT / f".venv-peer-{name}"
    made = folder / "made-from.txt"
    # Workers of pytest come at the same time.
    with (ROOT / f".venv-peer-{name}.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not made.exists() or made.read_bytes() != lock.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            _uv("venv", "--python", str(BASE), str(folder))
            python = str(folder / "bin" / "python")
            _uv("pip", "install", "--python", python, "--require-hashes", "-r", str(lock))
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
