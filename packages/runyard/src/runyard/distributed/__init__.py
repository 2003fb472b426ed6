"""Train one model with several MPI processes: average gradients, start alike, share the data.

For scripts that run under `MpiConfiguration`, on TensorFlow 2 with Keras 3, older TensorFlow or
plain NumPy; all it needs is mpi4py. The names are those that Horovod made familiar:

    import keras
    import runyard.distributed as dist

    dist.init()
    images, labels = dist.shard(images, labels)
    optimizer = dist.DistributedOptimizer(keras.optimizers.SGD(0.05 * dist.size()))
    model.compile(optimizer, loss, jit_compile=False)
    model.fit(images, labels, callbacks=[
        dist.BroadcastVariablesCallback(), dist.MetricAverageCallback()])
    if dist.rank() == 0:
        model.save("outputs/model.keras")

Every process runs the same script. What is collective (everything here but `rank`, `size`,
`local_rank`, `local_size`, `is_initialized` and `shard`) is called by all of them, in the same
order; one that is left out makes the others wait. Started alone, without MPI and without mpi4py,
a script is one process of one, and everything here works.

Nothing but the standard library is imported with this package: mpi4py, numpy, tensorflow and
keras are imported by the functions that use them.
"""

from runyard.distributed.callbacks import BroadcastVariablesCallback, MetricAverageCallback
from runyard.distributed.collectives import (
    Average,
    Max,
    Min,
    Sum,
    allgather,
    allgather_object,
    allreduce,
    barrier,
    broadcast,
    broadcast_object,
)
from runyard.distributed.gradients import DistributedGradientTape, average
from runyard.distributed.optimizers import DistributedOptimizer
from runyard.distributed.sharding import shard
from runyard.distributed.variables import (
    broadcast_global_variables,
    broadcast_variables,
    variables_agree,
)
from runyard.distributed.world import (
    DistributedError,
    init,
    is_initialized,
    local_rank,
    local_size,
    rank,
    size,
)

__all__ = [
    "Average",
    "BroadcastVariablesCallback",
    "DistributedError",
    "DistributedGradientTape",
    "DistributedOptimizer",
    "Max",
    "MetricAverageCallback",
    "Min",
    "Sum",
    "allgather",
    "allgather_object",
    "allreduce",
    "average",
    "barrier",
    "broadcast",
    "broadcast_global_variables",
    "broadcast_object",
    "broadcast_variables",
    "init",
    "is_initialized",
    "local_rank",
    "local_size",
    "rank",
    "shard",
    "size",
    "variables_agree",
]
