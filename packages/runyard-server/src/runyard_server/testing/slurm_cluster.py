"""A real Slurm of several nodes on this machine, below one folder.

    with SlurmCluster(folder, nodes=3) as cluster:
        cluster.ask("squeue")

Each node is a slurmd of its own that claims what it is told, whatever the machine has. Key, ports,
sockets and logs are the cluster's own, so another Slurm of the machine is left alone. Nothing
outside the folder is changed. `tools/slurm.sh` installs the programs.

    python -m runyard_server.testing.slurm_cluster FOLDER NODES    runs one until Ctrl-C
"""

import getpass
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from runyard_server.compute.processes import identify
from runyard_server.testing import programs
from runyard_server.testing.programs import ProgramFailed

_LOST_SECONDS = 20.0
_CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1,sched_interval=1
SlurmdParameters=config_overrides
JobRequeue=1
MinJobAge=300
KillWait=3
SlurmdTimeout=30
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobcomp.txt
AccountingStorageType=accounting_storage/none
{more}
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] \
CPUs={cpus} RealMemory={memory} Gres=gpu:1 State={state}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
{partitions}
"""

# The controller starts these with no path, no input and blocked signals, all of which a node's
# daemon would inherit: it could not be stopped, and lose its log.
_POWER = """\
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin SLURM_CONF={conf}
exec </dev/null >>{folder}/log/power.log 2>&1
for node in $(scontrol show hostnames "$1"); do
    {body}
done
"""
_RESUME = """python3 -I -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, [])
os.execvp(sys.argv[1], sys.argv[1:])' slurmd -N $node -b"""
_SUSPEND = """kill $(cat {folder}/run/slurmd.$node.pid)"""


