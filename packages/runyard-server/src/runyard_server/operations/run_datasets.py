"""What is checked of the datasets that a run is to read or make, before it is written down."""

import re

from runyard.protocol.dataset_definitions import FILE
from runyard.protocol.dataset_paths import normal
from runyard.protocol.datasets import (
    DIRECT,
    INPUT_MODES,
    INPUT_RULE,
    OUTPUT_MODES,
    RunInput,
    RunOutput,
)
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import RunSpec
from runyard_server.execution.dataset_versions import check_name, checked_definition
from runyard_server.operations.submission_lookups import Lookups

# Each name becomes a variable of the job: these are the system's, and those that begin so are
# what the job itself sets. v1 warned of some and had them replaced.
_TAKEN = frozenset(
    (
        *("path", "home", "pwd", "shell", "user", "logname", "tmpdir", "virtual_env"),
        *("ld_library_path", "ld_preload"),
    )
)
_OURS = ("azureml_", "runyard_", "python")
_MOST = 100


def check(known: Lookups, spec: RunSpec) -> None:
    """Check the inputs and outputs of a run.

    Args:
        known: Looks up what they name.
        spec: What was submitted.

    Raises:
        RunyardError: The first fault found.
    """
    if len(spec.inputs) + len(spec.outputs) > _MOST:
        raise InvalidRequest(f"a run has {_MOST} inputs and outputs at most")
    seen = {reference.name.lower() for reference in spec.data}
    named = [given.name for given in spec.inputs] + [output.name for output in spec.outputs]
    for name in named:
        check_variable(name)
        if name.lower() in seen:
            raise InvalidRequest(
                f"two of the run's data references, inputs and outputs are called {name!r}; give "
                "each a name of its own"
            )
        # By lower case, for an input sets the variables of both.
        seen.add(name.lower())
    for given in spec.inputs:
        _check_input(known, given)
    for output in spec.outputs:
        _check_output(known, output)


def check_variable(name: str) -> None:
    """Refuse the name of an input or output that can be no variable, or is one that jobs need.

    Raises:
        InvalidRequest: It is.
    """
    if re.fullmatch(INPUT_RULE, name) is None:
        raise InvalidRequest(
            f"{name[:80]!r} cannot name a dataset of a run: letters, digits and '_', not "
            "beginning with a digit"
        )
    if name.lower() in _TAKEN or name.lower().startswith(_OURS):
        raise InvalidRequest(
            f"{name!r} cannot name a dataset of a run, for the job has a variable of that name "
            "already; choose another"
        )


def _check_input(known: Lookups, given: RunInput) -> None:
    if given.mode not in INPUT_MODES:
        raise InvalidRequest(
            f"the mode {given.mode!r} of input {given.name!r} is unknown; use "
            f"{', '.join(INPUT_MODES)}"
        )
    if known.dataset_kind(given.dataset) != FILE and given.mode != DIRECT:
        raise InvalidRequest(
            f"input {given.name!r} is a tabular dataset, which has no files to {given.mode}; pass "
            "it by as_named_input alone, and read it in the script with to_pandas_dataframe()"
        )


def _check_output(known: Lookups, output: RunOutput) -> None:
    if output.mode not in OUTPUT_MODES:
        raise InvalidRequest(
            f"the mode {output.mode!r} of output {output.name!r} is unknown; use "
            f"{', '.join(OUTPUT_MODES)}"
        )
    known.folder(output.datastore)
    try:
        path = normal(output.path)
    except ValueError as error:
        raise InvalidRequest(f"output {output.name!r}: {error}") from None
    if not path:
        raise InvalidRequest(
            f"output {output.name!r} would be all of datastore {output.datastore!r}; give a path, "
            "such as dataset/{run-id}/{output-name}"
        )
    if output.register:
        check_name(output.register)
    given = dict(output.definition)
    glob = given.pop("path_glob", "")
    # As it will be put together when the run has ended, where nobody can mend it any more.
    source = {"datastore": output.datastore, "path": f"{path}/{glob}" if glob else path}
    try:
        checked_definition({"kind": FILE, **given, "sources": [source]})
    except InvalidRequest as error:
        raise InvalidRequest(f"output {output.name!r}: {error.message}") from None
