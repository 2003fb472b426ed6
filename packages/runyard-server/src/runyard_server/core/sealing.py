"""Texts of somebody else's that the database keeps and nobody may read there: encrypted.

Encrypted under the service's secret and authenticated: a stream of HMAC-SHA256 over a nonce and a
counter, then an HMAC over nonce and text (encrypt, then authenticate). Each use has keys of its
own, so that what was sealed for one cannot be put in the place of another.
"""

import base64
import binascii
import hmac
import os

from runyard.protocol.errors import InternalError

_NONCE, _TAG = 16, 32


def sealed(secret: bytes, use: str, text: str) -> str:
    """A text as it is kept.

    Args:
        secret: The service's secret.
        use: What it is for.
        text: The text.
    """
    nonce = os.urandom(_NONCE)
    hidden = _mixed(secret, use, nonce, text.encode("utf-8"))
    tag = hmac.digest(derived(secret, use, "tag"), nonce + hidden, "sha256")
    return base64.b64encode(nonce + tag + hidden).decode("ascii")


def opened(secret: bytes, use: str, kept: str, otherwise: str) -> str:
    """A text that was sealed for a use.

    Args:
        secret: The service's secret.
        use: What it is for.
        kept: What is kept of it.
        otherwise: What to say where it cannot be opened.

    Raises:
        InternalError: It was sealed under another secret, or changed since.
    """
    try:
        data = base64.b64decode(kept, validate=True)
    except binascii.Error:
        data = b""
    nonce, tag, hidden = data[:_NONCE], data[_NONCE : _NONCE + _TAG], data[_NONCE + _TAG :]
    right = hmac.digest(derived(secret, use, "tag"), nonce + hidden, "sha256")
    if not hmac.compare_digest(tag, right):
        raise InternalError(otherwise)
    return _mixed(secret, use, nonce, hidden).decode("utf-8")


def derived(secret: bytes, use: str, what: str) -> bytes:
    """A key of a use's own.

    Args:
        secret: The service's secret.
        use: The use.
        what: Which of its keys.
    """
    return hmac.digest(secret, f"{use}:{what}".encode(), "sha256")


def _mixed(secret: bytes, use: str, nonce: bytes, data: bytes) -> bytes:
    """`data` with the stream of a nonce mixed in; twice gives it back."""
    stream_key = derived(secret, use, "stream")
    stream = bytearray()
    while len(stream) < len(data):
        counter = (len(stream) // 32).to_bytes(8, "big")
        stream += hmac.digest(stream_key, nonce + counter, "sha256")
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))
