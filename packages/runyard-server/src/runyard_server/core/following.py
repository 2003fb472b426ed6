"""What happens, followed by somebody: an operation whose answer goes on.

An operation behind a row that answers with events returns a `Stream`. A face asks it again whenever
its topic changes, and frames what it tells in its own way.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

# How many events one look reads at most: a stream holds no more of a long history in memory.
BATCH = 1000


@dataclass(frozen=True)
class Told:
    """What one look found.

    Args:
        events: Records to send, in order, each with the number to go on behind, 0 for none.
        more: There may be further ones already.
        ended: Nothing will ever follow.
    """

    events: Sequence[tuple[int, object]]
    more: bool
    ended: bool


class Stream(ABC):
    """One client's place in a sequence of events; used by one thread at a time.

    Args:
        topics: What changes when there may be something to tell; one at least.
        pause: Seconds between two looks at the least: what changes all the time is told in steps.
    """

    def __init__(self, *topics: str, pause: float = 0.0) -> None:
        self.topics = topics
        self.pause = pause

    @abstractmethod
    def look(self) -> Told:
        """Read what is new, and go on behind it with the next look; may block.

        Raises:
            RunyardError: There is nothing of that name to follow.
        """
