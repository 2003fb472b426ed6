"""The state folder: where each thing the service keeps has its place.

One service owns one folder (`RUNYARD_HOME`, `~/.runyard` by default). Nothing else in the
program joins paths below it: whoever needs a place asks `Home`.
"""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from runyard.protocol.service import CONNECTION_FILE, LIFE_LOCK, SERVICE_LOG, START_LOCK
from runyard_server.store.folders import INCOMING

SECRET_BYTES = 32


class Home:
    """The state folder and the places in it.

    Args:
        root: The folder; made absolute, need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).expanduser().absolute()
        self.connection_file = self.root / CONNECTION_FILE
        self.life_lock = self.root / LIFE_LOCK
        self.start_lock = self.root / START_LOCK
        self.config = self.root / "config.toml"
        self.secret_file = self.root / "secret"
        self.database = self.root / "runyard.db"
        self.blobs = self.root / "blobs"
        self.datastores = self.root / "datastores"
        self.environments = self.root / "environments"
        self.packages = self.root / "packages"
        self.runs = self.root / "runs"
        self.light = self.root / "light"
        self.logs = self.root / "logs"
        self.service_log = self.logs / SERVICE_LOG
        self.run_logs = self.logs / "runs"

    def create(self) -> None:
        """Make the folders that are missing; the root is for its owner alone."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (
            self.blobs,
            self.datastores,
            self.environments,
            self.packages,
            self.runs,
            self.light,
            self.run_logs,
        ):
            folder.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> int:
        """Remove what uploads and writes that were killed left half-way; return how many files.

        Only at the start of the service that holds the folder: it alone writes under these
        names, so that nothing of it belongs to anybody who lives.
        """
        left = [
            *self.blobs.glob(f"{INCOMING}/*"),
            *self.datastores.glob(f"*/{INCOMING}/*"),
            *self.environments.glob("*.tmp"),
            *self.environments.glob(".inputs/*.tmp"),
            *self.light.glob(".*"),
            *self.root.glob(f".{CONNECTION_FILE}.*"),
            *self.root.glob(".secret-*"),
        ]
        for path in left:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(left)

    def datastore(self, workspace: str, name: str) -> Path:
        """Give the folder of a datastore; both names have passed their rules."""
        return self.datastores / workspace / name

    def run(self, run_id: str) -> Path:
        """Give the folder of a run on this machine: its work, spool and logs."""
        return self.runs / run_id

    def secret(self) -> bytes:
        """Give the service's secret, 32 random bytes; the first call makes it (mode 0600)."""
        if not self.secret_file.exists():
            self._make_secret()
        return self.secret_file.read_bytes()

    def _make_secret(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.root / f".secret-{os.getpid()}-{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
            # A link fails where the name exists, so of two makers exactly one wins.
            with suppress(FileExistsError):
                os.link(temporary, self.secret_file)
        finally:
            temporary.unlink()
