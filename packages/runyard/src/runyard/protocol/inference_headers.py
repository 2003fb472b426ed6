"""HTTP headers around a model: those that are looked at, those that a model is told, ours alone.

Names are bytes in lower case, as they are compared on the way.
"""

AUTHORIZATION, TYPE, LENGTH = b"authorization", b"content-type", b"content-length"
ENCODING, TRANSFER = b"content-encoding", b"transfer-encoding"
ORIGIN, DEPLOYMENT, TRACE = b"origin", b"runyard-deployment", b"traceid"
REQUEST_ID, MS_ID, CLIENT_ID = b"x-request-id", b"x-ms-request-id", b"x-ms-client-request-id"
# Headers that whoever answers for a model looks at.
KEPT = frozenset(
    (
        AUTHORIZATION,
        TYPE,
        LENGTH,
        ENCODING,
        TRANSFER,
        ORIGIN,
        DEPLOYMENT,
        TRACE,
        REQUEST_ID,
        MS_ID,
        CLIENT_ID,
    )
)
IDS = (REQUEST_ID, MS_ID, CLIENT_ID, TRACE)
LONGEST_ID = 100
# Bytes of a request line with its headers.
HEAD_BYTES = 64 << 10
# Headers that a worker needs to know what the body is, and what the client reads.
TOLD = frozenset(
    (
        TYPE,
        b"accept",
        b"accept-encoding",
        ENCODING,
        b"inference-header-content-length",
        REQUEST_ID,
    )
)
SECRET = frozenset((AUTHORIZATION, b"proxy-authorization", b"cookie"))
# What a worker may not decide: where the answer ends, and what becomes of the connection.
OURS = frozenset(("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"))
