"""The keys of endpoints: derived from the service's secret, so that none has to be stored.

What is stored of a key is its generation. A key of somebody's own is kept encrypted under the
secret, and authenticated: a stream of HMAC-SHA256 over a nonce and a counter, then an HMAC over
nonce and text (encrypt, then authenticate).
"""

import base64
import binascii
import hmac
import os
from collections.abc import Mapping

from runyard.protocol.errors import InternalError

PRIMARY, SECONDARY = "primary", "secondary"
WHICH = (PRIMARY, SECONDARY)
_DERIVED, _SEALED = "generation:", "sealed:"
_NONCE, _TAG = 16, 32


def first(secret: bytes, own: Mapping[str, str | None]) -> dict[str, str]:
    """What is kept of the keys of a new endpoint.

    Args:
        secret: The service's secret.
        own: Keys of the caller's own by name, None for those to make.
    """
    return {
        which: f"{_DERIVED}1" if (key := own.get(which)) is None else sealed(secret, key)
        for which in WHICH
    }


def renewed(secret: bytes, kept: str, own: str | None) -> str:
    """What is kept of a key in place of another.

    Args:
        secret: The service's secret.
        kept: What was kept of the key before.
        own: A key of the caller's own; None makes one.
    """
    if own is not None:
        return sealed(secret, own)
    if kept.startswith(_DERIVED):
        return f"{_DERIVED}{int(kept[len(_DERIVED) :]) + 1}"
    # No generation is told by a sealed key: this one was never given before either.
    return f"{_DERIVED}{int.from_bytes(os.urandom(6), 'big')}"


def key_of(secret: bytes, endpoint: str, which: str, kept: str) -> str:
    """A key, from what is kept of it.

    Args:
        secret: The service's secret.
        endpoint: Id of the endpoint.
        which: `primary` or `secondary`.
        kept: What is kept of it.

    Raises:
        InternalError: It was sealed under another secret.
    """
    if kept.startswith(_SEALED):
        return _opened(secret, kept[len(_SEALED) :])
    return base64.b64encode(_derived(secret, f"key:{endpoint}:{which}:{kept}")).decode("ascii")


def token_key(secret: bytes, endpoint: str) -> str:
    """What the tokens of an endpoint are signed with, in hex.

    Args:
        secret: The service's secret.
        endpoint: Id of the endpoint.
    """
    return _derived(secret, f"token:{endpoint}").hex()


def sealed(secret: bytes, key: str) -> str:
    """A key of somebody's own as it is stored.

    Args:
        secret: The service's secret.
        key: The key.
    """
    nonce = os.urandom(_NONCE)
    hidden = _mixed(secret, nonce, key.encode("utf-8"))
    tag = hmac.digest(_derived(secret, "tag"), nonce + hidden, "sha256")
    return _SEALED + base64.b64encode(nonce + tag + hidden).decode("ascii")


def _opened(secret: bytes, text: str) -> str:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        data = b""
    nonce, tag, hidden = data[:_NONCE], data[_NONCE : _NONCE + _TAG], data[_NONCE + _TAG :]
    right = hmac.digest(_derived(secret, "tag"), nonce + hidden, "sha256")
    if not hmac.compare_digest(tag, right):
        raise InternalError(
            "a key of this endpoint was kept under another secret than the service has now; "
            "regenerate it"
        )
    return _mixed(secret, nonce, hidden).decode("utf-8")


def _mixed(secret: bytes, nonce: bytes, data: bytes) -> bytes:
    """`data` with the stream of a nonce mixed in; twice gives it back."""
    stream_key = _derived(secret, "stream")
    stream = bytearray()
    while len(stream) < len(data):
        counter = (len(stream) // 32).to_bytes(8, "big")
        stream += hmac.digest(stream_key, nonce + counter, "sha256")
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _derived(secret: bytes, what: str) -> bytes:
    return hmac.digest(secret, f"endpoint:{what}".encode(), "sha256")
