"""Passwords of conda channels: kept apart from locks, which everybody of a workspace sees.

    definition   https://ann:word@conda.example/lab, or https://conda.example/t/token/lab
    lock         https://conda.example/lab/noarch/alpha-1.0-py_0.conda
    .accounts/   the first for the second, in a file for each lock, for the service's user alone

They stand in the addresses again when packages are fetched. They are kept by lock and not by
channel: nobody gets another's packages by naming the channel.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from runyard.protocol import conda_locks
from runyard_server.environments.inputs import CondaInputs

_ACCOUNT = re.compile(r"(?<=://)[^/@\s]+@|(?<=/)t/[^/\s]+/")


def public(address: str) -> str:
    """An address without user, password and token."""
    return _ACCOUNT.sub("", address)


def of(wanted: CondaInputs) -> dict[str, str]:
    """The channels that are named with an account: their addresses, by those without.

    Args:
        wanted: What conda is to give.
    """
    packages = filter(None, map(conda_locks.parsed, wanted.packages))
    channels: Iterable[str] = [*wanted.channels, *(each.channel for each in packages)]
    return {public(each): each for each in channels if public(each) != each}


class Accounts:
    """The accounts of the channels of locks.

    Args:
        folder: Where they are kept; made when the first one is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, lock: str, accounts: Mapping[str, str]) -> None:
        """Keep the accounts of a lock; without any, what is kept stays.

        Args:
            lock: The lock's digest.
            accounts: What `of` gave.
        """
        # A run once more has the lock's addresses, in which there are none.
        if not accounts:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{lock}.{secrets.token_hex(4)}.tmp"
        # For the owner alone from its first moment on.
        draft.touch(0o600)
        draft.write_text(json.dumps(dict(accounts)), "utf-8")
        draft.replace(self._path(lock))

    def of(self, lock: str) -> dict[str, str]:
        """The accounts that are kept of a lock."""
        try:
            found: dict[str, str] = json.loads(self._path(lock).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _path(self, lock: str) -> Path:
        return self._folder / f"{lock}.json"
