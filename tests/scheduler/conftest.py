"""A running scheduler whose agents and environments are moved by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard_server.testing.yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A running scheduler; environments without packages are quick to make."""
    made = Yard(tmp_path / "home")
    made.scheduler.start()
    yield made
    made.close()
