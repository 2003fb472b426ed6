"""The keys of endpoints: derived from the service's secret, so that none has to be stored.

What is stored of a key is its generation. A key of somebody's own is kept sealed.
"""

import base64
import os
from collections.abc import Mapping

from runyard_server.core import sealing

PRIMARY, SECONDARY = "primary", "secondary"
WHICH = (PRIMARY, SECONDARY)
_DERIVED, _SEALED = "generation:", "sealed:"
_USE = "endpoint"


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
    return _SEALED + sealing.sealed(secret, _USE, key)


def _opened(secret: bytes, text: str) -> str:
    lost = (
        "a key of this endpoint was kept under another secret than the service has now; "
        "regenerate it"
    )
    return sealing.opened(secret, _USE, text, lost)


def _derived(secret: bytes, what: str) -> bytes:
    return sealing.derived(secret, _USE, what)
