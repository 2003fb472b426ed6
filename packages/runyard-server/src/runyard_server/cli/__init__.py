"""The `runyard` command: a client like any other, for people at a terminal and for scripts.

Every command that shows something takes `--json` and then prints the protocol's records, whose
fields are stable; tables are for people and may change. What a command does is asked of the
service; only `serve` runs it, and `doctor` looks at the machine itself.

Exit status: 0 fine; 1 it failed; 2 the command line or the request makes no sense; 3 there is no
such thing; 4 not allowed; 5 the service cannot be reached; 130 interrupted.

    tree         the commands as plain data; their modules are imported when they are called
    parameters   a command's function is its command line; words reads it, helping shows it
    tables       what keeps legible on a narrow terminal; output and texts print it safely
"""

import sys
from collections.abc import Sequence

__all__ = ["command_exists", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status.

    Args:
        arguments: What follows `runyard`; None takes the process's own.
    """
    try:
        from runyard_server.cli import program
    except KeyboardInterrupt:
        # While modules are loaded nobody is there yet who would handle it.
        sys.exit(130)
    program.run(arguments)


def command_exists(words: Sequence[str]) -> bool:
    """Whether `runyard <words>` names a command that there is; what follows the name is ignored."""
    from runyard_server.cli import program

    return program.exists(words)
