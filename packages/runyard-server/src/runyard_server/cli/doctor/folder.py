"""Can the state folder hold what the service keeps: may we write, lock and link, is there space?"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from runyard.client import home as homes
from runyard.protocol.service import HOME_VARIABLE
from runyard_server.cli import humane
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK, Finding

# A third of one environment with TensorFlow, and three of them.
LITTLE_BYTES = 500_000_000
ENOUGH_BYTES = 5_000_000_000
ELSEWHERE = f"export {HOME_VARIABLE}=/path/on/a/local/disk"


def state_folder() -> Iterator[Finding]:
    """Check the state folder, or the place where it would be made."""
    home = homes.locate()
    # Before the first use there is none; what is above says whether it could be made.
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    if not place.is_dir():
        yield Finding("state folder", BROKEN, f"{place} is a file", ELSEWHERE)
        return
    trouble = _trouble(place)
    if trouble:
        yield Finding("state folder", BROKEN, f"{home}: {trouble}", ELSEWHERE)
        return
    yield Finding("state folder", OK, f"{home}" if home == place else f"{home} (not made yet)")
    yield from _privacy(home)
    yield _space(place)


def _trouble(folder: Path) -> str:
    """Find out why the service could not keep its files there; "" if it could."""
    import fcntl

    try:
        # Made in the folder itself, for /tmp may be on another file system.
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as scratch:
            one, two = Path(scratch, "one"), Path(scratch, "two")
            with one.open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Environments are hard links to the packages that uv keeps.
            os.link(one, two)
    except PermissionError as error:
        return f"it may not be written ({error.strerror})"
    except OSError as error:
        return f"its file system lacks locks or links ({error.strerror})"
    return ""


def _privacy(home: Path) -> Iterator[Finding]:
    secret = home / "secret"
    if secret.exists() and stat.S_IMODE(secret.stat().st_mode) & 0o077:
        yield Finding("secret", BROKEN, f"{secret} can be read by others", f"chmod 600 {secret}")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{humane.size(free)} free"
    if free < LITTLE_BYTES:
        return Finding("disk", BROKEN, f"{text}; environments need some GB", ELSEWHERE)
    if free < ENOUGH_BYTES:
        return Finding("disk", NOTE, f"{text}; an environment with TensorFlow takes 1.5 GB")
    return Finding("disk", OK, text)
