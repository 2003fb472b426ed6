"""What Slurm has: partitions with their nodes and limits, and which of them takes which size."""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runyard.protocol import sizes
from runyard.protocol.errors import RunyardError
from runyard.protocol.sizes import VmSize
from runyard_server.compute.base import Answer, Need
from runyard_server.compute.slurm.commands import Commands

FORMAT = "%P|%a|%l|%L|%D|%c|%m|%G"
_OLD_SECONDS = 30.0
_FIRST_SECONDS = 2.0
_MB = 1024
# Of the memory that a size is sold with, a node keeps some for itself.
_SPARE = 0.9
_GPUS = re.compile(r"gpu(?::[^:,()]+)?:(\d+)")
_TIME = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(?:(\d+):)?(\d+)$")


@dataclass(frozen=True)
class NodeKind:
    """Nodes that are alike: how many, and what each has; memory in MB, 0 where it is not told."""

    count: int
    cpus: int
    memory: int
    gpus: int


@dataclass(frozen=True)
class Partition:
    """A partition.

    Args:
        name: Its name.
        default: Whether jobs that name none come here.
        seconds: How long jobs may take; None: for ever.
        usual: How long those may that do not say it.
        kinds: Its nodes.
    """

    name: str
    default: bool
    seconds: float | None
    usual: float | None
    kinds: tuple[NodeKind, ...]

    def holding(self, size: VmSize | None, *, apart: bool = True) -> int:
        """How many nodes of a size it can have at once.

        Args:
            size: What each has; None: all of a machine.
            apart: Whether each is on a machine of its own; jobs share them otherwise.
        """
        if size is None or (size.name == self.name and sizes.find(size.name) is None):
            return self.count
        kinds = [kind for kind in self.kinds if _holds(kind, size)]
        return sum(kind.count * (1 if apart else _slots(kind, size)) for kind in kinds)

    @property
    def count(self) -> int:
        """How many nodes it has."""
        return sum(kind.count for kind in self.kinds)

    @property
    def largest(self) -> NodeKind:
        """What the largest of its nodes has."""
        return NodeKind(
            self.count,
            max(kind.cpus for kind in self.kinds),
            max(kind.memory for kind in self.kinds),
            max(kind.gpus for kind in self.kinds),
        )

    def __str__(self) -> str:
        """Name it and what there is in it."""
        most = self.largest
        has = [f"{most.cpus} CPUs"]
        has += [f"{most.memory / _MB:.0f} GB"] if most.memory else []
        has += [f"{most.gpus} GPU{'' if most.gpus == 1 else 's'}"] if most.gpus else []
        return f"{self.name!r} ({self.count} nodes of up to {', '.join(has)})"


class Partitions:
    """The partitions as they were seen last.

    Args:
        commands: Slurm's programs.
        only: The one that all runs go to; "": Slurm's default first, then any that holds them.
        named: The partition of each size that has one of its own, by the size's name.
    """

    def __init__(self, commands: Commands, only: str, named: Mapping[str, str]) -> None:
        self._commands = commands
        self._only = only
        self._named = {size.upper(): partition for size, partition in named.items()}
        self._known: list[Partition] = []
        self._asked = 0.0
        self._lock = threading.Lock()
        self._answered = threading.Event()

    def known(self) -> list[Partition]:
        """What is known now, Slurm's default first; looked at anew in the background."""
        with self._lock:
            due = not self._asked or time.monotonic() - self._asked > _OLD_SECONDS
            if due:
                self._asked = time.monotonic()
                threading.Thread(target=self._look, name="slurm-sinfo", daemon=True).start()
            return self._known

    def wait(self) -> list[Partition]:
        """What is known, and the first time what is known in a moment."""
        self.known()
        self._answered.wait(_FIRST_SECONDS)
        return self.known()

    def of(self, size: VmSize | None, nodes: int, *, apart: bool = True) -> Partition | None:
        """The partition for a need; None where none is known that can hold it.

        Args:
            size: What each node shall have.
            nodes: How many there shall be at once.
            apart: Whether each is on a machine of its own.
        """
        fit = (one for one in self._candidates(size) if one.holding(size, apart=apart) >= nodes)
        return next(fit, None)

    def whole(self, size: VmSize | None, partition: Partition) -> VmSize | None:
        """What a node of a size has in a partition: all of it, where the size is its name."""
        if size is None or sizes.find(size.name) is not None:
            return size
        if partition.name not in (size.name, self._named.get(size.name.upper())):
            return size
        kind = partition.largest
        return VmSize(size.name, kind.cpus, kind.memory / _MB, kind.gpus)

    def could_run(self, need: Need) -> Answer:
        """Whether a need could ever be met, and if not, which partitions there are."""
        if not self.wait():
            # Nobody can tell, and Slurm itself decides.
            return Answer(gpus=need.size.gpus if need.size else 0)
        found = self.of(need.size, need.nodes, apart=need.apart)
        if found is not None:
            size = self.whole(need.size, found)
            gpus = size.gpus if size else found.largest.gpus
            return Answer(gpus=gpus, names_size=size is not need.size)
        asked = self._candidates(need.size)
        what = "" if need.size is None else f" of size {need.size.name} ({_described(need.size)})"
        count = f"{need.nodes} nodes{what}" if need.nodes > 1 else f"a node{what}"
        if not asked:
            has = ", ".join(str(one) for one in self._known)
            return Answer(f"Slurm has no partition {self._wanted(need.size)!r}; there are {has}")
        there = " or ".join(str(one) for one in asked)
        return Answer(f"{count} cannot be had from partition {there}; take fewer or smaller nodes")

    def _wanted(self, size: VmSize | None) -> str:
        return (self._named.get(size.name.upper()) if size else None) or self._only

    def _candidates(self, size: VmSize | None) -> list[Partition]:
        wanted = self._wanted(size)
        own = [one for one in self._known if size and one.name.upper() == size.name.upper()]
        if own and not (size and size.name.upper() in self._named):
            return own
        return [one for one in self._known if not wanted or one.name == wanted]

    def _look(self) -> None:
        try:
            found = parse(self._commands.ask("sinfo", "-h", "-e", "-o", FORMAT))
        except RunyardError:
            # What was known stays; whoever submits hears what is the matter.
            return
        with self._lock:
            self._known = found
        self._answered.set()


