"""Tokens that a client keeps, by the address of the service that they are for.

`runyard login URL` puts them into `logins.json` of the state folder, which is for its owner alone
(mode 0600). A token is told to the service of its own address and to nobody else.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Dict

from runyard.client.private import make_folder

if TYPE_CHECKING:
    from pathlib import Path

LOGINS_FILE = "logins.json"


def token(home: Path, url: str) -> str:
    """The token that is kept for a service, "" without one.

    Args:
        home: The state folder.
        url: The service's address, without a slash at its end.
    """
    return _read(home).get(url, "")


def keep(home: Path, url: str, secret: str) -> Path:
    """Keep a token in place of one that was kept before.

    Args:
        home: The state folder; made if it is missing.
        url: The service's address, without a slash at its end.
        secret: The token.

    Returns:
        The file that has it now.
    """
    return _write(home, {**_read(home), url: secret})


def forget(home: Path, url: str) -> bool:
    """Forget the token of a service; False if none was kept.

    Args:
        home: The state folder.
        url: The service's address, without a slash at its end.
    """
    known = _read(home)
    if known.pop(url, None) is None:
        return False
    _write(home, known)
    return True


def _read(home: Path) -> Dict[str, str]:
    try:
        found = json.loads((home / LOGINS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = found if isinstance(found, dict) else {}
    return {key: value for key, value in known.items() if isinstance(value, str)}


def _write(home: Path, known: Dict[str, str]) -> Path:
    make_folder(home)
    path = home / LOGINS_FILE
    # By another name first: a reader finds the old one or the new one, and never half of it.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1, sort_keys=True)
    temporary.replace(path)
    return path
