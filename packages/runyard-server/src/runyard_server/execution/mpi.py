"""What a run that is started by MPI gets at its submission: the packages that it cannot do without.

It is done here and not in the SDK, so that every client gets the same. What was added is a property
of the run, so that users see it.
"""

import os
from dataclasses import replace

from runyard.protocol.runs import RunSpec
from runyard_server.environments import interpreters, mpi

KIND, GLOO = "mpi", "gloo"
ADDED = "runyard.added_packages"


def completed(spec: RunSpec) -> tuple[RunSpec, dict[str, str]]:
    """Give the spec with the packages for MPI in its environment, and the properties that tell it.

    Raises:
        InvalidRequest: There is no MPI for it on this machine.
    """
    definition = spec.environment
    if spec.launcher.kind != KIND:
        return spec, {}
    if spec.launcher.backend == GLOO and definition.user_managed:
        return spec, {}
    if definition.user_managed:
        mpi.check_interpreter(
            definition.interpreter, interpreters.located(definition.interpreter), os.environ
        )
        return spec, {}
    machine = mpi.this_machine()
    if spec.launcher.backend == GLOO or mpi.needs_gloo(definition, machine):
        return _with_gloo(spec), {ADDED: mpi.WITH_GLOO}
    added = mpi.additions(definition, machine)
    if not added:
        return spec, {}
    grown = replace(definition, pip=[*definition.pip, *added])
    return replace(spec, environment=grown), {ADDED: ", ".join(added)}


def _with_gloo(spec: RunSpec) -> RunSpec:
    """Give the spec with Horovod's Gloo in the place of MPI."""
    environment = mpi.with_gloo(spec.environment)
    launcher = replace(spec.launcher, backend=GLOO)
    return replace(spec, environment=environment, launcher=launcher)
