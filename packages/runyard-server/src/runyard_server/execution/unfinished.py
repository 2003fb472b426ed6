"""What a loop that starts has to look at, known without the rules that go on with it.

Those rules load samplers and policies: 1.2 MB that a service without sweeps does not need.
"""

from runyard_server.core.system import System
from runyard_server.store import endpoints, journals, pipelines, schedules, sweeps
from runyard_server.store.subjects import JOURNAL, Subject


def unfinished_sweeps(system: System) -> list[Subject]:
    """The sweeps that have not ended."""
    return system.read(lambda work: sweeps.active(work.connection))


def unfinished_pipelines(system: System) -> list[Subject]:
    """The pipeline runs that have not ended."""
    return system.read(lambda work: pipelines.active(work.connection))


def due_schedules(system: System) -> list[Subject]:
    """The schedules that will be due some time."""
    return system.read(lambda work: schedules.due(work.connection))


def unshown_journals(system: System) -> list[Subject]:
    """The journals with entries that are not shown yet."""
    found = system.read(lambda work: journals.behind(work.connection))
    return [Subject(JOURNAL, workspace, name) for workspace, name in found]


def every_endpoint(system: System) -> list[Subject]:
    """The endpoints there are."""
    return system.read(lambda work: endpoints.subjects(work.connection))
