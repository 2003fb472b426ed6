"""A database of each kind, and a disk that is full, without being root."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from runyard_server.store.sqlite import sqlite_url
from runyard_server.testing.databases import TEMPLATE


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "runyard.db")
    found: str = request.getfixturevalue("postgres").new_database(TEMPLATE)
    return found


@pytest.fixture
def room_for() -> Callable[[int], AbstractContextManager[None]]:
    """Let files grow to so many bytes only: the system then fails as on a full disk."""
    return _room_for
