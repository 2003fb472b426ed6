"""Environments with Ray, each made from its lock file beside this; Ray is no dependency of ours."""

from pathlib import Path

from tests import locked_environments

NEWEST, OLDER = "requirements", "requirements-older"


def python_of(lock_name: str) -> Path:
    """The interpreter of an environment, which is made where it is missing.

    Args:
        lock_name: `NEWEST` or `OLDER`, a release of two years before.
    """
    lock = Path(__file__).parent / f"{lock_name}.txt"
    return locked_environments.python_of(f"ray-{lock_name}", lock, many=True)
