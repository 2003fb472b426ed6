"""A service without its face: the parts in a temporary home, a clock that moves by itself."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from runyard.protocol.files import FileEntry
from runyard_server.core.system import System
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
def system(tmp_path: Path, clock: TickingClock) -> Iterator[System]:
    with parts.parts(tmp_path / "home", clock) as made:
        yield made


@pytest.fixture
def store_text(system: System) -> Callable[..., FileEntry]:
    """Store a text as a content and give its entry under a path."""
    return partial(parts.store_text, system)
