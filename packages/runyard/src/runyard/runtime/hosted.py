"""What the service has done on a machine that it reaches by ssh alone: start agents, watch, stop.

    probe FOLDER NAME     what the machine has, and whether the light half NAME is in FOLDER/light
    launch FOLDER         start an agent, once for each launch; what it is comes as JSON
    cancel                ask an agent to stop; its handle comes
    watch                 lines of handles come, and how each agent is goes, until the input ends
    free PORT             end what holds a port of this user's lost connections

It travels in a small zip file of its own and answers in JSON. Agents are started detached: the
connection may break and the service end. A launch that happened is known by a file, whatever has
become of the agent, and an agent waits at a gate until that file is there.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from runyard.protocol import procfs

PRIVATE, SECRET = 0o700, 0o600
LOOK_SECONDS = 0.2
BEAT_SECONDS = 1.0
GATE_SECONDS = 10.0
# So long after it a launch is not repeated any more.
KEPT_SECONDS = 7 * 24 * 3600.0
SALVAGE = "salvage"
DONE = "done"
GIB = 1 << 30

Plain = Dict[str, Any]


class Refused(Exception):
    """What was asked for cannot be done, for a reason that people can understand."""


def main(argv: List[str]) -> int:
    """Do what one verb says; give the exit status."""
    verbs: Dict[str, Callable[..., Plain]] = {
        "probe": _probe,
        "launch": _launch,
        "cancel": _cancel,
        "watch": _watch,
        "free": _free,
    }
    try:
        answer = verbs[argv[0]](*argv[1:])
    except Refused as error:
        answer = {"error": str(error)}
    except OSError as error:
        answer = {"error": f"{argv[0]} failed on this machine: {error}"}
    _say(answer)
    return 0


def _say(answer: Plain) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _given() -> Any:
    return json.loads(sys.stdin.buffer.read().decode("utf-8"))


def _probe(root: str, light: str) -> Plain:
    """What this machine has."""
    if not os.path.isdir(procfs.PROC + "/self"):
        raise Refused("this machine has no /proc: agents reached by ssh need Linux")
    root = _root(root)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gb": round(pages / GIB, 1),
        "gpus": _gpus(),
        "light": os.path.exists(os.path.join(root, "light", light)),
    }


def _root(root: str) -> str:
    """The folder of all that is kept here, which is this user's alone."""
    path = os.path.expanduser(root)
    os.makedirs(path, PRIVATE, exist_ok=True)
    stat = os.stat(path)
    if stat.st_uid != os.geteuid():
        raise Refused(f"the folder '{path}' is another user's; name another one (option 'folder')")
    if stat.st_mode & 0o077:
        os.chmod(path, PRIVATE)
    return path


