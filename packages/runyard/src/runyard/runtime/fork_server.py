"""Agents by fork: an interpreter that has imported what an agent needs becomes one when asked.

Starting Python and importing takes longer than all that an agent does for a short script. The
service asks over a socket, which is this process's input, and gets a line for each line:

    {"folder": F, "variables": {…}}  ->  {"pid": N}     a child of its own session, which waits
    {"go": N}                        ->  {}             the child becomes the agent of that folder
    {"ended": true}                  ->  {"N": S, …}    wait statuses of the children gone since

It ends with the service, and after some seconds without a child and a request; a child that waits
ends with it, agents go on.
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import sys
from typing import Any, Dict, NoReturn

# Imported here so that no child has to.
from runyard.runtime import agent, delivery, gang, link, listener, usage
from runyard.runtime.launchers import mpi, multi_worker, parameter_server, torch

IDLE_SECONDS = 10.0
WARM = (agent, delivery, link, gang, listener, usage, mpi, multi_worker, parameter_server, torch)


def run() -> int:
    """Serve on the socket at descriptor 0 until it closes or nobody asks any more."""
    with socket.socket(fileno=0) as line:
        # What is there stays as it is: its pages shall not be copied by the children's collector.
        gc.freeze()
        server = ForkServer()
        while server.ended or server.children or select.select([line], [], [], IDLE_SECONDS)[0]:
            asked = _read(line)
            if not asked:
                break
            line.sendall(json.dumps(server.answer(json.loads(asked))).encode("ascii") + b"\n")
    return 0


class ForkServer:
    """The children: those that wait at their gate, those that live, those that have ended."""

    def __init__(self) -> None:
        self.children: Dict[int, int] = {}
        self.ended: Dict[int, int] = {}

    def answer(self, asked: Dict[str, Any]) -> Dict[str, Any]:
        """Do what is asked."""
        if "go" in asked:
            self._open(int(asked["go"]))
            return {}
        self._reap()
        if "folder" in asked:
            return {"pid": self._fork(str(asked["folder"]), asked["variables"])}
        told, self.ended = self.ended, {}
        return {str(pid): status for pid, status in told.items()}

    def _fork(self, folder: str, variables: Dict[str, str]) -> int:
        inner, outer = os.pipe()
        pid = os.fork()
        if pid == 0:
            # A gate that a sibling holds open would not tell its child that this server is gone.
            for gate in [*self.children.values(), outer]:
                if gate >= 0:
                    os.close(gate)
            _become(folder, variables, inner)
        os.close(inner)
        self.children[pid] = outer
        return pid

    def _open(self, pid: int) -> None:
        """Let a child go on; one that has ended meanwhile shows soon enough."""
        gate = self.children.get(pid, -1)
        if gate < 0:
            return
        self.children[pid] = -1
        try:
            os.write(gate, b"g")
        except BrokenPipeError:
            return
        finally:
            os.close(gate)

    def _reap(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            gate = self.children.pop(pid, -1)
            if gate >= 0:
                os.close(gate)
            self.ended[pid] = status


def _become(folder: str, variables: Dict[str, str], gate: int) -> NoReturn:
    """Be an agent from here on, once the gate opens."""
    status = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.close(nothing)
        if os.read(gate, 1):
            os.close(gate)
            os.environ.update(variables)
            os.chdir(folder)
            status = agent.run(folder)
    except BaseException:  # noqa: BLE001 - nothing may return into the parent's loop
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: what the server has registered for its own end is registered here too.
        os._exit(status)


def _read(line: socket.socket) -> bytes:
    """Read one request; nothing follows it before its answer."""
    asked = b""
    while not asked.endswith(b"\n"):
        block = line.recv(1 << 16)
        if not block:
            return b""
        asked += block
    return asked
