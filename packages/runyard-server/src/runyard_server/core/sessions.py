"""Browsers that are signed in: one-time codes, and the cookies that these are given for.

A cookie is `person.end.nonce.signature`, signed with the service's secret. What it takes to revoke
one is a row with the nonce's hash: a cookie whose row is gone opens nothing. The row also has the
hash of the token by which somebody signed in, and a session opens nothing that the token would not.
Codes live in memory alone, for minutes, and once.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runyard.protocol.errors import Unauthenticated

CODE_SECONDS = 300
# A laptop is shut in the evening; a team's server is looked at all month.
LOOPBACK_SECONDS = 12 * 3600
SERVER_SECONDS = 30 * 24 * 3600
_MOST_CODES = 1000
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class Ticket:
    """A cookie's value that was found good.

    Args:
        session: Id of the session's row.
        person: Who signed in.
        ends_at: When it ends, microseconds since 1970.
        token: The hash of the token that signed them in, "" for the service's own.
    """

    session: str
    person: str
    ends_at: int
    token: str = ""


@dataclass(frozen=True)
class Living:
    """What is remembered of a session: when it ends, and of which token it is (its hash)."""

    ends_at: int
    token: str


class Sessions:
    """The codes that are out, and which sessions live; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, tuple[int, str, str]] = {}
        self._living: dict[str, Living] | None = None

    def code(self, now: int, person: str, token: str = "") -> str:
        """Make a code that signs one browser in, once, within five minutes.

        Args:
            now: Microseconds since 1970.
            person: Whom it signs in.
            token: The hash of the token that asks for it, "" for the service's own.
        """
        made = secrets.token_urlsafe(16)
        with self._lock:
            self._codes = {code: one for code, one in self._codes.items() if one[0] > now}
            while len(self._codes) >= _MOST_CODES:
                del self._codes[next(iter(self._codes))]
            self._codes[_digest(made)] = (now + CODE_SECONDS * _SECOND_US, person, token)
        return made

    def spend(self, code: str, now: int) -> tuple[str, str] | None:
        """Use a code up; None where it was not good.

        Args:
            code: What came.
            now: Microseconds since 1970.

        Returns:
            Whom it signs in, and the hash of the token that it was made with.
        """
        # By its hash: the time that a look-up takes tells nothing of a code that is close.
        with self._lock:
            end, person, token = self._codes.pop(_digest(code), (0, "", ""))
        return (person, token) if end > now else None

    def find(self, session: str, now: int, load: Callable[[], dict[str, Living]]) -> Living | None:
        """What is remembered of a session; None of one that has ended or was revoked.

        Args:
            session: Id of its row.
            now: Microseconds since 1970.
            load: Reads what there is of each session; asked once in the life of a service.
        """
        with self._lock:
            # Read with the lock: what is removed meanwhile is forgotten after this, not before.
            if self._living is None:
                self._living = load()
            found = self._living.get(session)
        return found if found is not None and found.ends_at > now else None

    def note(self, session: str, ends_at: int, token: str = "") -> None:
        """Remember when a session ends, and of which token it is.

        Args:
            session: Id of its row.
            ends_at: Microseconds since 1970.
            token: The token's hash.
        """
        with self._lock:
            if self._living is not None:
                self._living[session] = Living(ends_at, token)

    def forget(self, sessions: Iterable[str]) -> None:
        """Let sessions be over whose rows are gone."""
        with self._lock:
            for session in sessions:
                if self._living is not None:
                    self._living.pop(session, None)

    def forget_all(self) -> None:
        """Read the rows again when somebody asks next: another process has changed them."""
        with self._lock:
            self._living = None


def cookie_name(secret: bytes) -> str:
    """The cookie's name: another for each service, since cookies know no ports."""
    return f"runyard-{mark(secret)}"


def mark(secret: bytes) -> str:
    """Eight letters that tell this service from others of the machine; no secret."""
    return hashlib.sha256(b"studio:" + secret).hexdigest()[:8]


def local_name(secret: bytes) -> str:
    """The name that browsers resolve to this machine by themselves, one for each service.

    A cookie set for 127.0.0.1 is sent to whatever listens at any other of its ports, perhaps
    another user's program; one for a name of our own is not.
    """
    return f"runyard-{mark(secret)}.localhost"


def issue(secret: bytes, person: str, ends_at: int, nonce: str | None = None) -> tuple[str, str]:
    """Make a cookie's value.

    Args:
        secret: The service's secret.
        person: Who signed in.
        ends_at: When it ends, microseconds since 1970.
        nonce: That of the cookie it follows; None for a new session.

    Returns:
        The value, and the id of the session.
    """
    nonce = nonce or secrets.token_hex(16)
    begin = f"{person.encode().hex()}.{ends_at}.{nonce}"
    return f"{begin}.{_sign(secret, begin)}", _digest(nonce)


def read(secret: bytes, value: str, now: int) -> Ticket:
    """What a cookie's value says, if this service has signed it.

    Args:
        secret: The service's secret.
        value: What came.
        now: Microseconds since 1970.

    Raises:
        Unauthenticated: It is not one of this service, or has ended.
    """
    begin, _, signature = value.rpartition(".")
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), _sign(secret, begin).encode()):
        raise signed_out()
    parts = begin.split(".")
    person, ends_at, nonce = bytes.fromhex(parts[0]).decode(), int(parts[1]), parts[2]
    if ends_at <= now:
        raise signed_out()
    return Ticket(_digest(nonce), person, ends_at)


def nonce_of(value: str) -> str:
    """The nonce of a value that was found good."""
    return value.split(".")[2]


def signed_out() -> Unauthenticated:
    """The error for a browser that is not signed in, or not any more."""
    return Unauthenticated(
        "this browser is not signed in, or not any more. Print a link that signs it in: "
        "runyard studio"
    )


def _sign(secret: bytes, begin: str) -> str:
    # The kind is signed too: no cookie is anybody's token, and no token a cookie.
    return hmac.digest(secret, f"studio:{begin}".encode("utf-8", "replace"), "sha256").hex()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
