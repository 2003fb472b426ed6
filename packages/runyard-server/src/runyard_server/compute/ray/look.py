"""Learns which kinds of nodes an autoscaler can start, by a job of some seconds on the head."""

import json
from typing import Any

from runyard_server.compute.ray import package
from runyard_server.compute.ray.api import PENDING, Api

# As the job writes it.
_MARK = "runyard-kinds "


class Look:
    """The job, submitted once.

    Args:
        api: The head.
        identity: Its id.
        entrypoint: Its command.
    """

    def __init__(self, api: Api, identity: str, entrypoint: str) -> None:
        self._api = api
        self._identity = identity
        self._entrypoint = entrypoint
        self._begun = self._done = False

    def turn(self) -> list[dict[str, Any]]:
        """Do the next step; give the kinds once they are known, and nothing before and after.

        Raises:
            TemporaryError: The head cannot be asked.
        """
        if self._done:
            return []
        job = self._api.job(self._identity)
        if job is not None and job.get("status") in PENDING:
            self._begun = True
            return []
        if job is not None and self._begun:
            self._done = True
            found = _kinds(self._api.log(self._identity))
            self._api.forget(self._identity)
            return found
        if job is not None:
            # Of a service before this one; the cluster may be another since.
            self._api.forget(self._identity)
        self._submit()
        return []

    def _submit(self) -> None:
        uri = self._api.upload(*package.make())
        self._api.submit(self._identity, self._entrypoint, uri, {})
        self._begun = True


def _kinds(log: str) -> list[dict[str, Any]]:
    for line in log.splitlines():
        if line.startswith(_MARK):
            found: list[dict[str, Any]] = json.loads(line[len(_MARK) :])
            return found
    return []
