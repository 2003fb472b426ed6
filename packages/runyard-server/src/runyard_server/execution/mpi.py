"""What a run that is started by MPI gets at its submission: the packages that it cannot do without.

It is done here and not in the SDK, so that every client gets the same. What was added is a property
of the run, so that users see it.
"""

from dataclasses import replace

from runyard.protocol.runs import RunSpec
from runyard_server.core.sites import SiteEnvironments
from runyard_server.environments import mpi

KIND, GLOO = "mpi", "gloo"
ADDED = "runyard.added_packages"


def completed(spec: RunSpec, site: SiteEnvironments) -> tuple[RunSpec, dict[str, str]]:
    """The spec with the packages for MPI in its environment, and the properties that tell it.

    Args:
        spec: What is submitted.
        site: How environments are made where it is to run.

    Raises:
        InvalidRequest: There is no MPI for it there.
    """
    definition = spec.environment
    if spec.launcher.kind != KIND:
        return spec, {}
    if spec.launcher.backend == GLOO and definition.user_managed:
        return spec, {}
    if definition.user_managed:
        site.check_mpi(definition.interpreter)
        return spec, {}
    machine = site.machine
    if spec.launcher.backend == GLOO or mpi.needs_gloo(definition, machine):
        return _with_gloo(spec), {ADDED: mpi.WITH_GLOO}
    added = mpi.additions(definition, machine)
    if not added:
        return spec, {}
    grown = replace(definition, pip=[*definition.pip, *added])
    return replace(spec, environment=grown), {ADDED: ", ".join(added)}


def _with_gloo(spec: RunSpec) -> RunSpec:
    """The spec with Horovod's Gloo in the place of MPI."""
    environment = mpi.with_gloo(spec.environment)
    launcher = replace(spec.launcher, backend=GLOO)
    return replace(spec, environment=environment, launcher=launcher)
