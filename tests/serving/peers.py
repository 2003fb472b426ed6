"""Tools of others that the comparisons run, each in an environment made from its own lock file.

`peers/<name>.in` says what is asked for, `peers/<name>.txt` is the lock.
"""

from pathlib import Path

from tests import locked_environments

LOCKS = Path(__file__).parent / "peers"


def python_of(name: str, locks: Path = LOCKS) -> Path:
    """The interpreter of a peer's environment, which is made where it is missing.

    Args:
        name: Of the lock file.
        locks: The folder that has it.
    """
    return locked_environments.python_of(f"peer-{name}", locks / f"{name}.txt")
