"""An endpoint in the gateway: its keys, its deployments, and which of them gets which request."""

import hashlib
import hmac
import ipaddress
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from runyard.protocol import inference_paths as paths
from runyard.protocol.endpoints import NO_AUTH, TOKEN
from runyard.protocol.inference_paths import Destination
from runyard_server.serving.pools import Pool
from runyard_server.serving.requestlog import RequestLog
from runyard_server.serving.requests import Asked
from runyard_server.serving.table import Endpoint, EndpointStatus, sign
from runyard_server.serving.tallies import Counts, DeploymentCounts, Tally

if TYPE_CHECKING:
    import asyncio

# Addresses come from clients, who may send a new one each time.
_REMEMBERED = 1024
_WHOLE = 100
_DIGITS = 19
_FAILED = 500


class ServedEndpoint:
    """One endpoint.

    Args:
        row: What the table has of it.
        counts: Of all endpoints.
        logs: Where requests are logged.
        changed: Is called when the service should know that something is another.
    """

    def __init__(
        self, row: Endpoint, counts: Counts, logs: Path, changed: Callable[[], None]
    ) -> None:
        self.row = row
        self.pools: dict[str, Pool] = {}
        self.mirrors: list[Pool] = []
        self.error = ""
        self.server: asyncio.Server | None = None
        self.explains = False
        # Grows when keys may be others, so that connections check them again.
        self.generation = 0
        self.log = (log := RequestLog(logs / row.workspace / row.name)).add
        self.flush = log.flush
        self._changed = changed
        self._counts = counts
        self._asked: dict[tuple[bytes, bytes], Asked] = {}
        self._digests: tuple[bytes, ...] = ()
        self._shares: list[tuple[int, Pool]] = []
        self._only: Pool | None = None

    def apply(self, row: Endpoint) -> None:
        """Take what the table has now."""
        self.row = row
        self.generation += 1
        # What a script raised is for who has a key, or sits at this machine.
        self.explains = row.auth != NO_AUTH or ipaddress.ip_address(row.host).is_loopback
        self._digests = tuple(bytes.fromhex(key) for key in row.keys)
        self._asked.clear()
        wanted = {each.name: each for each in row.deployments}
        for name in [name for name in self.pools if name not in wanted]:
            self.pools.pop(name).close()
        for name, each in wanted.items():
            if name not in self.pools:
                counts = self._counts.of(row.workspace, row.name, name)
                self.pools[name] = Pool(each, counts, self._counts, self._changed)
            self.pools[name].apply(each)
        self._share()

    def close(self) -> None:
        """It is gone: refuse what waits."""
        for pool in self.pools.values():
            pool.close()
        self.flush()

    def _share(self) -> None:
        """Work out who gets which requests of a hundred; what is left over is the default's."""
        pools = self.pools
        default = pools.get(self.row.default) or next(iter(pools.values()), None)
        self.mirrors = [pool for pool in pools.values() if pool.row.mirror > 0]
        self._shares, taken = [], 0
        for pool in pools.values():
            if pool is not default and pool.row.weight > 0:
                taken += pool.row.weight
                self._shares.append((taken, pool))
        self._only = None if self._shares else default
        if default is not None:
            # At least to a hundred, so that each number that is drawn has a pool.
            self._shares.append((max(taken, _WHOLE), default))

    def named(self, where: Destination) -> list[Pool]:
        """The deployments of the model that a path names, the default's first.

        Args:
            where: What it names.
        """
        order = sorted(self.pools.values(), key=lambda pool: pool.row.name != self.row.default)
        return [pool for pool in order if self._is_of(pool, where)]

    def _is_of(self, pool: Pool, where: Destination) -> bool:
        revision = pool.row.serving
        if where.label not in ("", pool.row.name):
            return False
        if revision is None or not where.model:
            return True
        # By the endpoint's name its model is found too, whatever that is called.
        names = (revision.model_name, self.row.name)
        return where.model in names and where.version in ("", revision.model_version)

    def choose(self, sticky: bytes, name: str, where: Destination) -> Pool | None:
        """The deployment that gets a request; None: there is none of that name, or no such model.

        Args:
            sticky: The id of a client, which always comes to the same; b"" for none.
            name: The deployment that is asked for, "" for any.
            where: What the path names.
        """
        name = name or where.label
        chosen = self.pools.get(name) if name else self._only or self._drawn(sticky)
        if not where.model or (chosen is not None and self._is_of(chosen, where)):
            return chosen
        return None if name else next(iter(self.named(where)), None)

    def _drawn(self, sticky: bytes) -> Pool | None:
        if sticky:
            point = int.from_bytes(hashlib.sha256(sticky).digest()[:8], "big") % _WHOLE
        else:
            point = random.randrange(_WHOLE)  # noqa: S311 - a share of traffic is no secret
        return next((pool for upper, pool in self._shares if point < upper), None)

    def always(self, name: str, where: Destination) -> bool:
        """Whether `choose` finds the same for all such requests until the table changes.

        Args:
            name: The deployment that is asked for, "" for any.
            where: What the path names.
        """
        # A token may have expired meanwhile.
        return self.row.auth != TOKEN and bool(name or where.label or self._only)

    def absent(self, name: str, where: Destination) -> str:
        """Why `choose` finds nothing.

        Args:
            name: The deployment that is asked for, "" for any.
            where: What the path names.
        """
        there = ", ".join(sorted(self.pools)) or "none"
        if name and name not in self.pools:
            return f"there is no deployment {name} here; there is {there}"
        if where.model:
            return f"no model {where.named()} is served here; deployments: {there}"
        return "the endpoint has no deployment"

    def asked(self, method: bytes, url: bytes) -> Asked | None:
        """What a worker is asked by a request; None: the gateway answers it itself."""
        known = self._asked.get((method, url))
        if known is not None:
            return known
        given = method.decode("latin-1")
        target = url if url.startswith(b"/") else paths.origin_form(url)
        path, query, _ = target.partition(b"?")
        where = paths.find(path.decode("latin-1"))
        if where is None or where.verb not in paths.CALLS or given not in where.methods:
            return None
        if where.protocol not in self.row.protocols or given == "HEAD":
            return None
        if where.service not in ("", self.row.name):
            return None
        plain = where.verb == paths.SCORES and given == "POST"
        plain = plain and self.explains and self.row.legacy_status == _FAILED
        asked = Asked(where, given, target.decode("latin-1"), plain)
        if not query and len(self._asked) < _REMEMBERED:
            self._asked[method, url] = asked
        return asked

    def refusal(self, authorization: bytes) -> str:
        """Why somebody with this `Authorization` may not come in, "" if they may."""
        row = self.row
        if row.auth == NO_AUTH:
            return ""
        kind, _, secret = authorization.partition(b" ")
        secret = secret.strip()
        if kind.lower() != b"bearer" or not secret:
            return f"this endpoint needs a {row.auth}: send `Authorization: Bearer <{row.auth}>`"
        if row.auth == TOKEN:
            return _token_refusal(row.token_key, secret.decode("latin-1"))
        given = hashlib.sha256(secret).digest()
        # All of them, whichever fits: the time tells nothing.
        fits = [hmac.compare_digest(given, digest) for digest in self._digests]
        return "" if any(fits) else "this is no key of the endpoint"

    def logs_next(self) -> bool:
        """Whether the next request is to be logged."""
        return random.random() < self.row.log_requests  # noqa: S311 - a share is no secret

    def tally(self, protocol: str) -> Tally:
        """The counts of what no deployment was chosen for."""
        self._counts.touch()
        return self._counts.of(self.row.workspace, self.row.name, "").of(protocol)

    def counted(self) -> list[tuple[str, DeploymentCounts]]:
        """The counts of its deployments, and with `""` of what none was chosen for, to be told."""
        self._counts.settle()
        names = ("", *self.pools)
        return [(name, self._counts.of(self.row.workspace, self.row.name, name)) for name in names]

    def status(self) -> EndpointStatus:
        """What is told of it."""
        return EndpointStatus(
            self.row.workspace,
            self.row.name,
            listening=self.server is not None,
            error=self.error,
            deployments=tuple(pool.status() for pool in self.pools.values()),
        )


def _token_refusal(token_key: str, token: str) -> str:
    expires, _, _ = token.partition(".")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= _DIGITS):
        return "this is no token of the endpoint"
    if not hmac.compare_digest(sign(token_key, int(expires)).encode(), token.encode()):
        return "this is no token of the endpoint"
    return "" if time.time() < int(expires) else "the token has expired: fetch another"
