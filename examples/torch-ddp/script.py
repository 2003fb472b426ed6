"""Train on MNIST with several PyTorch processes and DistributedDataParallel.

PyTorch learns from the variables that torchrun would set (MASTER_ADDR, RANK, WORLD_SIZE …) who
the others are. Processes speak through Gloo on CPUs and through NCCL on GPUs. Started without
those variables, it is one process.
"""

import argparse
import hashlib
import os
import tempfile

import torch
import torch.distributed as dist
import utils
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from azureml.core import Run

PIXELS, DIGITS = 784, 10
MODEL = os.path.join("outputs", "model")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-folder", default="data", help="folder with mnist/*.gz in it")
    parser.add_argument("--batch-size", type=int, default=100, help="of all processes together")
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--epochs", type=int, default=5)
    return parser.parse_args()


def meet():
    """Find the other processes, and give the device of this one."""
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    if "RANK" in os.environ:
        dist.init_process_group(backend)
    else:
        place = os.path.join(tempfile.mkdtemp(), "meeting")
        dist.init_process_group(backend, init_method=f"file://{place}", rank=0, world_size=1)
    if backend == "gloo":
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def network():
    """The model, with the weights of its start by chance."""
    return nn.Sequential(
        nn.Linear(PIXELS, 300),
        nn.ReLU(),
        nn.Linear(300, 100),
        nn.ReLU(),
        nn.Linear(100, DIGITS),
    )


def share(values):
    """This process's rows: as many as each other has, for they step together."""
    rank, size = dist.get_rank(), dist.get_world_size()
    return values[rank : len(values) // size * size : size]


def main():
    """Train; rank 0 tells the run how it goes and saves the model."""
    options = arguments()
    device = meet()
    rank, size = dist.get_rank(), dist.get_world_size()
    print(f"PyTorch {torch.__version__}, {dist.get_backend()}: rank {rank} of {size}", flush=True)
    images, labels, test_images, test_labels = utils.load(options.data_folder)
    test = torch.from_numpy(test_images).to(device), torch.from_numpy(test_labels).to(device)

    # Starts every process from the weights of rank 0, and averages gradients in each step.
    model = DistributedDataParallel(network().to(device))
    optimizer = torch.optim.SGD(model.parameters(), options.learning_rate, momentum=0.9)
    run = Run.get_context()
    for epoch in range(options.epochs):
        size_here = options.batch_size // size
        for batch in utils.batches(share(images), share(labels), size_here, seed=epoch):
            train(model, optimizer, *(torch.from_numpy(part).to(device) for part in batch))
        accuracy = accuracy_of(model.module, *test)
        print(f"epoch {epoch + 1}: validation accuracy {accuracy:.4f}", flush=True)
        if rank == 0:
            run.log("validation_acc", accuracy)
    check_equal(model)
    if rank == 0:
        run.log("final_acc", accuracy)
        save(model.module)
    dist.destroy_process_group()


def train(model, optimizer, images, labels):
    """Take one step."""
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()


def accuracy_of(model, images, labels):
    """The share of images that are recognised."""
    with torch.no_grad():
        return float((model(images).argmax(1) == labels).float().mean())


def check_equal(model):
    """Compare the weights of all processes; end with an error if they differ in one bit."""
    found = hashlib.sha256()
    for weights in model.parameters():
        found.update(weights.detach().cpu().numpy().tobytes())
    everybody = [None] * dist.get_world_size()
    dist.all_gather_object(everybody, found.hexdigest())
    if len(set(everybody)) > 1:
        raise SystemExit(f"the weights of the processes differ: {everybody}")
    print(f"the weights are equal on {len(everybody)} processes", flush=True)


def save(model):
    """Leave the weights in outputs/model."""
    os.makedirs(MODEL, exist_ok=True)
    torch.save(model.state_dict(), os.path.join(MODEL, "mnist.pt"))
    print(f"model saved in {MODEL}", flush=True)


if __name__ == "__main__":
    main()
