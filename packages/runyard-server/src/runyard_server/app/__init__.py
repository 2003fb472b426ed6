"""The service as a program: the only place where concrete choices are made and wired together.

    program     the command line: reads the settings, claims the state folder, serves, cleans up
    claim       one service per state folder, and only on a file system with locks
    listening   the socket, and what to say when it cannot be had
    building    makes the parts and wires them
    server      serves until asked to stop; the connection file; the end of an idle service
    logs        where the log goes

`python -m runyard_server.app --embedded` is what clients start; `runyard serve` is the same.
"""

import gc
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a service until it is asked to stop; give the exit status.

    Args:
        arguments: The command line after the program's name; the process's own by default.
    """
    # What is loaded now is made to stay: collecting in between costs a tenth of the start.
    gc.disable()
    from runyard_server.app import program

    return program.main(arguments)
