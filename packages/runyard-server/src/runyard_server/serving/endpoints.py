"""An endpoint in the gateway: its socket, its keys, its deployments and who gets which request."""

import hashlib
import hmac
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from runyard.protocol.endpoints import NO_AUTH, TOKEN
from runyard_server.serving import paths
from runyard_server.serving.paths import Destination
from runyard_server.serving.pools import Pool
from runyard_server.serving.requests import Asked
from runyard_server.serving.table import Endpoint, EndpointStatus, sign

if TYPE_CHECKING:
    import asyncio

_REMEMBERED = 1024
_WHOLE = 100


class ServedEndpoint:
    """One endpoint.

    Args:
        row: What the table has of it.
        changed: Is called when the service should know that something is another.
    """

    def __init__(self, row: Endpoint, changed: Callable[[], None]) -> None:
        self.row = row
        self.pools: dict[str, Pool] = {}
        self.error = ""
        self.server: asyncio.Server | None = None
        self._changed = changed
        self._asked: dict[tuple[bytes, bytes], Asked] = {}
        self._digests: tuple[bytes, ...] = ()
        self._shares: list[tuple[int, Pool]] = []
        self._only: Pool | None = None
        self.mirrors: list[Pool] = []

    def apply(self, row: Endpoint) -> None:
        """Take what the table has now."""
        self.row = row
        self._digests = tuple(bytes.fromhex(key) for key in row.keys)
        self._asked.clear()
        wanted = {each.name: each for each in row.deployments}
        for name in [name for name in self.pools if name not in wanted]:
            self.pools.pop(name).close()
        for name, each in wanted.items():
            if name not in self.pools:
                self.pools[name] = Pool(each, self._changed)
            self.pools[name].apply(each)
        self._share()

    def close(self) -> None:
        """It is gone: refuse what waits."""
        for pool in self.pools.values():
            pool.close()

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
        self._only = default if not self._shares else None
        if default is not None:
            self._shares.append((max(taken, _WHOLE), default))

    def choose(self, sticky: bytes, wanted: bytes) -> Pool | None:
        """The deployment that gets a request; None: the wanted one is not there.

        Args:
            sticky: The id of a client, which always comes to the same; b"" for none.
            wanted: The name of a deployment, b"" for any.
        """
        if wanted:
            return self.pools.get(wanted.decode("latin-1"))
        if self._only is not None:
            return self._only
        if sticky:
            point = int.from_bytes(hashlib.sha256(sticky).digest()[:8]) % _WHOLE
        else:
            point = random.randrange(_WHOLE)  # noqa: S311 - a share of traffic is no secret
        return next((pool for upper, pool in self._shares if point < upper), None)

    def named(self, where: Destination) -> list[Pool]:
        """The deployments of the model that a path names.

        Args:
            where: What it names.
        """
        return [pool for pool in self.pools.values() if self._is_of(pool, where)]

    def _is_of(self, pool: Pool, where: Destination) -> bool:
        revision = pool.row.serving
        if where.label not in ("", pool.row.name):
            return False
        if revision is None:
            return True
        # By the endpoint's name its model is found too, whatever that is called.
        names = (revision.model_name, self.row.name)
        return where.model in names and where.version in ("", revision.model_version)

    def choose_for(self, where: Destination, sticky: bytes, wanted: bytes) -> Pool | None:
        """The deployment that gets a request of a protocol; None: it names what is not here.

        Args:
            where: What its path names.
            sticky: See `choose`.
            wanted: See `choose`.
        """
        chosen = self.choose(sticky, wanted or where.label.encode("latin-1", "replace"))
        if not where.model or (chosen is not None and self._is_of(chosen, where)):
            return chosen
        return None if wanted else next(iter(self.named(where)), None)

    def asked(self, method: bytes, url: bytes) -> Asked | None:
        """What a worker is asked by a request; None: the gateway answers it itself."""
        known = self._asked.get((method, url))
        if known is not None:
            return known
        given = method.decode("latin-1")
        path, query, _ = url.partition(b"?")
        where = paths.find(path.decode("latin-1"))
        if where is None or where.verb not in paths.CALLS or given not in where.methods:
            return None
        if where.protocol not in self.row.protocols or given == "HEAD":
            return None
        asked = Asked(where, given, url.decode("latin-1"))
        if not query and len(self._asked) < _REMEMBERED:
            self._asked[method, url] = asked
        return asked

    def refusal(self, authorization: bytes | None) -> str:
        """Why somebody with this `Authorization` may not come in, "" if they may."""
        row = self.row
        if row.auth == NO_AUTH:
            return ""
        kind, _, secret = (authorization or b"").partition(b" ")
        if kind.lower() != b"bearer" or not secret:
            return "send the key as `Authorization: Bearer <key>`"
        secret = secret.strip()
        if row.auth == TOKEN:
            return _token_refusal(row.token_key, secret.decode("latin-1"))
        given = hashlib.sha256(secret).digest()
        # All of them, whichever fits: the time tells nothing.
        fits = [hmac.compare_digest(given, digest) for digest in self._digests]
        return "" if any(fits) else "this is no key of the endpoint"

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
    if not (expires.isascii() and expires.isdigit() and len(expires) < 20):  # noqa: PLR2004 - digits
        return "this is no token of the endpoint"
    if not hmac.compare_digest(sign(token_key, int(expires)).encode(), token.encode()):
        return "this is no token of the endpoint"
    return "" if time.time() < int(expires) else "the token has expired: fetch another"
