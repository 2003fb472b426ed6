"""The clusters that runs are sent to: a head of Ray's, and a Slurm of three nodes.

Both are processes of this machine, started by whoever needs them first and shared by the cases of a
benchmark, so that ours and the peer's runs meet the same cluster in the same state.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import trees
from adapters.ports import free_port
from peers import ROOT, Unavailable
from workers import QUIET, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers import Peer

# More than cores, as everywhere in these benchmarks: what runs there does next to nothing.
CPUS = 16
_SECONDS = 90.0


class RayHead:
    """A Ray cluster of one node, whose dashboard takes jobs.

    Args:
        peer: The environment with Ray.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._head: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._dashboard = free_port()
        self.address = f"http://127.0.0.1:{self._dashboard}"
        self.site = {"backend": "ray", "address": self.address, "memory_share": 0.0}
        # One node of Ray's is all there is, for our nodes as for the workers of Ray Train.
        self.site["share_nodes"] = True

    def start(self) -> None:
        """Start it, once, and wait until it takes jobs."""
        if self._head is not None:
            return
        self._folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # socket paths must be short
        words = [self._peer.program("ray"), "start", "--head", "--block"]
        words += [f"--port={free_port()}", f"--dashboard-port={self._dashboard}"]
        words += ["--node-ip-address=127.0.0.1", f"--num-cpus={CPUS}", "--temp-dir", self._folder]
        path = f"{self._peer.python.parent}{os.pathsep}{os.environ['PATH']}"
        with Path(self._folder, "head.log").open("wb") as log:
            self._head = subprocess.Popen(
                words,
                env={**plain(), **QUIET, "PATH": path},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        atexit.register(self.stop)
        _until(self._takes_jobs)

    def stop(self) -> None:
        """End it and what it has started."""
        if self._head is None:
            return
        pids = trees.session(self._head.pid)
        os.killpg(self._head.pid, signal.SIGTERM)
        self._head.wait()
        # Drivers are in sessions of their own.
        trees.end([pid for pid in {*pids, *trees.mentioning(self._folder)} if trees.alive(pid)])
        shutil.rmtree(self._folder, ignore_errors=True)
        self._head = None

    def _takes_jobs(self) -> bool:
        assert self._head is not None
        if self._head.poll() is not None:
            raise RuntimeError(Path(self._folder, "head.log").read_text()[-1500:])
        with (
            suppress(OSError),
            urllib.request.urlopen(f"{self.address}/api/jobs/", timeout=5) as it,
        ):
            return isinstance(json.load(it), list)
        return False


class Slurm:
    """A Slurm of three nodes.

    Args:
        ours: Our own environment, whose tests' cluster it is.

    Raises:
        Unavailable: Slurm's programs are not here.
    """

    def __init__(self, ours: Peer) -> None:
        find = ["bash", str(ROOT / "tools" / "slurm.sh"), "--find"]
        found = subprocess.run(find, capture_output=True, text=True, check=False)
        if found.returncode:
            raise Unavailable(found.stderr.strip())
        # The other programs want to be configured before they say which release they are.
        daemon = shutil.which("slurmd", path=f"{os.environ['PATH']}:/usr/sbin") or "slurmd"
        told = subprocess.run([daemon, "-V"], capture_output=True, text=True, check=True)
        self.version = told.stdout.split()[-1]
        self._python = str(ours.python)
        self._process: subprocess.Popen[str] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.conf = self._folder / "etc" / "slurm.conf"
        self.site = {"backend": "slurm", "conf": str(self.conf)}

    def start(self) -> None:
        """Start it, once, and wait until its nodes are idle."""
        if self._process is not None:
            return
        self._folder.mkdir(exist_ok=True)
        module = "runyard_server.testing.slurm_cluster"
        self._process = subprocess.Popen(
            [self._python, "-m", module, str(self._folder), "3"],
            env=plain(),
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.stop)
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError("Slurm did not come up")

    def stop(self) -> None:
        """End it and its jobs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("the cluster did not come up")
        time.sleep(0.2)
