"""Keys of endpoints: the same after each restart, another after each renewal, none stored."""

import base64

import pytest

from runyard.protocol.errors import InternalError
from runyard_server.core import endpoint_keys
from runyard_server.core.endpoint_keys import PRIMARY, SECONDARY

SECRET, OTHER = b"s" * 32, b"t" * 32


def keys(kept: dict[str, str], endpoint: str = "id") -> list[str]:
    return [endpoint_keys.key_of(SECRET, endpoint, which, kept[which]) for which in kept]


def test_keys_are_32_random_bytes_and_each_another() -> None:
    """No two of them are alike, of whichever endpoint or generation."""
    kept = endpoint_keys.first(SECRET, {})
    found = keys(kept)
    assert [len(base64.b64decode(key)) for key in found] == [32, 32]
    renewed = {which: endpoint_keys.renewed(SECRET, kept[which], None) for which in kept}
    every = [*found, *keys(renewed), *keys(kept, "another id")]
    assert len(set(every)) == len(every)
    assert keys(kept) == found


def test_a_key_of_ones_own_is_kept_encrypted() -> None:
    """It comes back as it was, is not in what is stored, and is told from a changed one."""
    kept = endpoint_keys.first(SECRET, {PRIMARY: "my own key", SECONDARY: None})
    assert "own" not in kept[PRIMARY]
    assert keys(kept)[0] == "my own key"
    with pytest.raises(InternalError, match="another secret"):
        endpoint_keys.key_of(OTHER, "id", PRIMARY, kept[PRIMARY])
    with pytest.raises(InternalError, match="another secret"):
        endpoint_keys.key_of(SECRET, "id", PRIMARY, "sealed:!")
    again = endpoint_keys.renewed(SECRET, kept[PRIMARY], None)
    assert endpoint_keys.key_of(SECRET, "id", PRIMARY, again) != "my own key"
