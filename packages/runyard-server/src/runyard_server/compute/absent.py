"""Stands in for the backend of a site that the settings have no more, until it is back."""

from collections.abc import Sequence
from typing import NoReturn

from runyard.protocol.errors import TemporaryError
from runyard_server.compute.base import (
    JOB,
    SALVAGE,
    Answer,
    Backend,
    Capabilities,
    Grant,
    Job,
    LaunchPlan,
    Need,
    Observation,
    Place,
)


class AbsentBackend(Backend):
    """Knows nothing and starts nothing: what runs there is known by its beats alone.

    Args:
        site: The site's name.
    """

    def __init__(self, site: str) -> None:
        self._site = site

    def capabilities(self) -> Capabilities:
        """Nothing is known but that there was a node."""
        return Capabilities(cpus=1, called=f"site {self._site!r}")

    def could_run(self, need: Need) -> Answer:
        """Nothing can, until the site is back."""
        del need
        return Answer(self._reason())

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """A plan that `launch` refuses."""
        purpose = JOB if salvage is None else SALVAGE
        made = job.at(Place("", "", ""))
        return LaunchPlan(job.run, job.node, job.attempt, purpose, ["absent"], {}, "", made)

    def launch(self, plan: LaunchPlan) -> NoReturn:
        """Refuse for the time being.

        Raises:
            TemporaryError: Always.
        """
        raise TemporaryError(f"run {plan.run}: {self._reason()}")

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Nobody can tell."""
        return {handle: Observation(alive=None) for handle in handles}

    def cancel(self, handle: str) -> NoReturn:
        """Refuse for the time being.

        Raises:
            TemporaryError: Always.
        """
        del handle
        raise TemporaryError(self._reason())

    def resize(self, cluster: str, need: Need) -> Grant:
        """Grant nothing."""
        del cluster, need
        return Grant(0, self._reason())

    def _reason(self) -> str:
        return (
            f"site {self._site!r} is not in the service's settings: add [sites.{self._site}] to "
            "config.toml and start the service again"
        )
