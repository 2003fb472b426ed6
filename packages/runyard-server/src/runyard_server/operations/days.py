"""The day of a workspace: of which packages are where neither environment nor framework has one.

    environment > its framework's version > workspace > the service's settings > the script's names

It is written into what is kept when it is submitted, and not read when packages are resolved: so
trials of a sweep, replicas that come later and another attempt get what the first one got, whatever
the workspace says by then.
"""

from dataclasses import replace

from runyard.protocol.environments import BY_SCRIPT, OF_WORKSPACE, EnvironmentDefinition
from runyard.protocol.runs import RunSpec
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store.workspaces import WorkspaceRow


def of_spec(system: System, workspace: str, spec: RunSpec) -> RunSpec:
    """A run's spec, of its workspace's day where it has none.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        spec: What is submitted.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    if _has_own(spec.environment):
        return spec
    made = system.read(lambda work: dated(work, workspace, spec.environment))
    return replace(spec, environment=made)


def dated(work: Work, workspace: str, definition: EnvironmentDefinition) -> EnvironmentDefinition:
    """A definition, of its workspace's day where it has none.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        definition: What is asked for.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    return of_row(workspace_row(work, workspace), definition)


def of_row(row: WorkspaceRow, definition: EnvironmentDefinition) -> EnvironmentDefinition:
    """A definition, of the day of a workspace where it has none; `row` is the workspace's."""
    if _has_own(definition) or not row.as_of:
        return definition
    return replace(definition, as_of=row.as_of, as_of_from=OF_WORKSPACE + row.name)


def _has_own(definition: EnvironmentDefinition) -> bool:
    # A script tells on which days it does not run: the workspace says more.
    by_script = definition.as_of_from.startswith(BY_SCRIPT)
    return bool(definition.as_of and not by_script) or definition.user_managed