class SlurmCluster:
    """A cluster; `start` and `stop`, or a `with` block.

    Args:
        folder: Where it keeps everything; made if missing.
        nodes: How many nodes it has: n1, n2 and so on.
        cpus: CPUs that each claims.
        memory: Memory that each claims, in MB; each claims a GPU, too.
        partitions: Further lines of its configuration for partitions beside `main`.
        settings: Further lines of its configuration.
        elastic_seconds: Nodes are started as jobs need them, and stopped after so many seconds
            without one; 0: all are there from the beginning.
    """

    def __init__(
        self,
        folder: Path,
        nodes: int = 3,
        *,
        cpus: int = 8,
        memory: int = 64_000,
        partitions: Sequence[str] = (),
        settings: Sequence[str] = (),
        elastic_seconds: int = 0,
    ) -> None:
        self.folder = folder.resolve()
        self.nodes = [f"n{number + 1}" for number in range(nodes)]
        self.conf = self.folder / "etc" / "slurm.conf"
        self._size = cpus, memory
        self._partitions, self._settings = partitions, list(settings)
        self._elastic = elastic_seconds

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all daemons and wait until every node is idle.

        Raises:
            ProgramFailed: They did not come; with what the controller wrote.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        for name in ("etc", "state", "log", "run", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._configure()
        run = self.folder / "run"
        self._do(
            *("munged", "--force", f"--key-file={self.folder}/etc/munge.key"),
            *(f"--socket={run}/munge.sock", f"--pid-file={run}/munged.pid"),
            *(f"--log-file={self.folder}/log/munged.log", "--num-threads=2"),
            f"--seed-file={self.folder}/state/munge.seed",
        )
        self._do("slurmctld", "-c")
        for node in [] if self._elastic else self.nodes:
            self.start_node(node)
        self.until_idle()

    def stop(self) -> None:
        """End all jobs and daemons."""
        # Jobs of a node that is gone stay for minutes, and need not be waited for.
        with suppress(ProgramFailed):
            self.ask("scancel", "-f", "--user", getpass.getuser())
            self._until(lambda: not self.ask("squeue", "-h"), "jobs are left", 5)
        for file in sorted((self.folder / "run").glob("*.pid")):
            self._end(file, signal.SIGTERM)

    def start_controller(self) -> None:
        """Start the controller again, with what it knew."""
        self._do("slurmctld")

    def stop_controller(self) -> None:
        """End the controller; jobs and nodes go on.

        It may keep what it knows. One that was killed gives numbers of jobs a second time, and
        then Slurm cancels the second job of a number and drains its node.
        """
        self._end(self.folder / "run" / "slurmctld.pid", signal.SIGTERM)

    def start_node(self, node: str) -> None:
        """Start a node's daemon."""
        self._do("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """Kill a node's daemon and everything below it, as a power cut would."""
        self._end(self.folder / "run" / f"slurmd.{node}.pid", signal.SIGKILL)
        found = list(_processes_of(node, str(self.conf)))
        # Who looks after them comes first, or it would still tell the controller of their end.
        for pid in [*_keepers(found), *found]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def clear(self) -> None:
        """End all jobs and wait until every node is idle."""
        self.ask("scancel", "--user", getpass.getuser())
        self.until_idle()

    def until_idle(self) -> None:
        """Wait until no node has anything to do."""
        count = str(len(self.nodes))

        def idle() -> bool:
            with suppress(ProgramFailed):
                free = self.ask("sinfo", "-h", "-p", "main", "-t", "idle", "-o", "%D")
                return free == count and not self.ask("squeue", "-h")
            return False

        try:
            self._until(idle, "", _LOST_SECONDS)
        except ProgramFailed:
            # On a busy machine a step's last word gets lost, and jobs complete for minutes.
            nodes = f"nodename={','.join(self.nodes)}"
            self.ask("scontrol", "update", nodes, "state=down", "reason=lost")
            self.ask("scontrol", "update", nodes, "state=resume")
            self._until(idle, "the nodes do not come")

    def on(self) -> int:
        """How many nodes are there, of those that come as jobs need them."""
        states = self.ask("sinfo", "-h", "-N", "-p", "main", "-o", "%T").split()
        return sum(not state.endswith(("~", "%")) for state in states)

    def ask(self, *words: str) -> str:
        """Run a command of Slurm's; what it prints, without the last line's end."""
        return programs.run(*words, variables=self._variables()).strip()

    def _configure(self) -> None:
        key = self.folder / "etc" / "munge.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(128))
        first = _free_ports(len(self.nodes) + 1)
        cpus, memory = self._size
        if self._elastic:
            self._settings += self._elasticity()
        text = _CONFIG.format(
            folder=self.folder,
            user=getpass.getuser(),
            host=socket.gethostname().partition(".")[0],
            port=first,
            first=first + 1,
            last=first + len(self.nodes),
            nodes=len(self.nodes),
            cpus=cpus,
            memory=memory,
            state="CLOUD" if self._elastic else "UNKNOWN",
            partitions="\n".join(self._partitions),
            more="\n".join(self._settings),
        )
        self.conf.write_text(text, "utf-8")
        (self.conf.parent / "gres.conf").write_text("Name=gpu File=/dev/null\n", "utf-8")
        # Read whether or not anything of it is used.
        (self.conf.parent / "cgroup.conf").write_text("CgroupAutomount=no\n", "utf-8")

    def _elasticity(self) -> list[str]:
        """Write the programs that start and stop nodes; the settings that name them."""
        programs = {}
        for name, body in (("Resume", _RESUME), ("Suspend", _SUSPEND)):
            file = self.folder / "etc" / name.lower()
            text = body.replace("{folder}", str(self.folder))
            text = _POWER.format(conf=self.conf, folder=self.folder, body=text)
            file.write_text(text, "utf-8")
            file.chmod(0o755)
            programs[name] = file
        return [
            *(f"{name}Program={file}" for name, file in programs.items()),
            f"SuspendTime={self._elastic}",
            *("SuspendTimeout=5", "ResumeTimeout=60", "SuspendRate=0", "ResumeRate=0"),
            # Or nodes that are off would not be shown, and no partition had any.
            "PrivateData=cloud",
        ]

    def _do(self, *words: str) -> None:
        try:
            self.ask(*words)
        except ProgramFailed as error:
            raise ProgramFailed(f"{error}{self._log()}") from None

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": programs.PATH,
            "SLURM_CONF": str(self.conf),
            "HOME": os.environ.get("HOME", "/"),
        }

    def _end(self, file: Path, number: signal.Signals) -> None:
        try:
            pid = int(file.read_text("ascii"))
        except (OSError, ValueError):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        try:
            # Nobody reaps daemons in some containers: a zombie counts as gone.
            self._until(lambda: identify(pid) is None, f"{file.stem} does not end", 5)
        except ProgramFailed:
            os.kill(pid, signal.SIGKILL)
        file.unlink(missing_ok=True)

    def _until(
        self, true: Callable[[], bool], otherwise: str, seconds: float = programs.SECONDS
    ) -> None:
        programs.until(true, lambda: f"{otherwise}{self._log()}", seconds)

    def _log(self) -> str:
        try:
            return "\n" + (self.folder / "log" / "slurmctld.log").read_text("utf-8")[-2000:]
        except OSError:
            return ""


def _processes_of(node: str, conf: str) -> Iterator[int]:
    """The processes of a node's jobs, and what starts them, by what stands in their environment."""
    wanted = f"SLURMD_NODENAME={node}".encode(), f"SLURM_CONF={conf}".encode()
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit():
                variables = (folder / "environ").read_bytes().split(b"\0")
                if all(each in variables for each in wanted):
                    yield int(folder.name)


def _keepers(pids: Sequence[int]) -> set[int]:
    """The parents of processes that are Slurm's own."""
    found = set()
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            parent = int(Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[1])
            if Path(f"/proc/{parent}/comm").read_text("utf-8").startswith("slurmstepd"):
                found.add(parent)
    return found


def _free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens at."""
    while True:
        first = 20_000 + secrets.randbelow(10_000)
        if all(_is_free(first + number) for number in range(count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        # As the daemons do: what has just been closed does not count.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("", port))
        except OSError:
            return False
    return True


def _main(folder: str, nodes: str) -> None:
    with SlurmCluster(Path(folder), int(nodes)) as cluster:
        sys.stdout.write(f"export SLURM_CONF={cluster.conf}\n")
        sys.stdout.flush()
        signal.sigwait([signal.SIGINT, signal.SIGTERM])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    _main(*sys.argv[1:])
