"""What lies in a run's folder for one attempt's job, and the script that its nodes run.

    <run folder>/slurm-<attempt>/
        ready-<n>     the agent of node n is to be started: its command, as a shell reads it
        environment   the variables that agents get
        asked         a job is being submitted
        job           its number
        batch         the script, as Slurm was given it: paths, and nothing secret
        begun         the number of the job that has begun the attempt: made once, by the first
        began-<n>     node n has come so far as to start its agent
        cancel-<n>    the agent of node n is to be ended
        ended-<n>     its exit status
        slurm.log     what the script and Slurm's programs say

Files are for their owner alone. The run's token is in none of these: it is in the agent's job file.
"""

import os
import shlex
import textwrap
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

BATCH = "batch"
JOB = "job"
ASKED = "asked"
BEGUN = "begun"
LOG = "slurm.log"
# What the script ends with where the agents' ends tell nothing: it cannot see the folder.
UNSEEN = 66
_OWNER_ONLY = 0o600
# As slurmstepd says it with a bound of its own, and with cgroups.
_MEMORY = ("exceeded memory limit", "exceeded job memory limit", "oom_kill event", "oom-kill event")
_SCRIPT = r"""
#!/bin/sh
# One attempt of a run of Runyard's: an agent on each node.
folder={folder} nodes={nodes} cpus={cpus} run_folder={remove}
cd "$folder" || exit {unseen}

node() {{
    n=$1
    # mpirun and others that find these start their processes by Slurm, beside what we start.
    for name in $(env | sed -nE 's/^((SLURM|PMI)[A-Z0-9_]*)=.*/\1/p'); do
        case $name in
        SLURM_JOB_ID | SLURM_JOB_PARTITION | SLURM_JOB_ACCOUNT | SLURM_CONF | SLURMD_NODENAME) ;;
        *) unset "$name" ;;
        esac
    done
    : >"began-$n"
    {umask}
    trap 'kill -TERM $agent 2>/dev/null' TERM
    sh "./ready-$n" </dev/null &
    agent=$!
    # Whoever cancels leaves a file. `sleep` ends with its watcher, or the job would wait for it.
    (
        trap 'kill $pause 2>/dev/null; exit' TERM
        while [ ! -e "cancel-$n" ]; do
            sleep 1 &
            pause=$!
            wait $pause
        done
        kill -TERM $agent
    ) &
    watcher=$!
    # A signal ends `wait` before the agent's end.
    while :; do
        wait $agent
        status=$?
        kill -0 $agent 2>/dev/null || break
    done
    kill -TERM $watcher 2>/dev/null
    wait $watcher 2>/dev/null
    echo $status >"ended-$n.part" && mv "ended-$n.part" "ended-$n"
}}

if [ "${{1:-}}" = node ]; then
    node "$SLURM_PROCID"
    exit 0
fi
# Put back by somebody, or submitted twice: an attempt begins once.
(set -C; echo "$SLURM_JOB_ID" >begun) 2>/dev/null || exit 67
. ./environment
{setup}
if [ "$nodes" = 1 ]; then
    node 0
else
    trap : TERM
    failed=1
    unset SLURM_CPUS_PER_TASK SLURM_TRES_PER_TASK
    for pause in 1 2 0; do
        srun --nodes="$nodes" --ntasks="$nodes" --ntasks-per-node=1 --cpus-per-task="$cpus" \
            --no-kill --kill-on-bad-exit=0 --wait=0 --input=none --mpi=none \
            sh "$folder/batch" node || failed=$?
        # A launch may fail on a busy node; where none has begun, nothing is done twice.
        [ -z "$(ls began-* 2>/dev/null)" ] || break
        sleep $pause
    done
    [ "$(ls ended-* 2>/dev/null)" ] || exit "$failed"
fi
# Agents that end well have delivered everything.
[ "$(cat ended-* 2>/dev/null | grep -cx 0)" = "$nodes" ] || exit 0
[ -z "$run_folder" ] || {{ cd / && rm -rf "$run_folder"; }}
exit 0
"""


class Attempt:
    """The folder of one attempt's job.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def job(self) -> str:
        """The number of its job, "" where none is known to be submitted."""
        return self._text(JOB)

    @property
    def is_asked(self) -> bool:
        """Whether a job may have been submitted."""
        return (self.folder / ASKED).exists()

    @property
    def has_begun(self) -> bool:
        """Whether a job has begun the attempt."""
        return (self.folder / BEGUN).exists()

    def is_ready(self, nodes: int) -> bool:
        """Whether all nodes' agents are to be started."""
        return all((self.folder / f"ready-{node}").exists() for node in range(nodes))

    def is_canceled(self) -> bool:
        """Whether somebody wants an agent ended."""
        return any(self.folder.glob("cancel-*"))

    def ended(self, node: int) -> int | None:
        """The exit status of a node's agent as the shell tells it, None where it is not known."""
        text = self._text(f"ended-{node}")
        return int(text) if text.isdigit() else None

    def complaint(self) -> str:
        """What Slurm's programs have last complained of on the nodes, "" where nothing."""
        errors = [line for line in self._text(LOG).splitlines() if ": error: " in line]
        return errors[-1].strip() if errors else ""

    def lacked_memory(self) -> bool:
        """Whether Slurm has ended a step for its memory, which its state need not tell."""
        log = self._text(LOG).lower()
        return any(sign in log for sign in _MEMORY)

    def make(self, node: int, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Make a node's agent ready to be started.

        Args:
            node: The node's number.
            command: The agent's command.
            variables: The environment it gets.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = [
            f"export {name}={shlex.quote(value)}\n"
            for name, value in sorted(variables.items())
            if name.isidentifier()
        ]
        self.write("environment", "".join(lines))
        self.write(f"ready-{node}", f"exec {shlex.join(command)}\n")

    def cancel(self, node: int) -> None:
        """Have a node's agent ended."""
        (self.folder / f"cancel-{node}").touch(_OWNER_ONLY)

    def ask(self) -> None:
        """Note that a job is being submitted."""
        (self.folder / ASKED).touch(_OWNER_ONLY)

    def write(self, name: str, text: str) -> None:
        """Write a file for its owner alone, by rename."""
        temporary = self.folder / f".{name}-{os.getpid()}-{threading.get_ident()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.rename(self.folder / name)

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""


def script(
    attempt: Attempt, nodes: int, cpus: int, setup: str, remove: str, umask: int | None
) -> str:
    """The batch script of an attempt.

    Args:
        attempt: The attempt.
        nodes: How many agents there are.
        cpus: CPUs of each.
        setup: Lines that the first node runs before: `module load cuda`.
        remove: The run folder, where it is to be removed once all is delivered; "" keeps it.
        umask: What agents write files with; None: as whoever submits.
    """
    text = textwrap.dedent(_SCRIPT).lstrip()
    return text.format(
        folder=shlex.quote(str(attempt.folder)),
        nodes=nodes,
        cpus=cpus,
        unseen=UNSEEN,
        setup=setup,
        remove=shlex.quote(remove),
        umask="" if umask is None else f"umask {umask:03o}",
    )
