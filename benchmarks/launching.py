"""Several processes started by hand: the limits and peers of the distributed launch."""

from __future__ import annotations

import json
import subprocess
import time
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

from adapters.ports import free_ports
from workers import ADAPTERS, plain

if TYPE_CHECKING:
    from pathlib import Path

    import peers

# Open MPI asks for it where people are root, and for more processes than cores.
AS_ROOT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_ALLOW_RUN_AS_ROOT": "1",
    "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}
HOST = "127.0.0.1"
Told = dict[str, Any]


def tf_config(python: Path, folder: str, count: int) -> Told:
    """Start workers with TF_CONFIG from a loop."""
    cluster = {"worker": [f"{HOST}:{port}" for port in free_ports(count)]}
    told = [
        {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})}
        for index in range(count)
    ]
    return _loop([str(python), str(ADAPTERS / "meet_tf.py"), folder], told)


def torch(python: Path, folder: str, count: int, way: str = "store") -> Told:
    """Start ranks with the variables of torch.distributed from a loop."""
    shared = {"MASTER_ADDR": HOST, "MASTER_PORT": str(free_ports(1)[0]), "WORLD_SIZE": str(count)}
    told = [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]
    return _loop([str(python), str(ADAPTERS / "meet_torch.py"), folder, way], told)


def mpirun(peer: peers.Peer, folder: str, count: int) -> Told:
    """Start ranks with mpirun."""
    words = [peer.program("mpirun"), "-n", str(count), "--oversubscribe"]
    return _loop([*words, str(peer.python), str(ADAPTERS / "meet_mpi.py"), folder], [AS_ROOT])


def torchrun(peer: peers.Peer, folder: str, count: int, way: str = "store") -> Told:
    """Start ranks with torchrun."""
    words = [peer.program("torchrun"), "--nproc-per-node", str(count)]
    words += ["--master-addr", HOST, "--master-port", str(free_ports(1)[0])]
    return _loop([*words, str(ADAPTERS / "meet_torch.py"), folder, way], [{}])


def _loop(command: list[str], variables: list[dict[str, str]]) -> Told:
    """Start a command once for each set of variables and wait for all."""
    base = plain()
    begun = time.time()
    started = [
        subprocess.Popen(command, env={**base, **more}, stdout=PIPE, stderr=PIPE, text=True)
        for more in variables
    ]
    said = [process.communicate() for process in started]
    ended = time.time()
    failed = [process.returncode for process in started if process.returncode]
    if failed or not all("met" in text for text, _ in said):
        raise RuntimeError(f"{command[0]} ended with {failed}: {said}")
    return {"begun": begun, "ended": ended}
