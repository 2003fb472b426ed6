"""How a command fails: what it says on stderr, and the exit status that a script can tell it by.

    0 fine   1 it failed   2 the request makes no sense   3 no such thing   4 not allowed
    5 the service cannot be reached   130 interrupted

A traceback is printed for mistakes of ours alone.
"""

import sys
from collections.abc import Callable

from runyard.protocol import errors
from runyard_server.cli import output
from runyard_server.cli.texts import Styled, multiline, without_secrets

EXITS: tuple[tuple[type[errors.RunyardError], int], ...] = (
    (errors.InvalidRequest, 2),
    (errors.NotFound, 3),
    (errors.Unauthenticated, 4),
    (errors.Forbidden, 4),
    (errors.TemporaryError, 5),
)
FAILED = 1
INTERRUPTED = 130


class Exit(Exception):
    """Ends the command with a status, without a message."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def status_of(work: Callable[[], None], *, json_wanted: bool) -> int:
    """Do the work of a command, and say what went wrong.

    Args:
        work: What to do.
        json_wanted: Whether errors are said as JSON.

    Returns:
        The exit status.
    """
    try:
        work()
        # Here and not when the interpreter ends, where nobody could handle a closed pipe.
        output.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); writing on would be an error again.
        output.discard()
        return FAILED
    except output.OutputFailed as error:
        output.discard()
        complain(errors.RunyardError(str(error)), json_wanted=json_wanted)
        return FAILED
    except KeyboardInterrupt:
        output.discard()
        return INTERRUPTED
    except Exit as end:
        # What was printed must arrive all the same, or that is the failure.
        return status_of(lambda: None, json_wanted=json_wanted) or end.status
    except (errors.RunyardError, OSError) as error:
        said = error if isinstance(error, errors.RunyardError) else _of_system(error)
        complain(said, json_wanted=json_wanted)
        # What was printed before is shown too; that it cannot be is no second error.
        status_of(lambda: None, json_wanted=json_wanted)
        return exit_status(said)
    return 0


def exit_status(error: errors.RunyardError) -> int:
    """The exit status that stands for an error."""
    return next((code for kind, code in EXITS if isinstance(error, kind)), FAILED)


def complain(error: errors.RunyardError, *, json_wanted: bool) -> None:
    """Print on stderr what went wrong: for people, or as the wire has it."""
    if json_wanted:
        import json

        wire = json.dumps(errors.to_wire(error), ensure_ascii=False)
        output.write_error(without_secrets(wire) + "\n")
        return
    title = output.painted(Styled("error:", "bold red"), sys.stderr)
    output.write_error(f"{title} {multiline(without_secrets(error.message))}\n")


def _of_system(error: OSError) -> errors.RunyardError:
    """Write in a sentence what the system refused, and for which file."""
    where = f"{error.filename}: " if error.filename else ""
    return errors.RunyardError(f"{where}{error.strerror or error}")
