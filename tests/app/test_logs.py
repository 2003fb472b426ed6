"""The log of the service: in its file, bounded, and no burden."""

import logging
import threading

import pytest

from runyard_server.app import logs


@pytest.fixture
def file(tmp_path):
    """A log file; logging is as before afterwards."""
    root = logging.getLogger()
    before, level, hook = list(root.handlers), root.level, threading.excepthook
    raising = logging.raiseExceptions
    yield tmp_path / "service.log"
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    threading.excepthook, logging.raiseExceptions = hook, raising


def test_the_log_is_rotated(file, monkeypatch):
    """A service that runs for years does not fill the disk with its log."""
    monkeypatch.setattr(logs, "LARGEST", 1000)
    logs.start(file, "info", terminal=False)
    for number in range(200):
        logging.getLogger("test").info("line %d", number)
    files = sorted(path.name for path in file.parent.iterdir())
    assert files == ["service.log", "service.log.1", "service.log.2", "service.log.3"]
    assert all(path.stat().st_size <= 1000 for path in file.parent.iterdir())
    assert "line 199" in file.read_text()


def test_the_level_decides(file):
    """Who sets log_level to warning sees no chatter."""
    logs.start(file, "warning", terminal=False)
    logging.getLogger("test").info("chatter")
    logging.getLogger("test").warning("trouble")
    assert "trouble" in file.read_text()
    assert "chatter" not in file.read_text()


def test_a_thread_that_dies_is_in_the_log(file):
    """The trace of a background thread is where people look, not on a lost standard error."""

    def fail() -> None:
        raise RuntimeError("lost")

    logs.start(file, "info", terminal=False)
    thread = threading.Thread(target=fail, name="background")
    thread.start()
    thread.join()
    assert "thread background ended" in file.read_text()
    assert "RuntimeError: lost" in file.read_text()
