"""Agents that tests start are detached on purpose: whoever starts them here ends them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest


@pytest.fixture(autouse=True)
def _no_agent_is_left(tmp_path: Path) -> Iterator[None]:
    """End every process that works in the test's folder."""
    yield
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(tmp_path) in part for part in process.cmdline()):
                process.kill()