def _gpus() -> int:
    import subprocess

    try:
        done = subprocess.run(
            ["nvidia-smi", "-L"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return done.stdout.count(b"GPU ") if done.returncode == 0 else 0


def _launch(root: str) -> Plain:
    """Start an agent, unless that has happened; give its handle."""
    asked = _expanded(_given())
    root = _root(root)
    kept = os.path.join(root, "launched")
    os.makedirs(kept, PRIVATE, exist_ok=True)
    _forget_old(kept)
    place = os.path.join(kept, str(asked["name"]))
    with open(place + ".lock", "w", encoding="ascii") as lock:
        # Two at a time would each find that nothing has been started.
        fcntl.flock(lock, fcntl.LOCK_EX)
        earlier: Optional[Plain] = _read(place)
        if earlier is not None and _counts(asked, earlier):
            return earlier
        return _start(asked, place)


def _expanded(asked: Plain) -> Plain:
    """Write out the paths that begin in this user's home."""

    def whole(value: Any) -> Any:
        is_path = isinstance(value, str) and value.startswith("~/")
        return os.path.expanduser(value) if is_path else value

    job = {name: whole(value) for name, value in asked["job"].items()}
    job["environment"] = {name: whole(v) for name, v in job["environment"].items()}
    command = [whole(word) for word in asked["command"]]
    return {**asked, "job": job, "command": command, "folder": whole(asked["folder"])}


def _counts(asked: Plain, handle: Plain) -> bool:
    """Whether an earlier launch is the one that is asked for; a salvage only while it lives.

    An agent that was killed at its gate has done nothing.
    """
    if asked["purpose"] == SALVAGE:
        return _lives(handle)
    end = time.monotonic() + GATE_SECONDS
    while time.monotonic() < end:
        alive = _lives(handle)
        state = _read(os.path.join(asked["folder"], "agent.json"))
        if state is None and not os.path.isdir(asked["folder"]):
            # All was delivered, and its folder is gone.
            return True
        if state is not None and state.get("attempt") == asked["job"].get("attempt"):
            return True
        if not alive:
            return False
        time.sleep(LOOK_SECONDS / 10)
    return True


def _start(asked: Plain, place: str) -> Plain:
    folder = str(asked["folder"])
    os.makedirs(folder, PRIVATE, exist_ok=True)
    job_file = os.path.join(folder, "job.json")
    command = list(asked["command"])
    begun = _read(job_file)
    if asked["purpose"] != SALVAGE or begun is None:
        _write(job_file, asked["job"])
    elif os.path.exists(str(begun.get("light", ""))):
        # What an agent leaves is saved by the code that made it.
        light = str(asked["job"]["light"])
        command = [str(begun["light"]) if word == light else word for word in command]
    inner, outer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(outer)
        _become(command, folder, inner)
    os.close(inner)
    started = procfs.moment(procfs.stat(pid), procfs.boot())
    handle = {"pid": pid, "started": started, "folder": folder}
    _write(place, handle)
    os.write(outer, b"go")
    os.close(outer)
    return handle


def _become(command: List[str], folder: str, gate: int) -> None:
    """Become the agent, in a session of its own, once the gate opens; never returns."""
    try:
        os.setsid()
        log = os.open(
            os.path.join(folder, "agent.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, SECRET
        )
        nothing = os.open(os.devnull, os.O_RDONLY)
        # ssh ends when nobody holds its pipes any more.
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        os.chdir(folder)
        if os.read(gate, 2) == b"go":
            os.execvp(command[0], command)  # noqa: S606 - an agent needs no shell
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(127)


def _cancel() -> Plain:
    handle = _given()
    if _lives(handle):
        with suppress(ProcessLookupError):
            os.kill(int(handle["pid"]), signal.SIGTERM)
    return {}


def _watch() -> Plain:
    """Report each agent when it is seen first and when it is gone, with a beat each second."""
    told: Dict[str, bool] = {}
    handles: Dict[str, Plain] = {}
    beat = 0.0
    for line in _lines(LOOK_SECONDS):
        if line:
            handles[line] = json.loads(line)
        news = {}
        for text, handle in list(handles.items()):
            alive = _lives(handle)
            if told.get(text) is not alive:
                news[text] = told[text] = alive
            if not alive:
                _clean(handle)
                del handles[text]
        if news or time.monotonic() - beat >= BEAT_SECONDS:
            beat = time.monotonic()
            _say(news)
    return {}


def _lines(pause: float) -> Iterator[str]:
    """Lines of the input, each with what has come; "" when nothing has come for a while."""
    rest = b""
    while True:
        whole, found, rest = rest.partition(b"\n") if b"\n" in rest else (b"", b"", rest)
        if found:
            yield whole.decode("utf-8")
            continue
        if not select.select([0], [], [], pause)[0]:
            yield ""
            continue
        block = os.read(0, 1 << 16)
        if not block:
            return
        rest += block


def _clean(handle: Plain) -> None:
    """Remove the run folder of an agent that has delivered everything.

    Where all nodes of a run share the first one's, that one goes when all have.
    """
    folder = str(handle["folder"])
    nodes = os.path.join(folder, "nodes")
    if not _is_done(folder) or (os.path.isdir(nodes) and os.listdir(nodes)):
        return
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    above = os.path.dirname(folder)
    with suppress(OSError):
        # The run's, or that of its nodes, when this was the last one here.
        os.rmdir(above)
        if os.path.basename(above) == "nodes" and _is_done(os.path.dirname(above)):
            shutil.rmtree(os.path.dirname(above), ignore_errors=True)


def _is_done(folder: str) -> bool:
    state = _read(os.path.join(folder, "agent.json"))
    return state is not None and state.get("phase") == DONE


def _free(port: str) -> Plain:
    """End the connections of this user that have been lost and still hold a port for a tunnel."""
    ended = []
    for pid, name in _of_this_user():
        if name.startswith("sshd") and _listens(pid, int(port)):
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM)
                ended.append(pid)
    return {"ended": ended}


def _of_this_user() -> Iterator[Tuple[int, str]]:
    for entry in os.listdir(procfs.PROC):
        if not entry.isdigit():
            continue
        with suppress(OSError):
            if os.stat(f"{procfs.PROC}/{entry}").st_uid == os.geteuid():
                with open(f"{procfs.PROC}/{entry}/comm", encoding="utf-8") as stream:
                    yield int(entry), stream.read().strip()


def _listens(pid: int, port: int) -> bool:
    """Whether a process has a socket that listens on a port of loopback."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError), open(f"{procfs.PROC}/net/{table}", encoding="ascii") as stream:
            for line in stream.readlines()[1:]:
                fields = line.split()
                # Local address, state (0A: listening), inode.
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{fields[9]}]")
    folder = f"{procfs.PROC}/{pid}/fd"
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(OSError):
                if os.readlink(os.path.join(folder, name)) in sockets:
                    return True
    return False


def _lives(handle: Plain) -> bool:
    fields = procfs.stat(handle["pid"])
    if not fields or procfs.is_dead(fields):
        return False
    return procfs.moment(fields, procfs.boot()) == str(handle["started"])


def _forget_old(folder: str) -> None:
    before = time.time() - KEPT_SECONDS
    for entry in os.scandir(folder):
        with suppress(OSError):
            if entry.stat().st_mtime < before:
                os.unlink(entry.path)


def _read(path: str) -> Any:
    try:
        with open(path, "rb") as stream:
            return json.loads(stream.read().decode("utf-8"))
    except (OSError, ValueError):
        return None


def _write(path: str, value: Any) -> None:
    """Write a file for its owner alone, whole or not at all."""
    draft = f"{path}.{os.getpid()}"
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        json.dump(value, stream)
    os.replace(draft, path)
