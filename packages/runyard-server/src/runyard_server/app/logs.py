"""Where the log of the service goes: a file in the state folder that is rotated by size.

A service in the foreground tells the terminal too. What an embedded one writes to its standard
error is kept by the client that started it, and shown if it dies while starting.
"""

import logging
import logging.handlers
import sys
import threading
import time
from pathlib import Path

LARGEST = 10 << 20
KEPT = 3
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def start(path: Path, level: str, *, terminal: bool) -> None:
    """Begin to log.

    Args:
        path: The file.
        level: debug, info, warning or error.
        terminal: Whether standard error gets the log too.
    """
    handlers: list[logging.Handler] = [
        logging.handlers.RotatingFileHandler(path, "a", LARGEST, KEPT, "utf-8")
    ]
    if terminal:
        handlers.append(logging.StreamHandler(sys.stderr))
    formatter = logging.Formatter(FORMAT, "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=handlers, force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # A full disk must not turn every line of the log into a trace on standard error.
    logging.raiseExceptions = False
    threading.excepthook = _log_thread


def _log_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread is not None else "?"
    error = args.exc_value
    logging.getLogger(__name__).error("thread %s ended with an error", name, exc_info=error)
