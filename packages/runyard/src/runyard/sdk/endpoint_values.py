"""Values of an endpoint's arguments, checked; what is wrong is gathered and told together."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from runyard.protocol.suggestions import suggest
from runyard.sdk.exceptions import UserErrorException

_PAIR = 2
_LARGEST = 1 << 31


class Faults:
    """What was found wrong so far; a value that is wrong is answered with one that fits."""

    def __init__(self) -> None:
        self._said: List[str] = []

    def add(self, sentence: str) -> None:
        """Keep what is wrong, to be told with the rest."""
        self._said.append(sentence)

    def raise_all(self, what: str) -> None:
        """Raise what was gathered, in one message.

        Args:
            what: What they are faults of.

        Raises:
            UserErrorException: There are some.
        """
        if len(self._said) == 1:
            raise UserErrorException(self._said[0])
        if self._said:
            lines = "\n".join(f"  - {each}" for each in self._said)
            raise UserErrorException(f"{what}: {len(self._said)} things make no sense:\n{lines}")

    def replicas(self, wanted: Any) -> Tuple[int, int]:
        """The fewest and the most replicas, from one number or a pair."""
        least, most = wanted if is_pair(wanted) else (wanted, wanted)
        if _is_whole(least, 0) and _is_whole(most, 1) and least <= most:
            return least, most
        self.add(
            f"replicas is {wanted!r}; give how many, or the fewest and the most, as in (1, 4), "
            "where (0, 4) is none while there are no requests"
        )
        return 1, 1

    def whole(self, name: str, value: Any, least: int, most: int = _LARGEST) -> int:
        """A whole number.

        Args:
            name: The argument.
            value: What was given.
            least: The smallest that fits.
            most: The largest that fits.
        """
        if _is_whole(value, least, most):
            return int(value)
        upto = f" to {most}" if most < _LARGEST else ""
        self.add(f"{name} is {value!r}; it must be a whole number from {least}{upto}")
        return least

    def positive(self, name: str, value: Any) -> float:
        """A number above 0."""
        # True is a number to Python, and a slip to whoever reads `timeout=True`.
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        if fits and 0 < value < float("inf"):
            return float(value)
        self.add(f"{name} is {value!r}; it must be a number above 0")
        return 1.0

    def share(self, name: str, value: Any) -> float:
        """A share from 0 to 1."""
        if isinstance(value, (int, float)) and 0 <= value <= 1:
            return float(value)
        self.add(f"{name} is {value!r}; it must be a share from 0 to 1")
        return 0.5

    def texts(self, name: str, value: Any, known: Optional[Sequence[str]] = None) -> List[str]:
        """Texts; one alone is a list of one.

        Args:
            name: The argument.
            value: What was given.
            known: Those there are; None: any.
        """
        found = [value] if isinstance(value, str) else value
        fits = isinstance(found, (list, tuple)) and all(isinstance(one, str) for one in found)
        if not fits:
            self.add(f"{name} is {value!r}; give a text, or a list of texts")
            return []
        for each in found:
            if known is not None and each not in known:
                near = suggest(str(each), known, "").sentence
                self.add(f"{name} is {each!r}; {near}")
        return list(found)

    def mapping(self, name: str, value: Any) -> Dict[str, Any]:
        """A dict."""
        if isinstance(value, Mapping):
            return {str(key): each for key, each in value.items()}
        self.add(f"{name} is {value!r}; give a dict")
        return {}


def is_pair(value: Any) -> bool:
    """Whether a value is a pair."""
    return isinstance(value, (list, tuple)) and len(value) == _PAIR


def _is_whole(value: Any, least: int, most: int = _LARGEST) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
