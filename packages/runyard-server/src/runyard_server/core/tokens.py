"""Tokens: who may speak to this service, and for what.

Nothing is stored: a token is an HMAC-SHA256 of what it stands for under the service's secret.
The owner's token opens everything. A run's token says which run it is for, `<run id>.<hmac>`, and
opens what that run needs in its own workspace; the workspace is part of what is signed. A site's
token opens the exchange with that site's backend and nothing else. The tokens of other people are
no business of this module: `core.people` knows them by their hashes.
"""

import hmac
from dataclasses import dataclass
from functools import lru_cache

from runyard.protocol.errors import Unauthenticated


@dataclass(frozen=True)
class Caller:
    """Who asks: the owner (all None), another person, one run, or the programs of one site.

    Args:
        run: The run whose token it is.
        site: The site whose token it is.
        person: The person, where it is not the service's own token that has shown it.
        token: Id of the person's token; None for a browser that is signed in.
        digest: The hash of that token: one that was made anew has its id and another hash.
        workspace: The workspace of the run.
    """

    run: str | None = None
    site: str | None = None
    person: str | None = None
    token: str | None = None
    digest: str | None = None
    workspace: str | None = None

    @property
    def is_user(self) -> bool:
        """Whether it is a person who asks; what they may is decided by `core.permissions`."""
        return self.run is None and self.site is None

    @property
    def holds_secret(self) -> bool:
        """Whether the service's own token has been shown, to which everything is open."""
        return self.is_user and self.person is None

    @property
    def names(self) -> list[str]:
        """What tells this one from all others who may ask; nothing for the service's own token."""
        return [
            f"{kind} {name}"
            for kind, name in (("run", self.run), ("site", self.site), ("person", self.person))
            if name
        ]

    @property
    def via(self) -> str:
        """What has shown who asks, for the audit log."""
        if self.run is not None:
            return f"run {self.run}"
        if self.token is not None:
            return f"token {self.token}"
        return "owner's token" if self.person is None else "studio"


def user_token(secret: bytes) -> str:
    """The token that opens the whole service."""
    return _sign(secret, "user")


def run_token(secret: bytes, workspace: str, run: str) -> str:
    """The token that is valid for one run.

    Args:
        secret: What tokens are made from.
        workspace: Id of the workspace.
        run: Id of the run.
    """
    # The kind is signed too: no name of a run makes what the user's token is made of.
    return f"{run}.{_sign(secret, f'run:{workspace}:{run}')}"


def site_token(secret: bytes, site: str) -> str:
    """The token of the programs that a site's backend has on the site."""
    return _sign(secret, f"site:{site}")


def verify_site(secret: bytes, token: str, site: str) -> Caller:
    """Who speaks to the backend of a site: its own program, or the user.

    Args:
        secret: The service's secret.
        token: What came in the Authorization header after `Bearer`.
        site: The site's name.

    Raises:
        Unauthenticated: It is neither's token.
    """
    if _same(token, site_token(secret, site)):
        return Caller(site=site)
    return verify(secret, token, None)


def verify(secret: bytes, token: str, workspace: str | None) -> Caller:
    """Who holds `token`.

    Args:
        secret: The service's secret.
        token: What came in the Authorization header after `Bearer`.
        workspace: The workspace the request is for, None for requests outside of any; a run's
            token is not valid there.

    Raises:
        Unauthenticated: This service has given no such token.
    """
    if _same(token, user_token(secret)):
        return Caller()
    run, dot, _ = token.rpartition(".")
    if dot and workspace is not None and _same(token, run_token(secret, workspace, run)):
        return Caller(run, workspace=workspace)
    raise Unauthenticated(
        "the token is not one of this service: RUNYARD_TOKEN or --token may be of another one, or "
        "cut. The token is in service.json of the service's state folder, where clients on that "
        "machine find it by themselves"
    )


def _same(given: str, right: str) -> bool:
    # Bytes, since compare_digest takes texts of ASCII alone; and it takes as long for any wrong
    # token, so that its time does not tell how much of one was right.
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8"))


@lru_cache(maxsize=1024)
def _sign(secret: bytes, what: str) -> str:
    # Remembered, for it is asked once or twice by each request and takes OpenSSL 30 µs.
    return hmac.digest(secret, what.encode("utf-8"), "sha256").hex()
