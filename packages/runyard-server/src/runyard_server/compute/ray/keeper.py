"""Sees to it that the drivers are there which are needed, and learns what the cluster has.

One thread for a site, started when something is first asked of it, and at rest while nothing is.
Only it speaks to the head, so that nobody who waits for an answer waits for a head that is down.

A driver is a job of Ray's with an id of its cluster's, the same from every instance of the service:
so a second submission is refused by Ray itself, and a service that starts anew finds its drivers.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from runyard.protocol.errors import RunyardError
from runyard_server.compute.ray import package
from runyard_server.compute.ray.api import PENDING, Api
from runyard_server.compute.ray.catalog import Catalog
from runyard_server.compute.ray.desk import Desk
from runyard_server.compute.ray.look import Look

_log = logging.getLogger(__name__)
_TURN_SECONDS = 1.0
# Nobody has asked for so long: the thread rests.
_REST_SECONDS = 30.0
# A driver that runs and has not dialed for so long does not reach the service.
_DIAL_SECONDS = 15.0
_NAMED = 10


class Keeper:
    """The drivers of one site.

    Args:
        api: The head.
        catalog: What is known of the cluster's nodes.
        identity: The service and the site, for ids.
        config: What the driver of a cluster is told.
        command: The interpreter on the head that has Ray.
    """

    def __init__(
        self,
        api: Api,
        catalog: Catalog,
        identity: str,
        config: Callable[[str], dict[str, str]],
        command: str,
    ) -> None:
        self._api = api
        self._catalog = catalog
        self._identity = identity
        self._config = config
        self._entrypoint = f"{command} -m {package.MODULE}"
        self._look = Look(api, f"runyard-look-{identity}", self._entrypoint + ".look")
        self._lock = threading.Condition()
        self._desks: dict[str, Desk] = {}
        self._asked = 0.0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._since: dict[str, float] = {}

    def look_at(self, desks: Sequence[Desk]) -> None:
        """Have the drivers of clusters looked at soon, in the background."""
        with self._lock:
            if self._closed:
                return
            self._asked = time.monotonic()
            fresh = [each for each in desks if each.cluster not in self._desks]
            self._desks.update({each.cluster: each for each in fresh})
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ray-keeper", daemon=True)
                self._thread.start()
            elif fresh:
                self._lock.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def identity(self, cluster: str) -> str:
        """The id of a cluster's driver at Ray."""
        name = cluster.rpartition("/")[2][:_NAMED]
        told = hashlib.sha256(cluster.encode()).hexdigest()[:8]
        return f"runyard-{name}-{self._identity}-{told}"

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._closed or time.monotonic() - self._asked > _REST_SECONDS:
                    self._thread = None
                    return
                desks = list(self._desks.values())
            try:
                self._catalog.refresh()
                if self._catalog.is_unsure:
                    self._catalog.hear({"kinds": self._look.turn()})
                for desk in desks:
                    self._keep(desk)
            except Exception:  # noqa: BLE001 - one turn that fails must not end all further ones
                _log.exception("looking after the drivers on Ray failed; trying again")
            with self._lock:
                if not self._closed:
                    self._lock.wait(_TURN_SECONDS)

    def _keep(self, desk: Desk) -> None:
        """See to the driver of one cluster, if anybody asks for it."""
        if desk.is_fresh or not desk.needed or time.monotonic() - desk.needed > _REST_SECONDS:
            return
        try:
            desk.trouble = self._find(desk)
        except RunyardError as error:
            if error.message != desk.trouble:
                _log.warning("cluster %s: %s", desk.cluster, error.message)
            desk.trouble = error.message

    def _find(self, desk: Desk) -> str:
        """Find the driver or submit one; give what is the matter with it, "" where nothing is."""
        identity = self.identity(desk.cluster)
        job = self._api.job(identity)
        if job is None or job.get("status") not in PENDING:
            desk.lost()
            self._since.pop(desk.cluster, None)
            failed = "" if job is None else _why(job)
            if not (desk.wanted or desk.has_orders):
                return failed
            if job is not None:
                self._api.forget(identity)
            self._submit(desk, identity)
            return failed
        since = self._since.setdefault(desk.cluster, time.monotonic())
        if time.monotonic() - since < _DIAL_SECONDS or desk.is_fresh:
            return ""
        return self._silent(desk, identity, job)

    def _silent(self, desk: Desk, identity: str, job: dict[str, object]) -> str:
        url = self._config(desk.cluster)["url"]
        about = job.get("metadata")
        dialed = about.get("url") if isinstance(about, dict) else None
        if dialed != url:
            # It was sent when the service was elsewhere, and so were its agents.
            self._api.stop(identity)
            self._since.pop(desk.cluster, None)
            return (
                f"the driver on the Ray head dials {dialed}; one that dials {url} takes its place"
            )
        return (
            f"the driver on the Ray head does not reach the service at {url}: let `service_url` of "
            "the site be an address that the cluster's machines reach"
        )

    def _submit(self, desk: Desk, identity: str) -> None:
        config = self._config(desk.cluster)
        uri = self._api.upload(*package.make(config))
        self._api.submit(
            identity, self._entrypoint, uri, {"cluster": desk.cluster, "url": config["url"]}
        )
        self._since[desk.cluster] = time.monotonic()
        _log.info("cluster %s: its driver was sent to Ray as %s", desk.cluster, identity)


def _why(job: dict[str, object]) -> str:
    """Why a driver is no more, where it failed."""
    if job.get("status") != "FAILED":
        return ""
    return f"the driver on the Ray head has failed: {job.get('message')}"
