"""Parameters of runs: what they were given to do their work with. Each is written once.

A value that means the same as the one that is there is no conflict: a script that was given
`--lr 1e-1` may log 0.1.
"""

from collections.abc import Mapping

from runyard.protocol.errors import Conflict, InvalidRequest
from runyard.protocol.parameters import (
    LONGEST_NAME,
    LONGEST_VALUE,
    LogParameters,
    ParameterList,
)
from runyard.protocol.runs import SubmitRun
from runyard_server.core import lookups, specs
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import runs as rows
from runyard_server.store.arguments import of_arguments, of_command
from runyard_server.store.functions import as_number


def list_(system: System, workspace: str, run: str) -> ParameterList:
    """All parameters of a run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def read(work: Work) -> dict[str, str]:
        key = lookups.run_key(work, workspace, run)
        return rows.params(work.connection, [key])[key]

    return ParameterList(run, system.read(read))


def log(system: System, workspace: str, run: str, *, body: LogParameters) -> ParameterList:
    """Add parameters to a run, all or none; also to one that has ended.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        InvalidRequest: A name or a value is too long.
        Conflict: A parameter has another value already.
    """
    given = checked(body.params)

    def write(work: Work) -> dict[str, str]:
        key = lookups.run_key(work, workspace, run)
        add(work, run, key, given)
        return rows.params(work.connection, [key])[key]

    return ParameterList(run, system.write(write))


def add(work: Work, run: str, key: int, given: Mapping[str, str], *, spelt: bool = False) -> None:
    """Add parameters, all or none.

    Args:
        work: The unit of work.
        run: Id of the run, for the message.
        key: Key of its row.
        given: What `checked` has passed.
        spelt: Whether what the command line spells gives way: that is a guess of ours, and a
            script knows better what it works with.

    Raises:
        Conflict: One has another value already.
    """
    known = rows.params(work.connection, [key], list(given))[key]
    other = {name for name, value in known.items() if not _is_same(value, given[name])}
    if other and spelt:
        spec = specs.of_run(work, key)
        guessed = of_command(spec.command) if spec.command else of_arguments(spec.arguments)
        guesses = {name for name in other if guessed.get(name) == known[name]}
        rows.remove_params(work.connection, key, sorted(guesses))
        known = {name: value for name, value in known.items() if name not in guesses}
        other -= guesses
    for name in sorted(other):
        raise Conflict(
            f"parameter {name!r} of run {run} is {known[name]!r} and cannot become "
            f"{given[name]!r}: parameters are written once; log what changes as a metric or a tag"
        )
    fresh = {name: value for name, value in given.items() if name not in known}
    rows.add_params(work.connection, key, fresh)


def of_submission(body: SubmitRun) -> dict[str, str]:
    """The parameters of a run that is submitted: its script's arguments, and those given as such.

    Raises:
        InvalidRequest: A name or a value that was given is too long.
    """
    spec = body.spec
    spelt = of_command(spec.command) if spec.command else of_arguments(spec.arguments)
    # What is given by name wins: a sweep knows what it set, and arguments may be templates.
    # Arguments that are too long are cut, not refused: their script runs all the same.
    return {**spelt, **checked(body.params)}


def checked(params: Mapping[str, str]) -> dict[str, str]:
    """Parameters whose names and values are of a length that can be kept.

    Raises:
        InvalidRequest: One is empty or too long.
    """
    for name, value in params.items():
        if not 1 <= len(name) <= LONGEST_NAME:
            raise InvalidRequest(
                f"the parameter name {name[:40]!r} has {len(name)} characters; "
                f"use 1 to {LONGEST_NAME}"
            )
        if len(value) > LONGEST_VALUE:
            raise InvalidRequest(
                f"the value of parameter {name!r} has {len(value)} characters; up to "
                f"{LONGEST_VALUE} are kept: write longer ones into a file of the run"
            )
    return dict(params)


def _is_same(one: str, other: str) -> bool:
    """Whether two values mean the same: equal texts, or equal numbers."""
    # Two versions of a script may write 0.1 and 1e-1.
    number = as_number(one)
    return one == other or (number is not None and number == as_number(other))
