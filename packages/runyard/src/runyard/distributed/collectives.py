"""What all processes do together with values: reduce, gather, broadcast, wait.

Values are numbers, NumPy arrays or tensors of TensorFlow (eager, or inside a `tf.function`); an
answer has the type and dtype of the value. Half-precision values are summed as float32.
"""

from typing import Any, Callable, List

from runyard.distributed import graph, world

Average, Sum, Min, Max = "average", "sum", "min", "max"
_OPERATIONS = {Average: "SUM", Sum: "SUM", Min: "MIN", Max: "MAX"}
_CHUNK = 1 << 28  # elements; MPI counts in 32-bit numbers


def allreduce(value: Any, op: str = Average) -> Any:
    """Combine a value over all processes; all get the same answer.

    Args:
        value: A number, an array or a tensor, of the same shape everywhere.
        op: `Average`, `Sum`, `Min` or `Max`.

    Raises:
        DistributedError: `init` was not called.
        ValueError: There is no such operation.
    """
    if op not in _OPERATIONS:
        raise ValueError(f"op is {op!r}; it is one of {', '.join(sorted(_OPERATIONS))}")
    return _applied(value, lambda array: reduced(array, op), op=op)


def allgather(value: Any) -> Any:
    """The values of all processes one after the other, joined along the first axis.

    Args:
        value: An array or a tensor; the first axis may have another length on each process.
    """
    if world.size() == 1:
        return value
    return _applied(value, gathered, joined=True)


def broadcast(value: Any, root_rank: int = 0) -> Any:
    """Broadcast one process's value to every process.

    Args:
        value: A number, an array or a tensor, of the same shape everywhere.
        root_rank: Whose value it is.
    """
    return _applied(value, lambda array: sent(array, root_rank))


def allgather_object(value: Any) -> List[Any]:
    """The values of all processes, by rank; anything that pickles."""
    here = world.current()
    if here.size == 1:
        return [value]
    with here.lock:
        return list(here.communicator.allgather(value))


def broadcast_object(value: Any, root_rank: int = 0) -> Any:
    """Broadcast one process's object to every process; anything that pickles."""
    here = world.current()
    if here.size == 1:
        return value
    with here.lock:
        return here.communicator.bcast(value, root_rank)


def barrier() -> None:
    """Wait until every process is here."""
    here = world.current()
    if here.size > 1:
        with here.lock:
            here.communicator.Barrier()


def reduced(array: Any, op: str = Average) -> Any:
    """Combine a NumPy array over all processes into a new one."""
    import numpy as np

    here = world.current()
    if here.size == 1:
        return array.astype(_answer_dtype(array.dtype, op), copy=False)
    from mpi4py import MPI

    given = np.ascontiguousarray(array, wire_dtype(array.dtype))
    answer = np.empty_like(given)
    source, target = given.reshape(-1), answer.reshape(-1)
    with here.lock:
        for start in range(0, source.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            operation = getattr(MPI, _OPERATIONS[op])
            here.communicator.Allreduce(source[part], target[part], operation)
    if op == Average:
        answer = answer / here.size
    return answer.reshape(array.shape).astype(_answer_dtype(array.dtype, op), copy=False)


def gathered(array: Any) -> Any:
    """Join a NumPy array of every process along the first axis."""
    import numpy as np

    here = world.current()
    if here.size == 1:
        return array
    given = np.ascontiguousarray(array, wire_dtype(array.dtype))
    with here.lock:
        rest = here.communicator.allgather(given.shape)
        # All know all shapes, so all raise, and none is left waiting.
        if len({shape[1:] for shape in rest}) > 1:
            raise world.DistributedError(
                f"arrays of the shapes {rest} (by rank) cannot be joined along the first axis"
            )
        counts = [int(np.prod(shape)) for shape in rest]
        answer = np.empty((sum(shape[0] for shape in rest), *given.shape[1:]), given.dtype)
        here.communicator.Allgatherv(given, [answer, counts])
    return answer.astype(array.dtype, copy=False)


def sent(array: Any, root_rank: int = 0) -> Any:
    """The NumPy array of one process, as a new one."""
    import numpy as np

    here = world.current()
    if here.size == 1:
        return array
    if not 0 <= root_rank < here.size:
        raise ValueError(f"root_rank is {root_rank}; the ranks are 0 to {here.size - 1}")
    # A copy: Bcast writes into what it is given.
    buffer = np.array(array, order="C", copy=True)
    raw = buffer.reshape(-1).view(np.uint8)
    with here.lock:
        for start in range(0, raw.size, _CHUNK):
            here.communicator.Bcast(raw[start : start + _CHUNK], root_rank)
    return buffer


def wire_dtype(dtype: Any) -> Any:
    """The dtype in which values travel: one that MPI can add without losing digits."""
    import numpy as np

    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.dtype(np.int64)
    # bfloat16 and its smaller kin are of NumPy's kind V, for want of a better one.
    if dtype.kind in "fV" and dtype.itemsize <= np.dtype(np.float16).itemsize and dtype.isbuiltin:
        return np.dtype(np.float32)
    if dtype.kind in "iufc":
        return dtype
    raise TypeError(
        f"values of dtype {dtype} cannot be sent to the other processes; use allgather_object or "
        "broadcast_object for what is no number"
    )


def _answer_dtype(dtype: Any, op: str) -> Any:
    """The dtype of an answer: an average of whole numbers is none."""
    import numpy as np

    if dtype.kind == "b" and op == Sum:
        return np.dtype(np.int64)
    return np.dtype(np.float64) if op == Average and dtype.kind in "iub" else dtype


def _applied(value: Any, work: Callable[[Any], Any], op: str = "", *, joined: bool = False) -> Any:
    """Do the work on a value of any kind, and give the answer as the same kind."""
    import numpy as np

    if _is_tensor(value):
        return _on_tensor(value, work, op, joined=joined)
    array = np.asarray(value)
    answer = work(array)
    if isinstance(value, (np.ndarray, list, tuple)):
        return answer
    return answer.item() if answer.ndim == 0 else answer


def _is_tensor(value: Any) -> bool:
    return type(value).__module__.split(".")[0] in ("tensorflow", "keras", "tf_keras")


def _on_tensor(value: Any, work: Callable[[Any], Any], op: str, *, joined: bool) -> Any:
    import numpy as np
    import tensorflow as tf

    tensor = tf.convert_to_tensor(value)
    dtype = tf.as_dtype(_answer_dtype(np.dtype(tensor.dtype.as_numpy_dtype), op))
    (answer,) = graph.call(lambda array: [work(array)], [tensor], [dtype])
    answer.set_shape([None, *tensor.shape[1:]] if joined else tensor.shape)
    return answer
