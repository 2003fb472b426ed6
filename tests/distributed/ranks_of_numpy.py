"""Run by two ranks in test_averaging.py: each line must hold on both."""

import sys

import numpy as np

import runyard.distributed as dist

dist.init()
rank = dist.rank()


def refusal(work, argument):
    """The message of the error that must come."""
    try:
        work(argument)
    except dist.DistributedError as error:
        return str(error)
    return ""


def reductions():
    """Numbers and arrays are combined, and keep their kind."""
    assert dist.allreduce(float(rank)) == 0.5
    assert dist.allreduce(rank) == 0.5
    assert dist.allreduce(rank + 1, dist.Sum) == 3
    assert dist.allreduce(np.array([rank, 5]), dist.Max).tolist() == [1, 5]
    half = dist.allreduce(np.full((2, 3), 2 * rank, np.float16))
    assert (half.dtype, half.shape, half.max()) == (np.float16, (2, 3), 1)
    # Summed in half precision, this would be infinite.
    assert dist.allreduce(np.array(60000, np.float16)) == 60000
    assert dist.allreduce(np.array([rank == 0]), dist.Min).tolist() == [False]


def gathering():
    """What is joined comes in the order of ranks, and may have another length on each."""
    assert dist.allgather(np.arange(rank + 1)).tolist() == [0, 0, 1]
    assert dist.allgather_object({"rank": rank}) == [{"rank": 0}, {"rank": 1}]
    assert dist.broadcast(np.array([rank + 5]), 1).tolist() == [6]
    assert dist.broadcast_object([rank]) == [0]


def averaging():
    """Gradients of several dtypes, one that is missing, and one without an axis."""
    given = [
        np.full((2, 2), rank, np.float32),
        None,
        np.full(3, rank, np.float64),
        np.array(rank, np.float16),
    ]
    got = dist.average(given)
    assert got[1] is None
    assert [each.tolist() for each in got if each is not None] == [[[0.5] * 2] * 2, [0.5] * 3, 0.5]
    assert [each.dtype for each in got if each is not None] == ["f4", "f8", "f2"]


def disagreeing():
    """Different models are an error on every rank, and so are different values seen as such."""
    said = refusal(dist.average, [np.zeros(2 + rank, np.float32)])
    assert "rank 0 are 2 float32 numbers, those of rank 1 are 3 float32" in said, said
    assert not dist.variables_agree([np.array(rank)])
    assert dist.variables_agree([np.array(1.5)])


class Variable:
    """A variable as Keras and TensorFlow 2 have them."""

    def __init__(self, value) -> None:
        self.value = np.array(value)

    def numpy(self):
        """The value."""
        return self.value

    def assign(self, value):
        """Take a value."""
        self.value = value


def starting_alike():
    """Variables of several dtypes and shapes travel together."""
    variables = [Variable(np.int8(rank)), Variable([[rank + 0.5]]), Variable([rank] * 3)]
    dist.broadcast_variables(variables, root_rank=1)
    assert [each.value.tolist() for each in variables] == [1, [[1.5]], [1] * 3]
    said = refusal(dist.broadcast_variables, [Variable([0.0] * (rank + 1))])
    assert "variable 0 is float64 of shape (1,) on rank 0" in said, said


def sharing():
    """Each takes its rows; who is on this machine is counted."""
    assert dist.shard(np.arange(5)).tolist() == [rank, rank + 2]
    assert (dist.size(), dist.local_size(), dist.local_rank()) == (2, 2, rank)


if sys.argv[1:] == ["fail"] and rank == 1:
    sys.exit(7)
for check in (reductions, gathering, averaging, disagreeing, starting_alike, sharing):
    check()
sys.stdout.write(f"rank {rank} agrees\n")
