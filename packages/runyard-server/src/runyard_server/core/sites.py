"""Sites: where runs can be, each with its backend and the environments that its nodes use.

Rules ask a site what it can do, and hand it abstract jobs; which machine that is, with which paths
and addresses, is its backend's matter. The target `local` of v1 scripts is the site of that name,
which is always there: the service's own machine, unless the settings say otherwise.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from runyard.protocol.environments import LockRecord
from runyard.protocol.errors import InvalidRequest, TemporaryError
from runyard.protocol.jobs import JobEnvironment
from runyard.protocol.runs import LOCAL_TARGET
from runyard.protocol.suggestions import suggest
from runyard_server.compute.absent import AbsentBackend
from runyard_server.compute.base import Backend, Observation
from runyard_server.environments.mpi import Machine
from runyard_server.environments.on_nodes import NodeEnvironments

_log = logging.getLogger(__name__)
_NOWHERE = Machine("", "", (0, 0), "")


class SiteEnvironments(Protocol):
    """How locks become environments on the nodes of a site."""

    @property
    def machine(self) -> Machine:
        """The machine on which environments are made: it decides where MPI comes from."""
        ...

    def realised(self, lock: LockRecord) -> JobEnvironment | None:
        """The environment of a lock if jobs can use it at once; quick, asked in the loop."""
        ...

    def realise(
        self, lock: LockRecord, log_path: Path, cancelled: Callable[[], bool]
    ) -> JobEnvironment:
        """Make the environment of a lock; may take minutes.

        Args:
            lock: The lock.
            log_path: The file that takes the build log.
            cancelled: Says whether to give up.
        """
        ...

    def check_mpi(self, interpreter: str) -> None:
        """Refuse an interpreter of the user's own that has no mpirun."""
        ...

    def pythons(self) -> list[str]:
        """The versions of the Pythons that are known to be there, newest first."""
        ...


@dataclass(frozen=True)
class Site:
    """A place where runs can be.

    Args:
        name: Its name in the settings.
        kind: The kind of its backend.
        backend: Starts and watches its agents.
        environments: How its nodes come to environments.
        url: Says where its jobs reach the service.
    """

    name: str
    kind: str
    backend: Backend
    environments: SiteEnvironments
    url: Callable[[], str]

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """See which agents are alive; None of those that the backend does not tell of.

        A backend that fails, against its contract, keeps nobody from looking at the other sites.
        """
        try:
            seen = self.backend.observe(handles)
        except Exception as error:  # noqa: BLE001 - the agents' beats tell how they are
            _log.warning("site %s cannot be looked at: %r", self.name, error)
            seen = {}
        return {handle: seen.get(handle, Observation(alive=None)) for handle in handles}


class Attaching(Protocol):
    """Makes sites that are in no settings, and keeps them for the next start."""

    def make(self, name: str, kind: str, options: Mapping[str, Any]) -> Site:
        """Make a site and reach it.

        Args:
            name: Its name.
            kind: The kind of its backend.
            options: The backend's options.

        Raises:
            RunyardError: It cannot be made, or cannot be reached now.
        """
        ...

    def keep(self, name: str, kind: str, options: Mapping[str, Any]) -> None:
        """Have a site there after the next start.

        Args:
            name: Its name.
            kind: The kind of its backend.
            options: The backend's options.
        """
        ...

    def forget(self, name: str) -> None:
        """Have it there no more."""
        ...


class Sites:
    """All sites of a service.

    Args:
        sites: One for each that the settings name, and `local`.
        default: Where clusters are that name no site.
        attaching: Makes further ones while the service runs.

    Raises:
        InvalidRequest: There is no site of the default's name.
    """

    def __init__(
        self,
        sites: Iterable[Site],
        default: str = LOCAL_TARGET,
        attaching: Attaching | None = None,
    ) -> None:
        self._attaching = attaching
        self._sites = {site.name: site for site in sites}
        self.default = default
        self.named(default)

    def __iter__(self) -> Iterator[Site]:
        """Go through them, the default first, then by name."""
        names = sorted(self._sites, key=lambda name: (name != self.default, name))
        return iter([self._sites[name] for name in names])

    def attach(self, name: str, kind: str, options: Mapping[str, Any]) -> Site:
        """Add a site while the service runs, which is there after the next start, too.

        Args:
            name: Its name.
            kind: The kind of its backend.
            options: The backend's options.

        Raises:
            InvalidRequest: It cannot be made or reached; with what to do about that.
        """
        if self._attaching is None or name in self._sites:
            raise InvalidRequest(f"the site {name!r} cannot be added: there is one of that name")
        try:
            site = self._attaching.make(name, kind, options)
        except TemporaryError as error:
            raise InvalidRequest(error.message) from error
        self._attaching.keep(name, kind, options)
        # Another dictionary, for others go through the present one.
        self._sites = {**self._sites, name: site}
        return site

    def detach(self, name: str) -> None:
        """Remove a site that was added by `attach`."""
        site = self._sites.get(name)
        if self._attaching is None or site is None:
            return
        self._sites = {key: each for key, each in self._sites.items() if key != name}
        self._attaching.forget(name)
        site.backend.close()

    def named(self, name: str) -> Site:
        """The site of a name that somebody gives.

        Raises:
            InvalidRequest: There is none; the message names those there are, the nearest first.
        """
        if name not in self._sites:
            near = suggest(name, sorted(self._sites), "there is none")
            raise InvalidRequest(f"there is no site {name!r}; {near.sentence}")
        return self._sites[name]

    def of(self, name: str) -> Site:
        """The site that a record names; a stand-in where the settings have it no more.

        What runs there is known by its beats alone, and nothing new begins until it is back.
        """
        found = self._sites.get(name)
        if found is None:
            backend = AbsentBackend(name)
            return Site(name, "absent", backend, NodeEnvironments(_NOWHERE), lambda: "")
        return found
