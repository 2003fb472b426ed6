"""Slurm's states and reasons, in words for people; the code follows in brackets where it helps."""

import math

WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD"})
ENDED = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
COMPLETING = "COMPLETING"
# The state that a job comes to which Slurm ends for a reason.
STATES = {
    "TimeLimit": "TIMEOUT",
    "NodeDown": "NODE_FAIL",
    "OutOfMemory": "OUT_OF_MEMORY",
    "DeadLine": "DEADLINE",
    "Preempted": "PREEMPTED",
}
ENDING = "ENDING"
_WAITS = {
    "Resources": "until enough of its nodes are free",
    "Priority": "behind jobs of a higher priority",
    "ReqNodeNotAvail": "for nodes that are down, drained or reserved",
    "PartitionDown": "until the partition is up",
    "PartitionInactive": "until the partition is active",
    "Reservation": "for a reservation to begin",
    "Licenses": "for a licence",
    "BeginTime": "for its start time",
    "JobHeldAdmin": "held by an administrator",
    "JobHeldUser": "held; `scontrol release` lets it go on",
    "None": "to be looked at",
}


def waits(state: str, reason: str, partition: str, before: int, start: str) -> str:
    """Why a job waits.

    Args:
        state: Its state.
        reason: Slurm's reason.
        partition: Its partition.
        before: How many jobs of the partition come first, as far as that can be seen.
        start: When it is expected to begin, "" where that is not known.
    """
    if state == "CONFIGURING":
        return f"its nodes in partition {partition!r} are being started"
    code = reason.strip("()").partition(",")[0]
    said = _WAITS.get(code)
    if said is None and code.startswith(("QOS", "Assoc", "Max")):
        said = "because of a limit of its account or quality of service"
    told = f"{said} ({code})" if said else reason
    ahead = "" if not before else f"; {before} job{'' if before == 1 else 's'} before it"
    when = f"; expected to begin at {start}" if start else ""
    return f"waiting in partition {partition!r} {told}{ahead}{when}"


def ended(job: str, state: str, nodes: str, partition: str, limit: str) -> str:
    """How Slurm has ended a job.

    Args:
        job: Its number.
        state: Its state, perhaps with who did it.
        nodes: Where it was.
        partition: Its partition.
        limit: Its time limit, as Slurm writes it.
    """
    where = f" on {nodes}" if nodes else ""
    name = state.split(" ", 1)[0].rstrip("+")
    by = state.partition(" by ")[2]
    return {
        "TIMEOUT": f"the time limit of {limit} in partition {partition!r} ended it (Slurm job "
        f"{job}); ask for more time there, or save and resume",
        "NODE_FAIL": f"a node of Slurm job {job} failed{where}",
        "BOOT_FAIL": f"a node of Slurm job {job} could not be started{where}",
        "OUT_OF_MEMORY": f"Slurm job {job} ran out of the memory it was given{where}; take a "
        "larger size",
        "PREEMPTED": f"Slurm job {job} had to make room for one of higher priority (preempted)",
        "CANCELLED": f"Slurm job {job} was canceled with scancel{f' by user {by}' if by else ''}",
        ENDING: f"Slurm job {job} was canceled with scancel, or had to make room for another",
        "DEADLINE": f"Slurm job {job} came to its deadline",
    }.get(name, f"Slurm job {job} ended without a word of its agent ({name}{where})")


def unseen(job: str, nodes: str) -> str:
    """Why a job could not even write its log.

    Args:
        job: Its number.
        nodes: Where it was.
    """
    return (
        f"Slurm job {job} could not be started on {nodes or 'its nodes'}, which may not see the "
        "run's folder: name one that nodes and service share with `shared_folder` of the site"
    )


def span(seconds: float) -> str:
    """A time limit as people say it: 90 s, 45 min, 2 h, 3 d."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:g} {unit}" if seconds % size == 0 else _rough(seconds, size)
    return f"{seconds:g} s"


def _rough(seconds: float, size: int) -> str:
    smaller = {86_400: (3600, "h"), 3600: (60, "min"), 60: (1, "s")}[size]
    return f"{math.floor(seconds / smaller[0])} {smaller[1]}"
