"""The state folder: where each thing the service keeps has its place.

One service owns one folder (`RUNYARD_HOME`, `~/.runyard` by default). Nothing else in the
program joins paths below it: whoever needs a place asks `Home`.
"""

import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.service import (
    CONNECTION_FILE,
    CONTENTS_FOLDER,
    LIFE_LOCK,
    SERVICE_LOG,
    START_LOCK,
)

SECRET_BYTES = 32
# The light half of a first start is written in one, or in some on a slow mount.
_START_SECONDS = 600.0
PRIVATE = 0o077
"""The bits by which others than the owner could use a file: none of ours has any."""


class Home:
    """The state folder and the places in it.

    Args:
        root: The folder; made absolute, need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).expanduser().absolute()
        self.connection_file = self.root / CONNECTION_FILE
        self.life_lock = self.root / LIFE_LOCK
        self.last_port = self.root / "port"
        self.start_lock = self.root / START_LOCK
        self.config = self.root / "config.toml"
        self.secret_file = self.root / "secret"
        self.database = self.root / "runyard.db"
        self.reserve = self.root / "reserve"
        self.collected = self.root / "collected"
        self.restoring = self.root / "restoring.json"
        self.blobs = self.root / CONTENTS_FOLDER
        # Not among the contents, for those without a database are a damaged folder.
        self.contents_mark = self.root / "contents-in"
        self.datastores = self.root / "datastores"
        self.environments = self.root / "environments"
        self.packages = self.root / "packages"
        self.runs = self.root / "runs"
        self.spool = self.root / "spool"
        self.light = self.root / "light"
        self.logs = self.root / "logs"
        self.service_log = self.logs / SERVICE_LOG
        self.run_logs = self.logs / "runs"

    def create(self) -> None:
        """Make the folders that are missing; all are for their owner alone, also old ones.

        Raises:
            InvalidRequest: The root is a folder that others need, such as `/tmp`.
        """
        if self.root.is_dir():
            _check_own(self.root)
            _check_owner(self.secret_file)
            _check_owner(self.database)
        else:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(mode=0o700, exist_ok=True)
        folders = (
            self.root,
            self.blobs,
            self.datastores,
            self.environments,
            self.packages,
            self.runs,
            self.light,
            self.logs,
            self.run_logs,
        )
        for folder in folders:
            folder.mkdir(mode=0o700, exist_ok=True)
            _tighten(folder, 0o700)
        self._tighten_contents()

    def _tighten_contents(self) -> None:
        """Take from others what an earlier version, or a copy, left open to them."""
        for folder in (*self.runs.iterdir(), self.spool):
            if folder.is_dir() and not folder.is_symlink():
                _tighten(folder, 0o700)
        own = (self.secret_file, self.connection_file, self.life_lock, self.start_lock)
        logs = (path for path in self.logs.iterdir() if path.is_file())
        for file in (*own, *self.root.glob(f"{self.database.name}*"), *logs):
            if file.exists():
                _tighten(file, 0o600)

    def sweep(self, *, shared: bool = False) -> int:
        """Remove what uploads and writes that were killed left half-way; return how many files.

        Only at the start of the service that holds the folder: it alone writes under these
        names, so that nothing of it belongs to anybody who lives.

        Args:
            shared: Whether others may start beside it; what a start writes stays while it is new.
        """
        import shutil

        from runyard_server.store.folders import INCOMING

        left = [
            *self.blobs.glob(f"{INCOMING}/*"),
            *self.datastores.glob(f"*/{INCOMING}/*"),
            *self.run_logs.glob(f"{INCOMING}/*"),
            *self.environments.glob("*.tmp"),
            *self.environments.glob(".inputs/*.tmp"),
            *self.environments.glob(".accounts/*.tmp"),
            *self.root.glob(f".{CONNECTION_FILE}.*"),
        ]
        of_starts = [*self.light.glob(".*"), *self.root.glob(".secret-*")]
        left += [path for path in of_starts if not shared or _is_old(path)]
        for path in left:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(left)

    def datastore(self, workspace: str, name: str) -> Path:
        """The folder of a datastore; both names have passed their rules."""
        return self.datastores / workspace / name

    def process_log(self, port: int) -> Path:
        """The log of one of several processes that share the folder."""
        return self.service_log.with_name(f"{self.service_log.stem}-{port}.log")

    def run(self, run_id: str) -> Path:
        """The folder of a run on this machine: its work, spool and logs."""
        return self.runs / run_id

    def secret(self) -> bytes:
        """The service's secret, 32 random bytes; the first call makes it (mode 0600).

        Raises:
            InvalidRequest: The file does not hold one: tokens made from it could be guessed.
        """
        if not self.secret_file.exists():
            self._make_secret()
        found = self.secret_file.read_bytes()
        # All bytes alike are the zeros that a copy or a disk that was cut off leaves.
        if len(found) < SECRET_BYTES or len(set(found)) == 1:
            raise InvalidRequest(
                f"{self.secret_file} holds {len(found)} bytes and not {SECRET_BYTES} random ones, "
                "so that tokens made from it could be guessed. Put the file back from a copy of "
                "the state folder; without one remove it: a new secret is made, other machines "
                "need the new token, and jobs that run now can no longer report"
            )
        return found

    def begun_us(self) -> int:
        """When the folder was first used, in microseconds since 1970: its secret is that old.

        The same for each start until there is a database, so that what a service said of a
        default workspace still holds if it was killed before it had made one.
        """
        return self.secret_file.stat().st_mtime_ns // 1000

    def _make_secret(self) -> None:
        self.root.parent.mkdir(parents=True, exist_ok=True)
        self.root.mkdir(mode=0o700, exist_ok=True)
        temporary = self.root / f".secret-{os.getpid()}-{os.urandom(4).hex()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
            # A link fails where the name exists, so of two makers exactly one wins.
            with suppress(FileExistsError):
                os.link(temporary, self.secret_file)
        finally:
            temporary.unlink()


def system_user() -> str:
    """The name that the system has for who runs the service, `user` where it has none.

    Never that of a variable: whoever starts a service could be anybody then.
    """
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        # A container whose user has no name.
        return "user"


def _check_own(root: Path) -> None:
    """Refuse a folder whose access cannot be taken from others without harm.

    Raises:
        InvalidRequest: It is the machine's or all users', not the service's own.
    """
    # The sticky bit marks folders that all users write to, such as /tmp.
    shared = root.stat().st_mode & stat.S_ISVTX or root.parent == root
    if shared or root == Path.home():
        raise InvalidRequest(
            f"the state folder {root} is not the service's own, and it must be closed to others; "
            f"set RUNYARD_HOME to a folder in it, such as {root / 'runyard'}"
        )


def _check_owner(file: Path) -> None:
    """Refuse the state of another user: what root writes there its owner could not use again.

    Raises:
        InvalidRequest: The file belongs to somebody else.
    """
    if not file.exists() or file.stat().st_uid == os.geteuid():
        return
    import pwd

    try:
        name = pwd.getpwuid(file.stat().st_uid).pw_name
    except KeyError:
        name = str(file.stat().st_uid)
    raise InvalidRequest(
        f"the state folder {file.parent} belongs to the user {name}; work as that user, or set "
        "RUNYARD_HOME to a folder of your own"
    )


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _START_SECONDS
    except FileNotFoundError:
        return False


def _tighten(path: Path, mode: int) -> None:
    if path.stat().st_mode & PRIVATE:
        path.chmod(mode)
