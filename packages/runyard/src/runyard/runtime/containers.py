"""A job's processes in containers: each one in a container of its own, supervised from outside.

The agent starts the engine's `run` in the place of the process. In the container `contained.py` is
first and starts the process; what that leaves in the run folder tells how it ended, for the engine
tells less. All containers have the run folder as a label: whoever ends the job, the agent or a
salvage after its death, finds them by that, and removes them before it looks for processes. The
network is the node's unless the user wants none, so a job reaches the service as any other.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple

from runyard.protocol.containers import DIGEST_PROPERTY, IMAGE_PROPERTY
from runyard.protocol.errors import RunyardError
from runyard.protocol.timeouts import SERVICE_AWAY_SECONDS, TERM_GRACE_SECONDS
from runyard.runtime import binds, names
from runyard.runtime import engine as engines
from runyard.runtime.causes import tail
from runyard.runtime.folder import read_json
from runyard.runtime.images import HOME_LABEL, LOCK_LABEL, Image, Images
from runyard.runtime.job import JobError
from runyard.runtime.processes import ProcessGroup, Started, start
from runyard.runtime.service import patiently

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.managed_process import ManagedProcess, Plan
    from runyard.runtime.service import JobService
    from runyard.runtime.sharing import Canceling
    from runyard.runtime.state import State

Report = Dict[str, Any]
FOLDER_LABEL, RUN_LABEL = "runyard.folder", "runyard.run"
# An engine's helpers leave a moment after their container.
SETTLE_SECONDS = 5.0
SIGNALS = 128
# Passed on from the node: which of its GPUs are the job's.
_OF_THE_NODE = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
# Of these the engine's own program needs the node's values, so the job's are told by their value;
# all others, among which are passwords, by name alone: every user of a machine sees command lines.
_IN_THE_WAY = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "REGISTRY_AUTH_FILE", "CONTAINER_HOST"),
    *("DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST", "DOCKER_TLS_VERIFY"),
    *("CONTAINER_CONNECTION", "DOCKER_API_VERSION", "DOCKER_DEFAULT_PLATFORM", "PODMAN_USERNS"),
    *("DBUS_SESSION_BUS_ADDRESS", "NOTIFY_SOCKET"),
)
_KINDS_IN_THE_WAY = ("BUILDAH_", "CONTAINERS_", "LD_", "STORAGE_", "XDG_")
_INIT = ("runyard", "runtime", "contained.py")
# Of images that set none, as engines have it.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Contained(Started):
    """A process in a container, as the engine's program that runs it is seen, and its record."""

    _record: Optional[Dict[str, Any]] = None

    @property
    def told_in(self) -> str:
        """Where its interpreter tells how it ended, below the folder of endings."""
        with suppress(OSError), open(f"{self.plan.record_of}.pid", encoding="ascii") as stream:
            return os.path.join(os.path.basename(self.plan.record_of), stream.read().strip())
        return str(self.pid)

    def ended(self) -> Optional[int]:
        """See ManagedProcess: as the process ended, where it has begun."""
        status = super().ended()
        if status is None:
            return None
        record = self.record
        if record:
            self.cpu_seconds = float(record["cpu_seconds"])
            self.peak_memory_bytes = int(record["peak_memory_bytes"])
            return int(record["code"])
        # The whole container was killed: engines tell the signal as shells do.
        return SIGNALS - status if status == SIGNALS + signal.SIGKILL else status

    @property
    def record(self) -> Dict[str, Any]:
        """What the container's first process has told; empty where it could not."""
        if not self._record:
            self._record = read_json(f"{self.plan.record_of}.exit")
        return self._record or {}

    @property
    def has_begun(self) -> bool:
        """Whether there was a process in the container."""
        return os.path.exists(f"{self.plan.record_of}.pid")


