"""What Linux tells of a process in `/proc/<pid>/stat`, read in one place for both halves.

A pid alone is used again by the system, so who means one process for good says when it was started
as well, and in which boot: that goes over the wire when a client tells a service of itself.
"""

from __future__ import annotations

from typing import List

PROC = "/proc"
# Places of what is told, behind the program's name; times are in clock ticks, memory in pages.
STATE, PARENT, SESSION, CPU, THREADS, START, RESIDENT = 0, 1, 3, slice(11, 15), 17, 19, 21
# States of what has ended: a zombie, and two that only some kernels show.
DEAD = "ZXx"


def stat(pid: object, proc: str = PROC) -> List[str]:
    """What is told of a process, by the places above; nothing if there is none of that pid.

    Args:
        pid: Its number, or `self`.
        proc: Where the system tells it.
    """
    try:
        with open(f"{proc}/{pid}/stat", "rb") as stream:
            text = stream.read()
    except OSError:
        return []
    # The second field is the program's name in parentheses and may hold anything, also ") ".
    fields = text[text.rfind(b")") + 2 :].decode("ascii", "replace").split()
    return fields if len(fields) > RESIDENT else []


def is_dead(fields: List[str]) -> bool:
    """Whether nothing of a process runs any more, though its number is still taken.

    Under some init processes orphans stay zombies for ever. A zombie with other threads lives:
    only its first thread has ended.
    """
    return fields[STATE] in DEAD and int(fields[THREADS]) <= 1


def boot(proc: str = PROC) -> str:
    """What tells this boot of the machine from all others."""
    with open(f"{proc}/sys/kernel/random/boot_id", "rb") as stream:
        return stream.read().decode("ascii").strip()


def moment(fields: List[str], of_boot: str) -> str:
    """When a process was started, as only this process of this boot was."""
    return f"{of_boot}-{fields[START]}"
