"""The first process of a container: starts the job's process, and tells how that ended.

    contained.py <record> <log> <program> <arguments>…

The kernel ends a container with its first process, so this one has nothing else to do than to wait.
It is needed because the first process of a container is none as others are: signals that it does
not handle do not reach it, and orphans become its children. So the script is its child, and

    <record>.pid     the script's number inside of the container
    <record>.exit    JSON: exit code (negative: the signal), CPU time, memory, what it left behind,
                     and how many processes the kernel has ended for want of memory

are its word to the agent outside. A SIGTERM goes to every process of the container. The script's
output goes straight into its log: whatever becomes of the engine's own program, no line is lost.

It runs without the light half on its path, on whatever Python the environment has.
"""

import json
import os
import signal
import sys
import time

NOT_FOUND, NOT_EXECUTABLE = 127, 126
# Of the controller's two versions, where a container sees its own group.
COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
MOST_NAMED = 20
# For those that notice their parent's end, as multiprocessing's trackers do.
NATURAL_SECONDS, LOOK_SECONDS = 0.3, 0.02


def main(argv: "list[str]") -> int:
    """Run the program to its end; give an exit status as shells do."""
    record, log, command = argv[0], argv[1], argv[2:]
    before = killed_for_memory()
    # Before there is a child: a SIGTERM that comes in between must not be lost.
    signal.signal(signal.SIGTERM, _pass_on)
    child = _start(log, command)
    _write(record + ".pid", str(child) + "\n")
    code, used = _await(child)
    told = {
        "code": code,
        "cpu_seconds": round(used[0], 2),
        "peak_memory_bytes": used[1],
        "left": _left_behind_for_good(),
        "killed_for_memory": killed_for_memory() - before,
    }
    _write(record + ".exit", json.dumps(told) + "\n")
    return 128 - code if code < 0 else code


def killed_for_memory() -> int:
    """How many processes of this container the kernel has ended for want of memory."""
    for path in COUNTERS:
        try:
            with open(path, encoding="ascii") as stream:
                words = stream.read().split()
        except (OSError, ValueError):
            continue
        if "oom_kill" in words[:-1]:
            return int(words[words.index("oom_kill") + 1])
    return 0


def left_behind() -> "list[str]":
    """The command lines of what runs in this container beside this process."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open("/proc/" + name + "/cmdline", "rb") as stream:
                line = stream.read(4096).replace(b"\0", b" ").strip()
        except OSError:
            continue
        # A zombie has none, and so has a thread of the kernel.
        if line:
            found.append(line.decode("utf-8", "replace")[:200])
    return found[:MOST_NAMED]


def _left_behind_for_good() -> "list[str]":
    until = time.monotonic() + NATURAL_SECONDS
    found = left_behind()
    while found and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        found = left_behind()
    return found


def _pass_on(number: int, _frame: object) -> None:
    # To all that this process may signal: all of its namespace but itself.
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        return


def _start(log: str, command: "list[str]") -> int:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    child = os.fork()
    if child:
        os.close(output)
        return child
    status = NOT_FOUND
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Python ignores it, and a program that was started by another is to find it as it was.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.execvp(command[0], command)  # noqa: S606 - that is what it is for
    except OSError as error:
        status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        os.write(2, ("'" + command[0] + "' cannot be run here: " + str(error) + "\n").encode())
    finally:
        os._exit(status)


def _await(child: int) -> "tuple[int, tuple[float, int]]":
    """Reap all that ends until the child has; give its code, and CPU seconds and peak memory."""
    while True:
        pid, status, used = os.wait4(-1, 0)
        if pid == child:
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            return code, (used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def _write(path: str, text: str) -> None:
    """Write a file so that a reader sees all of it or nothing; a full disk is passed over."""
    try:
        with open(path + ".part", "w", encoding="ascii") as stream:
            stream.write(text)
        os.replace(path + ".part", path)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
