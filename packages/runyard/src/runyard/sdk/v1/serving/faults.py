"""Faults of what a user has written down, gathered, so that one message tells all of them."""

from __future__ import annotations

import contextlib
from typing import Iterator, List, Type

from runyard.sdk.exceptions import AzureMLException, UserErrorException, WebserviceException


class Faults:
    """Gathers faults, and refuses with all of them at once.

    Args:
        what: What cannot be done, the beginning of the message.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._texts: List[str] = []
        self._kinds: List[Type[AzureMLException]] = []

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self._texts)

    def add(self, text: str, kind: Type[AzureMLException] = WebserviceException) -> None:
        """Add a fault.

        Args:
            text: What is wrong, and what would be right.
            kind: What is raised if it is the only one.
        """
        self._texts.append(text)
        self._kinds.append(kind)

    def extend(self, texts: List[str]) -> None:
        """Add several faults."""
        for text in texts:
            self.add(text)

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        """Take what is raised within as a fault, and go on."""
        try:
            yield
        except AzureMLException as error:
            # Classes below it are made of other arguments than a message.
            kind = UserErrorException if isinstance(error, UserErrorException) else type(error)
            self.add(error.message, kind)

    def refuse(self) -> None:
        """Raise if there is a fault.

        Raises:
            AzureMLException: There are faults: of the kind of the only one, else a
                WebserviceException.
        """
        if not self._texts:
            return
        kinds = set(self._kinds)
        # Scripts of v1 catch this one around a deployment, whatever is wrong.
        kind = kinds.pop() if len(kinds) == 1 else WebserviceException
        if len(self._texts) == 1:
            raise kind(f"{self._what}: {self._texts[0]}")
        lines = "".join(f"\n  {number}. {text}" for number, text in enumerate(self._texts, 1))
        raise kind(f"{self._what}, for {len(self._texts)} reasons:{lines}")
