"""Which web pages may call an endpoint, and how browsers are told (CORS)."""

ANY = "*"
METHODS = b"GET, POST, OPTIONS"
HEADERS = b"authorization, content-type, x-ms-client-request-id, x-ms-request-id, x-request-id"
SHOWN = b"x-ms-request-id, x-ms-run-fn-exec-ms, x-ms-run-function-failed, x-request-id"
MAX_AGE = b"600"

Lines = list[tuple[bytes, bytes]]


def lines(origins: tuple[str, ...], origin: bytes) -> Lines:
    """The headers that let a page read an answer; none where it may not.

    Args:
        origins: The pages that may, with scheme; `*` for all.
        origin: The page that asks.
    """
    if ANY not in origins and origin.decode("latin-1") not in origins:
        return []
    allowed = b"*" if ANY in origins else origin
    return [
        (b"access-control-allow-origin", allowed),
        (b"access-control-expose-headers", SHOWN),
        (b"vary", b"Origin"),
    ]


def preflight(origins: tuple[str, ...], origin: bytes, asked: bytes) -> Lines:
    """The headers of the answer to a browser that asks before it sends a request.

    Args:
        origins: The pages that may call, with scheme; `*` for all.
        origin: The page that asks.
        asked: The headers that it wants to send.
    """
    allowed = lines(origins, origin)
    if not allowed:
        return []
    return [
        *allowed,
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", asked or HEADERS),
        (b"access-control-max-age", MAX_AGE),
    ]
