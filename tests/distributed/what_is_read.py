"""Prints, as one line of JSON, what a framework makes of the variables that a launcher sets."""

import json
import os
import sys
import time
from pathlib import Path


def tensorflow():
    import tensorflow as tf

    found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    return {
        "cluster": found.cluster_spec().as_dict(),
        "task": [found.task_type, found.task_id],
    }


def torch():
    import torch.distributed as dist

    dist.init_process_group("gloo")
    everyone = [None] * dist.get_world_size()
    dist.all_gather_object(everyone, dist.get_rank())
    found = {"rank": dist.get_rank(), "everyone": everyone, "same": same_after_a_step()}
    dist.destroy_process_group()
    return found


def same_after_a_step():
    """Whether ranks that began with other weights and have other rows have the same weights."""
    import torch
    import torch.distributed as dist

    torch.manual_seed(dist.get_rank())
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    weights = [None] * dist.get_world_size()
    dist.all_gather_object(weights, [each.tolist() for each in model.parameters()])
    return all(each == weights[0] for each in weights)


def mpi():
    from mpi4py import MPI

    world = MPI.COMM_WORLD
    return {"rank": world.rank, "everyone": world.allgather(world.rank)}


sys.stdout.write("read: " + json.dumps(globals()[sys.argv[1]]()) + "\n")
# Whose end ends the run must not be the first: all wait for all, in the folder that they share.
Path(f"read-{os.environ['RUNYARD_RANK']}").touch()
until = time.monotonic() + 120
while len(list(Path().glob("read-*"))) < int(os.environ["RUNYARD_WORLD_SIZE"]):
    if time.monotonic() > until:
        raise TimeoutError("not all processes have come so far")
    time.sleep(0.05)
