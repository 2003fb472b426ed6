"""A store behind a firewall costs seconds, and then the service passes its files on."""

import io
import socket
from collections.abc import Iterator

import pytest

from runyard.client import reaching, redirects, store_requests
from runyard.client.store_requests import NoWay
from runyard.protocol.datastores import StoreAddress


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address that answers no knock: its queue is full, so the kernel drops what comes."""
    monkeypatch.setattr(reaching, "CONNECT_SECONDS", 0.1)
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for one in (first, second):
            one.settimeout(0)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/bucket/key"


def test_a_store_that_drops_all_is_not_waited_for(silent: str) -> None:
    """Neither a content's redirect nor a datastore's address holds a transfer up for minutes."""
    assert redirects.followed(silent, 0, None, "") is None
    with pytest.raises(NoWay):
        store_requests.receive(StoreAddress(silent, "key", 1), io.BytesIO(), lambda _: None)
