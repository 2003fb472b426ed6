"""Meets all ranks with the variables of torch.distributed and says when.

argv: the folder for the marks, then `gloo` for PyTorch itself, or `store` for a stand-in without
its seconds of importing: rank 0 listens, the others call, and all go on when all have come.
"""

import os
import socket
import sys
import time

RETRY_SECONDS = 0.002


def gloo() -> None:
    """Meet as PyTorch does."""
    import torch.distributed

    torch.distributed.init_process_group("gloo")
    torch.distributed.barrier()


def store(rank: int, size: int) -> None:
    """Meet at rank 0."""
    # With torchrun the port is taken by a store of its own.
    beside = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    where = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]) + beside)
    if rank:
        with call(where) as connection:
            connection.recv(1)
        return
    server = socket.create_server(where, backlog=64)
    waiting = [server.accept()[0] for _ in range(size - 1)]
    for connection in waiting:
        connection.sendall(b"g")
        connection.close()


def call(where: tuple[str, int]) -> socket.socket:
    """A connection once somebody listens."""
    while True:
        try:
            return socket.create_connection(where)
        except ConnectionRefusedError:
            time.sleep(RETRY_SECONDS)


folder, way = sys.argv[1:]
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
if way == "gloo":
    gloo()
else:
    store(rank, size)
now = time.time()
with open(os.path.join(folder, str(rank)), "w") as file:  # noqa: PTH118, PTH123 - as cheap as can be
    file.write(repr(now))
print("met", flush=True)
