"""Averaging gradients: one operation per step, however many variables the model has.

Dense gradients are laid one after the other, one message per dtype. Sparse ones (`IndexedSlices`,
as embeddings have) stay sparse: the rows of all processes follow one another, as those of one
large batch would.
"""

from typing import Any, Dict, List, Sequence

from runyard.distributed import collectives, graph, world


def average(gradients: Any) -> Any:
    """The gradients averaged over all processes.

    Args:
        gradients: What `tape.gradient` gave (a list, a tuple, any nest of tensors,
            `IndexedSlices` and None), or a list of NumPy arrays. Every process gives the same
            number of gradients with the same shapes.

    Returns:
        Gradients of the same structure and dtypes; None stays None.

    Raises:
        DistributedError: `init` was not called, the processes have different gradients, or the
            graph is compiled by XLA.
    """
    if world.size() == 1:
        return gradients
    import numpy as np

    if _is_flat(gradients):
        given = [each for each in gradients if each is not None]
        plain = all(isinstance(each, np.ndarray) for each in given)
        return type(gradients)(_arrays(gradients) if plain else _tensors(gradients))
    import tensorflow as tf

    flat = tf.nest.flatten(gradients)
    return tf.nest.pack_sequence_as(gradients, _tensors(flat))


class DistributedGradientTape:
    """A `tf.GradientTape` whose gradients are averaged over all processes.

        with tf.GradientTape() as tape:
            loss = ...
        tape = DistributedGradientTape(tape)
        gradients = tape.gradient(loss, model.trainable_variables)

    Args:
        tape: The tape.
    """

    def __init__(self, tape: Any) -> None:
        self._tape = tape

    def __enter__(self) -> Any:
        self._tape.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        return self._tape.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tape, name)

    def gradient(self, target: Any, sources: Any, **options: Any) -> Any:
        """The averaged gradients; see `tf.GradientTape.gradient`."""
        return average(self._tape.gradient(target, sources, **options))


class Exchange:
    """What the processes do with one step's buffers.

    Args:
        dense: How many of the arrays are summed; the others are rows to gather, then as many
            indices.
    """

    def __init__(self, dense: int) -> None:
        self._dense = dense
        self._agreed = False

    def __call__(self, *arrays: Any) -> List[Any]:
        """The arrays' averages.

        Raises:
            DistributedError: Another process has other gradients.
        """
        self._agree(arrays)
        averaged = [collectives.reduced(array) for array in arrays[: self._dense]]
        sparse = arrays[self._dense :]
        count = len(sparse) // 2
        rows = [collectives.gathered(array) / world.size() for array in sparse[:count]]
        rows = [row.astype(array.dtype, copy=False) for row, array in zip(rows, sparse)]
        return [*averaged, *rows, *(collectives.gathered(array) for array in sparse[count:])]

    def _agree(self, arrays: Sequence[Any]) -> None:
        """Compare once; different models would add up numbers that have nothing in common."""
        if self._agreed:
            return
        dense = [f"{array.size:,} {array.dtype} numbers" for array in arrays[: self._dense]]
        sparse = [f"rows of {array.shape[1:]}" for array in arrays[self._dense :]]
        signatures = collectives.allgather_object(", ".join(dense + sparse))
        for rank, signature in enumerate(signatures):
            if signature != signatures[0]:
                raise world.DistributedError(
                    "the processes have different models: the gradients of rank 0 are "
                    f"{signatures[0]}, those of rank {rank} are {signature}"
                )
        self._agreed = True


def _is_flat(gradients: Any) -> bool:
    # By type: a namedtuple is a tuple that cannot be made of one list.
    if type(gradients) not in (list, tuple):
        return False
    return not any(isinstance(each, (list, tuple, dict)) for each in gradients)


def _arrays(gradients: Sequence[Any]) -> List[Any]:
    """Average NumPy arrays, one message per dtype."""
    import numpy as np

    answers = list(gradients)
    groups: Dict[Any, List[int]] = {}
    for index, each in enumerate(gradients):
        if each is not None:
            groups.setdefault(collectives.wire_dtype(each.dtype), []).append(index)
    buffers = [
        np.concatenate([gradients[index].astype(dtype, copy=False).reshape(-1) for index in group])
        for dtype, group in groups.items()
    ]
    for buffer, group in zip(Exchange(len(buffers))(*buffers), groups.values()):
        start = 0
        for index in group:
            each = gradients[index]
            part = buffer[start : start + each.size]
            start += each.size
            answers[index] = part.reshape(each.shape).astype(each.dtype, copy=False)
    return answers


def _tensors(gradients: Sequence[Any]) -> List[Any]:
    """Average TensorFlow's gradients with one operation."""
    import tensorflow as tf

    groups: Dict[Any, List[int]] = {}
    sparse: List[int] = []
    for index, each in enumerate(gradients):
        if isinstance(each, tf.IndexedSlices):
            sparse.append(index)
        elif each is not None:
            groups.setdefault(_wire(each.dtype), []).append(index)
    if not groups and not sparse:
        return list(gradients)
    buffers = [
        tf.concat([tf.reshape(tf.cast(gradients[i], dtype), [-1]) for i in group], 0)
        for dtype, group in groups.items()
    ]
    rows = [tf.cast(gradients[i].values, _wire(gradients[i].dtype)) for i in sparse]
    indices = [gradients[i].indices for i in sparse]
    given = [*buffers, *rows, *indices]
    got = graph.call(Exchange(len(buffers)), given, [each.dtype for each in given])
    answers = list(gradients)
    for buffer, group in zip(got, groups.values()):
        for index, part in zip(group, _parts(buffer, [gradients[i] for i in group])):
            answers[index] = part
    at = len(buffers)
    for place, index in enumerate(sparse):
        row, where = got[at + place], got[at + len(sparse) + place]
        answers[index] = _slices(row, where, gradients[index])
    return answers


def _parts(buffer: Any, originals: Sequence[Any]) -> List[Any]:
    """Cut a buffer into gradients like the originals."""
    import tensorflow as tf

    sizes = [tf.size(each) for each in originals]
    cut = tf.split(buffer, tf.stack(sizes), num=len(sizes))
    parts = []
    for part, original in zip(cut, originals):
        gradient = tf.cast(tf.reshape(part, tf.shape(original)), original.dtype)
        gradient.set_shape(original.shape)
        parts.append(gradient)
    return parts


def _slices(rows: Any, indices: Any, original: Any) -> Any:
    """Gathered rows as slices of what the original is a slice of."""
    import tensorflow as tf

    indices.set_shape([None])
    rows.set_shape([None, *original.values.shape.as_list()[1:]])
    return tf.IndexedSlices(tf.cast(rows, original.dtype), indices, original.dense_shape)


def _wire(dtype: Any) -> Any:
    import tensorflow as tf

    # MPI adds neither.
    if dtype in (tf.float16, tf.bfloat16):
        return tf.float32
    return dtype
