"""Several nodes for one run: how they meet, what they tell of their processes, how they part.

The first node prepares the working folder that all share and joins when it is ready; the others
join at once and go on when all have come. Where nodes have no files in common each prepares a
folder of its own, and looks after it. From then on the beats carry how each node's processes are,
and the answers say when to stop.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Sequence

from runyard.protocol.timeouts import JOIN_WAIT_SECONDS, SERVICE_AWAY_SECONDS
from runyard.runtime import names
from runyard.runtime.folder import read_json, write_json
from runyard.runtime.job import Canceled, JobError, Stopped
from runyard.runtime.launchers.base import Node

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.link import Link
    from runyard.runtime.managed_process import ManagedProcess

LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 0.05
# Below the range from which the system takes ports for outgoing connections.
FIRST_PORT, PORT_SPAN = 12000, 20000
PORT_TRIES = 2000


class Ports:
    """Ports kept free for the processes of this node until they start.

    Args:
        address: Where they will listen.
        count: How many.
    """

    def __init__(self, address: str, count: int) -> None:
        self._held: List[socket.socket] = []
        self.numbers: List[int] = []
        for _ in range(PORT_TRIES):
            if len(self.numbers) == count:
                return
            self._try(address, FIRST_PORT + int.from_bytes(os.urandom(4), "big") % PORT_SPAN)
        if len(self.numbers) < count:
            raise JobError(f"{count} free ports were not found on {address}", names.SERVICE_ERROR)

    def release(self) -> None:
        """Let the processes have them."""
        for one in self._held:
            one.close()
        self._held = []

    def _try(self, address: str, number: int) -> None:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # Bound and not listening: taken for others, while connections to it are refused.
            one.bind((address, number))
        except OSError:
            one.close()
            return
        self._held.append(one)
        self.numbers.append(number)


def address_of(job: Job) -> str:
    """The address at which other nodes reach this one."""
    if job.address:
        return job.address
    from urllib.parse import urlsplit

    there = urlsplit(job.url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            # Nothing is sent: the system says which of its addresses it would use.
            way.connect((there.hostname or LOOPBACK, there.port or 80))
        except OSError:
            return LOOPBACK
        return str(way.getsockname()[0])


def meet(
    job: Job, folder: RunFolder, ports: Sequence[int], link: Callable[[], Link], wake: Any
) -> List[Node]:
    """The nodes of the run once all are there.

    Args:
        job: The job.
        folder: The run folder.
        ports: The ports kept free here.
        link: Gives the way to the service; a run on one node needs none.
        wake: Says whether the job is to be canceled, and is waited with.

    Raises:
        JobError: Nodes did not come; the message names them.
        Stopped: Another node has ended.
        Canceled: The job was canceled meanwhile.
    """
    host, address = socket.gethostname(), address_of(job)
    if job.nodes == 1:
        alone = Node(0, address, host=host, name=job.node_name, ports=ports, folder=folder.root)
        return [alone]
    from runyard.runtime.service import patiently

    service = link().service
    place: Dict[str, Any] = {"host": host, "address": address, "ports": list(ports)}
    place.update(attempt=job.attempt, folder=folder.root if job.is_apart else "")
    told = False
    while True:
        begun = time.monotonic()
        # The answer comes when all have come; a cancel is looked for in between.
        table = patiently(lambda: service.join(place, JOIN_WAIT_SECONDS), SERVICE_AWAY_SECONDS)
        if table["complete"]:
            return [_node(line) for line in table["nodes"]]
        if table["stop"]:
            raise Stopped(table["failed"])
        if table["failed"]:
            raise JobError(str(table["failed"]), names.SERVICE_ERROR)
        if wake.is_canceled():
            raise Canceled
        if not told:
            # From now on the beats tell that this node waits.
            link().say(names.PREPARING)
            told = True
        # An answer that comes early and says nothing new must not be asked for in a tight loop.
        wake.wait(begun + JOIN_WAIT_SECONDS - time.monotonic())


def _node(line: Dict[str, Any]) -> Node:
    return Node(
        int(line["node"]),
        str(line["address"]),
        host=str(line["host"]),
        name=str(line["name"]),
        ports=[int(port) for port in line["ports"]],
        folder=str(line.get("folder", "")),
    )


def tell_prepared(folder: RunFolder, attempt: int, data: Dict[str, str]) -> None:
    """Write for the other nodes where the data is.

    Args:
        folder: The run folder.
        attempt: Which attempt of the run this is.
        data: The path of each reference, by name.
    """
    write_json(folder.prepared_file, {"attempt": attempt, "data": data})


def prepared(folder: RunFolder) -> Dict[str, str]:
    """Read where the first node has put the data."""
    data = (read_json(folder.prepared_file) or {}).get("data") or {}
    return {str(name): str(path) for name, path in data.items()}


def tasks(started: Sequence[ManagedProcess]) -> List[Dict[str, Any]]:
    """The state of every process: the fields of TaskReport."""
    found = []
    for each in started:
        code = each.ended()
        found += [
            {
                "name": task.name,
                "rank": task.rank,
                "state": _state(each, code),
                "decisive": each.plan.decisive,
                "pid": each.pid,
                "exit_code": code,
                "log": task.log,
                "ended_at": each.ended_at,
                "cpu_seconds": each.cpu_seconds,
                "peak_memory_bytes": each.peak_memory_bytes,
            }
            for task in each.plan.tasks
        ]
    return found


def _state(each: ManagedProcess, code: Any) -> str:
    if code is None:
        return names.TASK_RUNNING
    if each.hung:
        return names.TASK_FAILED
    if each.stopped:
        return names.TASK_STOPPED
    return names.TASK_FAILED if code else names.TASK_COMPLETED


def wait_for_others(link: Link, until: float) -> None:
    """Wait until no other node has processes any more; call it after the last state was told."""
    while link.reply.get("others", True) and time.monotonic() < until:
        if link.is_unwanted:
            return
        link.await_news(LOOK_SECONDS)


def wait_for_first(link: Link, until: float) -> None:
    """Wait until the first node has had its last word, so that its files have their names."""
    while not link.reply.get("first") and time.monotonic() < until:
        if link.is_unwanted:
            return
        time.sleep(LOOK_SECONDS)
