"""Progress is a bar on a terminal, one line elsewhere, and nothing when it is not wanted."""

import io
import sys

from runyard.client.progress import Progress, readable


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def _shown(stream, show=True):
    before, sys.stderr = sys.stderr, stream
    try:
        progress = Progress("Uploading 2 files", 4000, show)
        progress.add(1000)
        progress.add(3000)
        progress.finish()
    finally:
        sys.stderr = before
    return stream.getvalue()


def test_a_terminal_gets_a_bar():
    """It fills up and ends with a new line."""
    text = _shown(Terminal())
    assert "Uploading 2 files [" in text
    assert "100% 4.0 kB of 4.0 kB" in text
    assert text.endswith("\n")


def test_a_log_gets_one_line():
    """No carriage returns in files."""
    text = _shown(io.StringIO())
    assert text.startswith("Uploading 2 files: 4.0 kB in ")
    assert text.count("\n") == 1
    assert "\r" not in text


def test_silence_is_kept():
    """show_progress=False writes nothing."""
    assert not _shown(Terminal(), show=False)


def test_sizes_are_readable():
    """Decimal units, as everywhere in messages."""
    assert [readable(n) for n in (0, 999, 1500, 2_000_000_000)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "2.0 GB",
    ]
