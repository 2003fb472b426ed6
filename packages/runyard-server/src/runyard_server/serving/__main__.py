"""The gateway's process: `python -m runyard_server.serving <state folder>`."""

import asyncio
import fcntl
import logging
import logging.handlers
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from runyard.protocol.frames import reuse_memory
from runyard_server.serving import parent
from runyard_server.serving.gateway import Gateway
from runyard_server.serving.held import Held
from runyard_server.serving.table import GATEWAY_FILE, GATEWAY_LOG, LOCK_FILE, SERVING_FOLDER

_new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):
    # It saves a fifth of the time where it is to be had.
    import uvloop

    _new_loop = uvloop.new_event_loop

LARGEST_LOG, KEPT_LOGS = 10 << 20, 3
# One that ends still answers what it has been asked.
PATIENCE_SECONDS = 1.0
USAGE, ALREADY_RUNS = 2, 3

_log = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Run the gateway of a state folder; returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m runyard_server.serving STATE_FOLDER\n")
        return USAGE
    os.umask(0o077)
    reuse_memory()
    folder = Path(arguments[0]).absolute() / SERVING_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _log_to(folder / GATEWAY_LOG)
    _allow_many_files()
    lock, sockets = parent.inherited()
    if lock is None:
        lock = _claim(folder / LOCK_FILE)
    if lock is None:
        sys.stderr.write(f"a gateway already runs on {folder.parent}\n")
        return ALREADY_RUNS

    def serve(held: Held) -> int:
        # Another one may have begun another file of the log since this one's parent opened it.
        _log_to(folder / GATEWAY_LOG)
        return _be_gateway(folder, held)

    return parent.Parent(lock, serve, sockets, folder.is_dir).run()


def _be_gateway(folder: Path, held: Held) -> int:
    """Serve until asked to end, in a process that does nothing else."""
    about = {"pid": os.getpid(), "parent": os.getppid(), "started": time.time()}
    try:
        _write(folder / GATEWAY_FILE, msgspec.json.encode(about))
    except OSError as error:
        # On a full disk, for example: endpoints that need nothing written are to answer.
        _log.warning("%s cannot be written: %s", GATEWAY_FILE, error)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_serve(folder, held))
    (folder / GATEWAY_FILE).unlink(missing_ok=True)
    return 0


async def _serve(folder: Path, held: Held) -> None:
    gateway = Gateway(folder, held)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, gateway.stop)
    await gateway.run()


def _allow_many_files() -> None:
    """A connection is a file: as many as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _claim(path: Path) -> int | None:
    """Take the lock that the process holds for its life; None: another one has it."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(opened)
                return None
            time.sleep(0.02)
        else:
            return opened


def _write(path: Path, data: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    new.replace(path)


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(path, "a", LARGEST_LOG, KEPT_LOGS, "utf-8")
    formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level="INFO", handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    # A full disk must not turn every line into a trace on standard error.
    logging.raiseExceptions = False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
