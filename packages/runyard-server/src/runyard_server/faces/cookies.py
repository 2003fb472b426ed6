"""Cookies of browsers that are signed in to the studio, for those faces that its pages ask.

A browser sends its cookies with whatever any page makes it ask for. So one counts only where the
browser says that the request comes from a page of the same origin, which no page can forge.
"""

from runyard.protocol.errors import Unauthenticated
from runyard_server.core import sessions
from runyard_server.core.tokens import Caller
from runyard_server.faces.exchange import Exchange
from runyard_server.operations import studio

_READS = ("GET", "HEAD")


def value(exchange: Exchange) -> str:
    """The value of this service's cookie, "" without one."""
    wanted = sessions.cookie_name(exchange.parts.system.secret)
    # By hand: the library's parser gives all up at the first cookie of others that it dislikes.
    for one in exchange.header("cookie").split(";"):
        name, _, found = one.strip().partition("=")
        if name == wanted:
            return found
    return ""


def caller(exchange: Exchange) -> Caller | None:
    """Who is signed in in the browser that asks; None where no cookie of ours came.

    Raises:
        Unauthenticated: The cookie is not good, or the request is of no page of the studio.
    """
    given = value(exchange)
    if not given:
        return None
    reads = exchange.request.method in _READS
    # The gate has compared the Origin with the Host already; here it must be there.
    if exchange.header("sec-fetch-site") != "same-origin" or not (
        reads or exchange.header("origin")
    ):
        raise Unauthenticated("the studio's cookie opens this to pages of the studio alone")
    # The first look of a service's life reads one small table, in the loop.
    ticket = studio.check(exchange.parts.system, given)
    return Caller(person=ticket.person, digest=ticket.token or None)


def header(exchange: Exchange, new: str, seconds: int) -> str:
    """The Set-Cookie header that signs a browser in, or out with 0 seconds.

    Args:
        exchange: The request.
        new: The cookie's value.
        seconds: How long it is good.
    """
    name = sessions.cookie_name(exchange.parts.system.secret)
    # A proxy with TLS in front says so; who forges this only makes the browser keep it closer.
    https = "https" in (exchange.request.url.scheme, exchange.header("x-forwarded-proto"))
    secure = "; Secure" if https else ""
    return f"{name}={new}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
