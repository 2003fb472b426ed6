"""Each process's share of the data: as much for each, none of it twice.

The shares are of equal length, because every step waits for all processes: one that had a batch
more would wait for ever. What does not divide is left out, fewer rows than there are processes.
"""

from typing import Any

from runyard.distributed import world


def shard(*data: Any) -> Any:
    """This process's share of arrays, lists or a `tf.data.Dataset`.

    Rank 0 of 2 gets the rows 0, 2, 4 …, rank 1 the rows 1, 3, 5 …. Shuffle the share afterwards;
    shuffled before, it must be in the same order everywhere (the same seed).

    Args:
        data: Arrays or sequences of one length, sliced along the first axis; or one dataset of
            single examples (shard first, then batch).

    Returns:
        One share, or a tuple of as many as were given.

    Raises:
        DistributedError: `init` was not called, or there are fewer rows than processes.
        ValueError: The lengths differ, or nothing was given.
    """
    here = world.current()
    if not data:
        raise ValueError("shard needs arrays or a dataset")
    if hasattr(data[0], "shard"):
        shares = tuple(_dataset(each, here) for each in data)
    else:
        shares = _rows(data, here)
    return shares[0] if len(shares) == 1 else shares


def _rows(data: Any, here: world.World) -> Any:
    lengths = [len(each) for each in data]
    if len(set(lengths)) > 1:
        raise ValueError(f"what is sharded together has one length; these have {lengths}")
    each = lengths[0] // here.size
    if not each:
        raise world.DistributedError(
            f"{lengths[0]} rows are too few for {here.size} processes: each needs one"
        )
    return tuple(one[here.rank : each * here.size : here.size] for one in data)


def _dataset(dataset: Any, here: world.World) -> Any:
    """Take every size()-th example; drop the incomplete last round: all ranks get equally many."""
    if here.size == 1:
        return dataset
    import tensorflow as tf

    count = int(tf.data.experimental.cardinality(dataset))
    if count >= 0:
        return dataset.shard(here.size, here.rank).take(count // here.size)
    if count == int(tf.data.experimental.INFINITE_CARDINALITY):
        return dataset.shard(here.size, here.rank)
    # Of unknown length: one rank could get an example more, and wait for the others for ever.
    rounds = dataset.batch(here.size, drop_remainder=True)
    return rounds.map(lambda *parts: _taken(parts, here.rank))


def _taken(parts: Any, rank: int) -> Any:
    import tensorflow as tf

    taken = tf.nest.map_structure(lambda part: part[rank], parts)
    return taken[0] if len(taken) == 1 else taken