class Containers:
    """The containers of one node's part of a run.

    Args:
        job: The job; it has a `container`.
        folder: The run folder.
    """

    def __init__(self, job: Job, folder: RunFolder) -> None:
        assert job.container is not None
        self._job = job
        self._told = job.container
        self._folder = folder
        self._engine = engines.Engine(str(self._told["engine"]))
        self._image: Optional[Image] = None
        self._count = 0

    @property
    def memory(self) -> str:
        """The most memory that a container may have; "" for no limit."""
        return str(self._told["memory"])

    def prepare(self, service: Callable[[], JobService], canceled: Canceling) -> str:
        """Have the image there, and the job refer to what is in it; give a line that tells of it.

        Args:
            service: Gives the service.
            canceled: Says whether to give up.

        Raises:
            JobError: There is no image.
            Canceled: Given up.
        """
        job = self._job
        log = self._folder.log(names.NODE_LOG.format(job.node_name or job.node))
        images = Images(job, self._folder, self._engine, service)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self._image = image = images.make(output, canceled)
            line = self._line(image)
            engines.lines(output)(line)
        finally:
            os.close(output)
        self._told["variables"] = {"PATH": PATH, **image.variables, **_of_the_node()}
        if self._told["interpreter"] and not job.environment.get("folder"):
            job.environment["interpreter"] = self._told["interpreter"]
        self._tell(service(), image)
        return line

    def put_in(self, plan: Plan, paths: Dict[str, str]) -> Plan:
        """Change a plan into one that runs the same in a container; give it.

        Args:
            plan: What is to run.
            paths: The path of each data reference and dataset.
        """
        number, self._count = self._count, self._count + 1
        place = self._folder.path("containers")
        os.makedirs(place, exist_ok=True)
        plan.record_of = os.path.join(place, f"{self._job.attempt}-{number}")
        inner = {**plan.variables, names.ENDING_VARIABLE: f"1:{self._endings(plan)}"}
        if os.geteuid():
            # No image has an account of the agent's user, and so no folder of its own for it.
            inner.setdefault("HOME", self._home())
        plan.command = [
            *self._run_words(plan, paths),
            *_variable_words(inner),
            str(self._image.id if self._image else ""),
            *("-S", "-E", os.path.join(self._job.light, *_INIT), plan.record_of, plan.log),
            *plan.command,
        ]
        passed_on = {name: value for name, value in inner.items() if not _is_in_the_way(name)}
        # The job's own last: where both have a proxy, say, the container is to see the job's.
        plan.variables = {**engines.variables(), **passed_on}
        return plan

    def start(self, plan: Plan) -> ManagedProcess:
        """Start what `put_in` gave."""
        return start(plan, Contained)

    def group(
        self, state: State, started: Sequence[ManagedProcess] = (), sessions: Sequence[int] = ()
    ) -> ProcessGroup:
        """The processes of the job, in its containers and outside; see ProcessGroup.

        Args:
            state: What is known of the job's agent.
            started: Those started by this agent.
            sessions: Sessions started by an earlier agent.
        """
        group = _Group(self._job, state, started, sessions)
        group.containers = self
        return group

    def signal(self, number: int) -> bool:
        """Send a signal to all processes of all containers; say whether there was a container."""
        found = self._mine()
        for each in found:
            # One that has ended cannot be signaled, which is what was wanted.
            with suppress(JobError):
                self._engine.ask("kill", "--signal", str(int(number)), each)
        return bool(found)

    def remove(self) -> None:
        """Remove all containers of the job on this node, whoever has started them."""
        self._engine.remove(self._mine())

    def explained(self, report: Report, failed: ManagedProcess) -> Report:
        """A report, with what the container has to do with a failure.

        Args:
            report: The report.
            failed: The process that has failed.
        """
        if not isinstance(failed, Contained) or not report["error"]:
            return report
        if failed.record.get("killed_for_memory"):
            report["error"]["message"] = f"User program was ended: {self._out_of_memory}"
        elif not failed.has_begun:
            lines = tail(failed.plan.log)
            report["error"]["message"] = (
                f"no process could be started in a container of {self._name}: "
                f"{lines[-1] if lines else 'the engine does not say why'}; the image must be able "
                f"to run the environment's Python, {self._job.environment['interpreter']}"
            )
        return report

    @property
    def _out_of_memory(self) -> str:
        if not self.memory:
            return "its container ran out of memory, and the kernel ended a process of it"
        return (
            f"its container ran out of its memory, {self.memory}, and the kernel ended a process "
            "of it; more is given by --memory in docker.arguments"
        )

    @property
    def _name(self) -> str:
        return self._image.name if self._image else "its image"

    def warnings(self, started: Sequence[ManagedProcess]) -> List[str]:
        """What users should know of containers that have ended.

        Args:
            started: The processes.
        """
        found = []
        for each in started:
            record = each.record if isinstance(each, Contained) else {}
            if record.get("left"):
                told = "; ".join(record["left"])
                found.append(f"the script left processes behind, which were ended: {told}")
            if record.get("killed_for_memory") and not each.failed:
                found.append(self._out_of_memory)
        return found

    def _mine(self) -> List[str]:
        with suppress(JobError):
            return self._engine.containers(f"{FOLDER_LABEL}={self._folder.root}")
        return []

    def _home(self) -> str:
        place = self._folder.path("home")
        os.makedirs(place, exist_ok=True)
        return place

    def _endings(self, plan: Plan) -> str:
        # Of its own for each container: in all of them the same few numbers are processes'.
        return os.path.join(self._folder.endings, os.path.basename(plan.record_of))

    def _run_words(self, plan: Plan, paths: Dict[str, str]) -> List[str]:
        """The engine's command up to the image."""
        told, root = self._told, self._folder.root
        labels = {
            FOLDER_LABEL: root,
            HOME_LABEL: told["home"],
            RUN_LABEL: self._job.run,
            LOCK_LABEL: self._job.environment.get("lock") or "",
        }
        return [
            *(self._engine.program, "run", "--rm", "--pull", "never", "--sig-proxy=false"),
            *("--network", str(told["network"]), "--workdir", plan.folder),
            # The log is written from inside; the engine's would be the same bytes once more.
            *("--log-driver", "none"),
            # Nothing of an image gives its processes more than the job has. The label of SELinux
            # would keep them from the run's folder.
            *("--security-opt", "no-new-privileges", "--security-opt", "label=disable"),
            *self._user(),
            *[word for name, value in labels.items() for word in ("--label", f"{name}={value}")],
            *_limits(self.memory, str(told["shared_memory"])),
            *(self._gpus() if told["gpus"] and self._job.gpus else ()),
            *told["options"],
            *binds.of_job(self._job, self._folder, paths).words(),
            *("--entrypoint", str(self._job.environment["interpreter"])),
        ]

    def _user(self) -> List[str]:
        """Have what processes write belong to the agent's user."""
        user = os.geteuid()
        if user == 0:
            return ["--user", "0:0"]
        if self._engine.is_podman:
            return ["--userns", "keep-id"]
        if "rootless" in self._engine.ask("info", "--format", "{{.SecurityOptions}}"):
            # There the agent's user is the root of all containers.
            return ["--user", "0:0"]
        return ["--user", f"{user}:{os.getegid()}"]

    def _gpus(self) -> Tuple[str, ...]:
        # Podman has them by the Container Device Interface, Docker by a runtime of NVIDIA's.
        return ("--device", "nvidia.com/gpu=all") if self._engine.is_podman else ("--gpus", "all")

    def _line(self, image: Image) -> str:
        told = self._told
        size = told["shared_memory"] or "the engine's own"
        return (
            f"container: {self._engine.program}, image {image.name} ({image.digest}), memory "
            f"{self.memory or 'without a limit'}, shared memory {size}, network {told['network']}"
        )

    def _tell(self, service: JobService, image: Image) -> None:
        """Write the image into the run's properties, which nodes and attempts have in common."""
        if self._job.node or self._job.attempt > 1:
            return
        told = {
            "runyard.container.engine": self._engine.program,
            IMAGE_PROPERTY: image.name,
            DIGEST_PROPERTY: image.digest,
            "runyard.container.memory": self.memory or "no limit",
        }
        # The service may be starting anew. Should it refuse them, the run goes on without: they are
        # in its log, too.
        with suppress(RunyardError):
            patiently(lambda: service.add_properties(told), SERVICE_AWAY_SECONDS)


