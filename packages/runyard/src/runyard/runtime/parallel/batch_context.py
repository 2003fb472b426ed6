"""What a script is told of a batch where its `run` takes a second argument."""

from __future__ import annotations

import importlib
import inspect
from typing import Any, Dict, NamedTuple, Optional

_NAME = "mini_batch_context"
_BOTH = 2


class MiniBatchContext(NamedTuple):
    """What a batch is of.

    Args:
        minibatch_index: Its number.
        dataset_index: Which of the step's inputs it is of, from 0.
        partition_key_value: The values of the keys that it was cut by; {} where it was not.
        input_name: The name of that input.
    """

    minibatch_index: int
    dataset_index: int
    partition_key_value: Dict[str, Optional[str]]
    input_name: str = ""

    @property
    def dataset(self) -> Any:
        """The part of the input that has these values of the keys, as a dataset."""
        # By name: the SDK is the script's, and what runs the script knows nothing of it.
        run = importlib.import_module("runyard.sdk.runs").Run.get_context()
        return run._part_of_input(  # noqa: SLF001 - the script's own run
            self.input_name, self.partition_key_value
        )


def is_taken(run: Any) -> bool:
    """Whether a script's `run` wants to be told: it has a second argument that it needs."""
    try:
        given = inspect.signature(run).parameters.values()
    except (TypeError, ValueError):
        # Of what is not written in Python nothing is known.
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [each for each in given if each.kind in kinds and each.default is each.empty]
    return len(needed) >= _BOTH or any(each.name == _NAME for each in given)
