"""Calls that are answered together, where the model takes several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Deque, List

from runyard.runtime.model.script import Script

if TYPE_CHECKING:
    from runyard.runtime.model.engine import Engine
    from runyard.runtime.model.line import Frame


class Batches:
    """Gathers calls for the model.

    Args:
        engine: What answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def answer(self, pending: Deque[Frame], most: int) -> List[bytes]:
        """The ANSWERs to the first calls that wait; they are taken off.

        Args:
            pending: What waits, at least one.
            most: How many are answered at once.
        """
        frames = [pending.popleft() for _ in range(min(most, len(pending)))]
        if isinstance(self._engine.flavor, Script):
            return self._engine.answer_many(frames)
        return [self._engine.answer(frame) for frame in frames]
