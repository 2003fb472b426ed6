"""Prints, as one line of JSON, what a framework makes of the variables that a launcher sets."""

import json
import os
import sys
import time
from pathlib import Path


def tensorflow():
    """What TensorFlow reads: the first process loads it, for all in turn, since it takes long."""
    rank = int(os.environ["RUNYARD_RANK"])
    told(f"told-{rank}", os.environ["TF_CONFIG"])
    if rank == 0:
        ranks = range(int(os.environ["RUNYARD_WORLD_SIZE"]))
        texts = [heard(f"told-{each}") for each in ranks]
        import tensorflow as tf

        for each, text in enumerate(texts):
            os.environ["TF_CONFIG"] = text
            found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
            task = [found.task_type, found.task_id]
            cluster = found.cluster_spec().as_dict()
            told(f"read-as-{each}", json.dumps({"cluster": cluster, "task": task}))
    return json.loads(heard(f"read-as-{rank}"))


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


UNTIL = time.monotonic() + 240


def told(name, text):
    """Write a file of the folder that all processes share, at once."""
    Path(f"{name}.part").write_text(text)
    Path(f"{name}.part").rename(name)


def heard(name):
    """Wait for a file of the folder that all processes share."""
    while not Path(name).exists():
        if time.monotonic() > UNTIL:
            raise TimeoutError(f"there is no {name}")
        time.sleep(0.05)
    return Path(name).read_text()


sys.stdout.write("read: " + json.dumps(globals()[sys.argv[1]]()) + "\n")
# Whose end ends the run must not be the first: all wait for all.
told(f"end-{os.environ['RUNYARD_RANK']}", "")
for rank in range(int(os.environ["RUNYARD_WORLD_SIZE"])):
    heard(f"end-{rank}")
