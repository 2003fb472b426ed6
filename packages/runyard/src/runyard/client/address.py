"""The address of a service that somebody wrote down: is it one, and who answers there?

An address comes from a person, through `RUNYARD_URL`, `--url` or a config file, so each way to get
it wrong has its own sentence, with the address that was probably meant.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from runyard.client.connection import Connection
from runyard.client.service import Service
from runyard.protocol.errors import InvalidRequest, RunyardError, ServiceUnreachable
from runyard.protocol.service import PRODUCT, SERVICE_ABOUT
from runyard.protocol.timeouts import ABOUT_SECONDS

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from runyard.protocol.service import About

SCHEMES = ("http", "https")
USUAL_PORT = 8420
LOOKED_AT_BYTES = 20000
SHOWN = 80


def checked(url: str, source: str) -> str:
    """Check that a text is a service's address.

    Args:
        url: `http://host:port`, as somebody wrote it.
        source: Where it was written, as the beginning of a sentence.

    Returns:
        The address without blanks around it and without a slash at its end.

    Raises:
        InvalidRequest: It is none; the message says what is wrong and what was probably meant.
    """
    text = url.strip()
    fault, meant = _fault(text)
    if fault:
        hint = f"; write {meant}" if meant else f"; write it as http://HOST:{USUAL_PORT}"
        raise InvalidRequest(f"{source} is {url!r}, which {fault}{hint}")
    return text.rstrip("/")


def ask(url: str, source: str) -> About:
    """Ask who answers at an address.

    Args:
        url: The address.
        source: Where it was written, as the beginning of a sentence.

    Raises:
        ServiceUnreachable: Nobody, or not a Runyard service; the message says what was found.
    """
    try:
        # Without the token: who answers there may be anybody.
        with Connection(url, "", timeout=ABOUT_SECONDS) as connection:
            about = Service(connection).about()
    except ServiceUnreachable as error:
        # One that kept silent has no cause, and its error says so itself.
        if error.__cause__ is None:
            raise
        raise _told(url, source, _silence(url, error.__cause__)) from error
    except RunyardError as error:
        raise _told(url, source, _stranger(url)) from error
    product = getattr(about, "product", None)  # an answer without content has none
    if product is None:
        raise _told(url, source, _stranger(url))
    if product != PRODUCT:
        raise _told(url, source, f"answers as {product[:SHOWN]!r}, not as Runyard")
    return about


def _fault(text: str) -> Tuple[str, str]:
    """Name what is wrong with an address and what was probably meant; nothing: two empty texts."""
    # Files of variables that no shell reads, such as Docker's, keep the quotes.
    bare = text.strip("\"'")
    if bare != text:
        return "has quotes in it", bare
    if not text or re.search(r"[\s\x00-\x1f\x7f]", text):
        return ("has blanks in it" if text else "is empty"), ""
    scheme, mark, rest = text.partition("://")
    if not mark:
        return "does not begin with http://", _with_scheme(text)
    if scheme.lower() not in SCHEMES:
        return f"begins with {scheme}:// and not with http://", f"http://{rest}"
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        port, host = 0, ""
        parts = urlsplit("http://")
    return _fault_of_place(text, parts, host, port)


def _fault_of_place(
    text: str, parts: SplitResult, host: Optional[str], port: Optional[int]
) -> Tuple[str, str]:
    place = text.partition("://")[2].split("/")[0]
    if place.count(":") > 1 and "[" not in place and "@" not in place:
        address, _, last = place.rpartition(":")
        return "has an IPv6 address without brackets", f"http://[{address}]:{last}"
    if port is not None and not port:
        return "has no number from 1 to 65535 for its port", ""
    if not host:
        return "names no host", ""
    if parts.username is not None:
        clean = parts._replace(netloc=place.rpartition("@")[2], path="", query="", fragment="")
        return "has a user's name in it (the token goes into RUNYARD_TOKEN)", clean.geturl()
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "goes on behind host and port", f"{parts.scheme}://{parts.netloc}"
    return "", ""


def _with_scheme(text: str) -> str:
    """Mend `http:/host`, `http//host`, `//host` and `host`."""
    mended = re.sub(r"^(https?)?[:/]*", "", text, flags=re.IGNORECASE)
    scheme = "https" if text.lower().startswith("https") else "http"
    return f"{scheme}://{mended}" if mended else ""


def _told(url: str, source: str, found: str) -> ServiceUnreachable:
    return ServiceUnreachable(f"{source} is {url}, which {found}", {"url": url})


def _silence(url: str, cause: BaseException) -> str:
    """Explain why no answer came."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc}"
    other = f"{'http' if parts.scheme == 'https' else 'https'}://{parts.netloc}"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"has a certificate that this machine does not trust: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"does not speak https; write {other}"
    if isinstance(cause, socket.gaierror):
        return f"cannot be found: no machine of the name {parts.hostname!r} is known here"
    if isinstance(cause, ConnectionRefusedError):
        usual = "" if parts.port == USUAL_PORT else f" (the usual port is {USUAL_PORT})"
        return (
            f"does not answer: nothing listens at that port{usual}. On the machine of the service "
            "`runyard status` says where it listens, `runyard serve` starts one"
        )
    if isinstance(cause, (http.client.HTTPException, ConnectionError)):
        return f"does not speak http; is {place} the service's port, or should it be {other}?"
    return f"does not answer: {getattr(cause, 'strerror', None) or cause}"


class _Seen(NamedTuple):
    """What an unknown server answers."""

    status: int
    kind: str
    location: str
    text: str


def _stranger(url: str) -> str:
    """Ask again what answers there, and describe it."""
    try:
        seen = _look(url)
    except (OSError, http.client.HTTPException) as error:
        return f"is not a Runyard service: {error}"
    if seen.location:
        return f"sends its visitors on to {seen.location[:200]}; write the address that is meant"
    # So nginx, Apache and Go answer plain HTTP at a port of TLS.
    if "https" in seen.text.lower() and seen.status == http.client.BAD_REQUEST:
        return f"wants https; write https://{urlsplit(url).netloc}"
    title = re.search(r"<title[^>]*>\s*([^<]+?)\s*</title>", seen.text, re.IGNORECASE)
    what = f"the page {title.group(1)[:SHOWN]!r}" if title else (seen.kind or "no content")
    return f"is not a Runyard service: it answers {seen.status} with {what}; is the port right?"


def _look(url: str) -> _Seen:
    parts = urlsplit(url)
    # It follows no redirect, so that the address it leads to can be told.
    maker = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = maker(parts.hostname or "", parts.port, timeout=ABOUT_SECONDS)
    try:
        connection.request("GET", SERVICE_ABOUT.url)
        answer = connection.getresponse()
        text = answer.read(LOOKED_AT_BYTES).decode("utf-8", "replace")
        kind = answer.headers.get_content_type()
        return _Seen(answer.status, kind, answer.headers.get("Location", ""), text)
    finally:
        connection.close()
