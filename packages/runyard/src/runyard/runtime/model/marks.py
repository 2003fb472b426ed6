"""What a `run` can be marked with."""

from __future__ import annotations

from typing import Any, Callable, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_BATCHED = "__runyard_batched__"


def batched(run: Function) -> Function:
    """Have `run` take several requests at once.

    It is given a list, of each request what it would be given alone, and returns a list of as many
    results in the same order. How many and how long they are waited for is the deployment's
    `batching`. Where it raises, each is tried alone, so that one bad request fails alone.
    """
    setattr(run, _BATCHED, True)
    return run


def is_batched(run: Callable[..., Any]) -> bool:
    """Whether it is."""
    return bool(getattr(run, _BATCHED, False))
