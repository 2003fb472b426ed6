"""What git knows of a source folder, as properties of the run that was made from it.

The questions are asked all at once and answered while the snapshot is made; git that is slow or
absent costs nothing but the properties.
"""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Optional, Tuple

if TYPE_CHECKING:
    from typing_extensions import Self

SECONDS = 5.0
# A user name and password in an address stay here.
SECRET = re.compile(r"^(\w+://)[^/@]*@")
QUESTIONS = {
    "commit": ("rev-parse", "HEAD"),
    "url": ("config", "--get", "remote.origin.url"),
    "branch": ("symbolic-ref", "--short", "-q", "HEAD"),
    "dirty": ("status", "--porcelain", "--untracked-files=no", "--", "."),
}


class Asked:
    """Questions to git that are being answered.

    Args:
        questions: Name -> the process that answers it.
    """

    def __init__(self, questions: Dict[str, subprocess.Popen[bytes]]) -> None:
        self._questions = questions
        self._deadline = time.monotonic() + SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._questions.values():
            if process.returncode is None:
                process.kill()
                process.communicate()

    def properties(self) -> Dict[str, str]:
        """Read the repository, branch, commit and state; {} outside git or without it."""
        found = {name: self._answer(process) for name, process in self._questions.items()}
        commit = found.get("commit")
        if not commit:
            return {}
        given = {"azureml.git.commit": commit, "mlflow.source.git.commit": commit}
        if found["dirty"] is not None:
            given["azureml.git.dirty"] = str(bool(found["dirty"]))
        if found["url"]:
            url = SECRET.sub(r"\1", found["url"])
            given["azureml.git.repository_uri"] = given["mlflow.source.git.repoURL"] = url
        if found["branch"]:
            given["azureml.git.branch"] = given["mlflow.source.git.branch"] = found["branch"]
        return given

    def _answer(self, process: subprocess.Popen[bytes]) -> Optional[str]:
        """Wait for what a process writes, None if it failed or took too long."""
        try:
            text, _ = process.communicate(timeout=max(0.01, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
        return text.decode("utf-8", "replace").strip() if process.returncode == 0 else None


def ask(folder: str) -> Asked:
    """Ask git about a folder; use it in a `with` block and read `properties()` at its end."""
    where = Path(folder or ".").resolve()
    # It is a file in worktrees and submodules.
    if not any((above / ".git").exists() for above in (where, *where.parents)):
        return Asked({})
    try:
        return Asked({name: _start(where, words) for name, words in QUESTIONS.items()})
    except OSError:
        return Asked({})


def _start(folder: Path, words: Tuple[str, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # `git status` would else write the index, and lock the user's own git out meanwhile.
        ["git", "--no-optional-locks", "-C", str(folder), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
