"""What git knows of a source folder, as properties of the run that was made from it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Dict, List, Optional

SECONDS = 5.0


def of(folder: str) -> Dict[str, str]:
    """Give the repository, branch, commit and state of a folder; {} outside git or without it."""
    where = Path(folder or ".").resolve()
    if not any((above / ".git").exists() for above in (where, *where.parents)):
        return {}
    commit = _git(where, ["rev-parse", "HEAD"])
    if not commit:
        return {}
    url = _git(where, ["config", "--get", "remote.origin.url"])
    branch = _git(where, ["symbolic-ref", "--short", "-q", "HEAD"])
    dirty = _git(where, ["status", "--porcelain", "--untracked-files=no", "--", "."])
    found = {
        "azureml.git.commit": commit,
        "mlflow.source.git.commit": commit,
        "azureml.git.dirty": str(bool(dirty)),
    }
    if url:
        found.update({"azureml.git.repository_uri": url, "mlflow.source.git.repoURL": url})
    if branch:
        found.update({"azureml.git.branch": branch, "mlflow.source.git.branch": branch})
    return found


def _git(folder: Path, arguments: List[str]) -> Optional[str]:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