class _Group(ProcessGroup):
    """Processes in containers are ended by their engine, which knows all of them."""

    containers: Containers

    def end(self, grace: float = TERM_GRACE_SECONDS) -> List[str]:
        """See ProcessGroup: SIGTERM to all in the containers, `grace` seconds, SIGKILL."""
        if self.containers.signal(signal.SIGTERM):
            self.gone_within(grace)
        self.containers.remove()
        stuck = super().end(grace)
        # The engine's program may have been making one meanwhile, of which nobody knew yet.
        self.containers.remove()
        return stuck

    def end_leftovers(self, natural: float = SETTLE_SECONDS) -> List[str]:
        """See ProcessGroup: a container ends with its first process, and leaves nothing."""
        # Of one whose first process has told its end the engine's `run` has waited for the removal:
        # to ask the engine once more would take longer than some scripts.
        if not all(isinstance(each, Contained) and each.record for each in self._started):
            self.containers.remove()
        return super().end_leftovers(natural)


def _of_the_node() -> Dict[str, str]:
    return {name: os.environ[name] for name in _OF_THE_NODE if name in os.environ}


def _limits(memory: str, shared: str) -> List[str]:
    # No swap beyond it: a job that is over its limit is to be told so, not to crawl.
    found = ["--memory", memory, "--memory-swap", memory] if memory else []
    return found + (["--shm-size", shared] if shared else [])


def _variable_words(variables: Dict[str, str]) -> List[str]:
    found = []
    for name, value in sorted(variables.items()):
        told = f"{name}={value}" if _is_in_the_way(name) else name
        found += ["--env", told]
    return found


def _is_in_the_way(name: str) -> bool:
    """Whether the engine's own program would take a job's variable for its own."""
    return name in _IN_THE_WAY or name.startswith(_KINDS_IN_THE_WAY)