def parse(text: str) -> list[Partition]:
    """Read what sinfo prints in `FORMAT`, Slurm's default partition first."""
    rows: dict[str, list[Sequence[str]]] = {}
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == FORMAT.count("|") + 1:
            rows.setdefault(fields[0], []).append(fields)
    found = [
        Partition(
            name=name.rstrip("*"),
            default=name.endswith("*"),
            seconds=seconds(of[0][2]),
            usual=seconds(of[0][3]),
            kinds=tuple(_kind(fields) for fields in of),
        )
        for name, of in rows.items()
    ]
    return sorted(found, key=lambda one: not one.default)


def seconds(text: str) -> float | None:
    """A time as Slurm writes it (`1-02:03:04`, `30:00`); None: without bound, or not told."""
    found = _TIME.match(text)
    if found is None:
        return None
    days, first, second, last = (int(part or 0) for part in found.groups())
    if found[3] is None:
        # Two numbers are minutes and seconds; a single one, seconds.
        return days * 86_400.0 + first * 60.0 + last
    return days * 86_400.0 + first * 3600.0 + second * 60.0 + last


def memory(size: VmSize, partition: Partition | None) -> int:
    """The memory to ask for, in MB; 0: whatever is usual.

    No more than the nodes have that count as large enough for the size.
    """
    wanted = int(size.memory_gb * _MB)
    if partition is None:
        return wanted
    have = [kind.memory for kind in partition.kinds if _holds(kind, size)]
    if not have or not all(have):
        return 0
    return min(wanted, *have)


def _kind(fields: Sequence[str]) -> NodeKind:
    numbers = [int(re.sub(r"\D.*", "", fields[place]) or 0) for place in (4, 5, 6)]
    # A node whose memory was never configured counts as having one megabyte.
    held = numbers[2] if numbers[2] > 1 else 0
    return NodeKind(numbers[0], numbers[1], held, sum(map(int, _GPUS.findall(fields[7]))))


def _holds(kind: NodeKind, size: VmSize) -> bool:
    enough = not kind.memory or size.memory_gb * _MB * _SPARE <= kind.memory
    return size.cpus <= kind.cpus and enough and size.gpus <= kind.gpus


def _slots(kind: NodeKind, size: VmSize) -> int:
    """How many nodes of a size one machine makes."""
    counts = [kind.cpus // max(1, size.cpus)]
    counts += [int(kind.memory / (size.memory_gb * _MB))] if kind.memory and size.memory_gb else []
    counts += [kind.gpus // size.gpus] if size.gpus else []
    return max(1, min(counts))


def _described(size: VmSize) -> str:
    gpus = f", {size.gpus} GPUs" if size.gpus else ""
    return f"{size.cpus} CPUs, {size.memory_gb:g} GB{gpus}"
