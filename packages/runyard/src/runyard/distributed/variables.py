"""Variables of a model: the same in every process at the start, and a check that they still are."""

import hashlib
from typing import Any, List, Sequence

from runyard.distributed import collectives, world


def broadcast_variables(variables: Sequence[Any], root_rank: int = 0) -> None:
    """Broadcast one process's variables to every process, in one message.

    Args:
        variables: Variables of Keras or TensorFlow 2, such as `model.weights`; the same ones in
            the same order everywhere.
        root_rank: Whose values.

    Raises:
        DistributedError: `init` was not called, or the processes have different variables.
    """
    variables = list(variables)
    if world.size() == 1 or not variables:
        return
    values = [each.numpy() for each in variables]
    for variable, value in zip(variables, _sent(values, root_rank)):
        variable.assign(value)


def broadcast_global_variables(root_rank: int = 0, session: Any = None) -> None:
    """Broadcast the global variables of TensorFlow 1; call it after the initializer ran.

    Args:
        root_rank: Whose values.
        session: The session; the default session if there is one.

    Raises:
        DistributedError: `init` was not called, there is no session, or the processes have
            different variables.
    """
    import tensorflow as tf

    session = session or tf.compat.v1.get_default_session()
    if session is None:
        raise world.DistributedError(
            "there is no session of TensorFlow 1: pass session=; in TensorFlow 2 use "
            "broadcast_variables(model.weights)"
        )
    if world.size() == 1:
        return
    variables = tf.compat.v1.global_variables()
    values = _sent(session.run(variables), root_rank)
    # Each initializer assigns its second input: fed, it assigns what came.
    starts = [variable.initializer for variable in variables]
    session.run(starts, {start.inputs[1]: value for start, value in zip(starts, values)})


def variables_agree(variables: Sequence[Any], session: Any = None) -> bool:
    """Whether every process has the same values, to the last bit.

    What each process keeps for itself, such as the moving averages of batch normalisation, is
    not averaged and may differ: give `model.trainable_variables` then.

    Args:
        variables: Variables, or NumPy arrays.
        session: The session that holds them, with TensorFlow 1.
    """
    import numpy as np

    values = session.run(list(variables)) if session else [_value(each) for each in variables]
    found = hashlib.sha256()
    for value in values:
        found.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    return len(set(collectives.allgather_object(found.hexdigest()))) == 1


def _value(variable: Any) -> Any:
    return variable.numpy() if hasattr(variable, "numpy") else variable


def _sent(values: Sequence[Any], root_rank: int) -> List[Any]:
    """Send arrays as one row of bytes."""
    import numpy as np

    values = [np.asarray(value) for value in values]
    # Before: of buffers that do not fit MPI says that one was cut, and not whose.
    _check_shapes([(value.shape, str(value.dtype)) for value in values])
    rows = [np.ascontiguousarray(value).reshape(-1).view(np.uint8) for value in values]
    buffer = collectives.sent(np.concatenate(rows), root_rank)
    answers = []
    start = 0
    for value in values:
        # Copied, for the place of a row need not be one where its numbers may lie.
        row = buffer[start : start + value.nbytes].copy()
        answers.append(row.view(value.dtype).reshape(value.shape))
        start += value.nbytes
    return answers


def _check_shapes(shapes: List[Any]) -> None:
    everybody = collectives.allgather_object(shapes)
    for rank, theirs in enumerate(everybody):
        if len(theirs) != len(everybody[0]):
            raise world.DistributedError(
                f"the processes have different models: rank 0 has {len(everybody[0])} variables, "
                f"rank {rank} has {len(theirs)}"
            )
        for index, (first, other) in enumerate(zip(everybody[0], theirs)):
            if first != other:
                raise world.DistributedError(
                    f"the processes have different models: variable {index} is {first[1]} of "
                    f"shape {first[0]} on rank 0 and {other[1]} of shape {other[0]} on rank {rank}"
                )
