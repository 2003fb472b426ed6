"""What a compute backend is: it starts agents on the nodes of a site and sees whether they live.

A *site* is where runs can be; its backend turns an abstract job, which names no path, address or
process of any machine, into one that an agent on a node of that site can read (`Job.at`). Plan,
then act: `plan` makes the whole launch as a printable record and touches nothing; `launch` does
it. Backends never write records: they return observations, and the scheduler decides.

`testing/fake_backend.py` is the smallest backend there is, `compute/local.py` one with processes,
and `testing/backend_contract.py` the tests that each must pass.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runyard.protocol.containers import JobContainer
from runyard.protocol.errors import InvalidRequest, TemporaryError
from runyard.protocol.files import FileEntry
from runyard.protocol.jobs import JobData, JobEnvironment, JobInput, JobSpec
from runyard.protocol.runs import RunSpec
from runyard.protocol.sizes import VmSize
from runyard_server.compute.light import Light

JOB = "job"
SALVAGE = "salvage"


@dataclass(frozen=True)
class Place:
    """Where one node of a run is, in the paths and addresses of that node.

    Args:
        run_folder: The folder of this node's agent; absolute.
        light: The light half: its folder, or its zip file.
        url: Where the service is reached from there.
        shared_folder: The folder of the run's first node, which all of them see; "" where the nodes
            of a run have no file system in common.
        blobs: Folder of stored contents; "" where they are fetched over HTTP.
        connection_file: Where the service writes where it listens; "" on other machines.
        environments: Folder in which the node makes environments; "" where the service does.
        cache: Folder in which the node keeps what it has fetched for the next run; "" is `cache`
            beside `environments`, if that is there.
        address: Where other nodes reach this one; "" lets the agent find out.
        cpus: CPUs that the job may use.
        gpus: GPUs that it may use.
        limit_seconds: After so long the site ends what runs there; 0: never.
        limit_of: Whose limit that is, for people: `partition 'gpu'`.
    """

    run_folder: str
    light: str
    url: str
    shared_folder: str = ""
    blobs: str = ""
    connection_file: str = ""
    environments: str = ""
    cache: str = ""
    address: str = ""
    cpus: int = 1
    gpus: int = 0
    limit_seconds: float = 0.0
    limit_of: str = ""


@dataclass(frozen=True)
class Job:
    """What the agent of one node is to do, wherever that node is.

    Args:
        run: The run's id.
        workspace: The workspace's id, for URLs.
        workspace_name: Its name, and beside it what the v1 variables tell.
        subscription_id: Of the workspace.
        resource_group: Of the workspace.
        experiment_id: Of the run's experiment.
        spec: What was submitted.
        files: The snapshot, by digest.
        environment: As it was realised for the site; without an interpreter it is the node that
            realises it, from its lock.
        token: The run's own token.
        node: The node's number within the run.
        node_name: The node's name: `<cluster>-<number>`, or the target's where that is no cluster.
        data: The data references, with the source as the store has it; "" for nodes that do not
            see it.
        size: What the node shall have; None: whatever there is.
        attempt: Which attempt of the run this is, from 1.
        resumed: What the run that it resumes has left below `outputs`, by digest.
        system_metrics: Whether to sample what it uses.
        inputs: The datasets that it reads, as they were when the run began.
        container: What its processes are in; None: they are the node's own.
    """

    run: str
    workspace: str
    workspace_name: str
    subscription_id: str
    resource_group: str
    experiment_id: str
    spec: RunSpec
    files: list[FileEntry]
    environment: JobEnvironment
    token: str = field(repr=False)
    node: int = 0
    node_name: str = ""
    data: list[JobData] = field(default_factory=list)
    size: VmSize | None = None
    attempt: int = 1
    resumed: list[FileEntry] = field(default_factory=list)
    system_metrics: bool = True
    inputs: list[JobInput] = field(default_factory=list)
    container: JobContainer | None = None

    def at(self, place: Place) -> JobSpec:
        """The job as the agent at a place reads it."""
        environment = self.environment
        if not environment.interpreter:
            folder = f"{place.environments}/{environment.lock}"
            environment = replace(environment, interpreter=f"{folder}/bin/python", folder=folder)
        beside = str(Path(place.environments).with_name("cache")) if place.environments else ""
        return JobSpec(
            run=self.run,
            workspace=self.workspace,
            workspace_name=self.workspace_name,
            subscription_id=self.subscription_id,
            resource_group=self.resource_group,
            experiment_id=self.experiment_id,
            spec=self.spec,
            files=self.files,
            environment=environment,
            url=place.url,
            token=self.token,
            run_folder=place.run_folder,
            light=place.light,
            connection_file=place.connection_file,
            blobs=place.blobs,
            node=self.node,
            node_name=self.node_name,
            data=self.data,
            cpus=place.cpus,
            gpus=place.gpus,
            attempt=self.attempt,
            shared_folder=place.shared_folder,
            address=place.address,
            resumed=self.resumed,
            system_metrics=self.system_metrics,
            cache=place.cache or beside,
            limit_seconds=place.limit_seconds,
            limit_of=place.limit_of,
            inputs=self.inputs,
            container=self.container,
        )


@dataclass(frozen=True)
class LaunchPlan:
    """One launch, before it happens.

    Args:
        run: The run's id.
        node: The node's number within the run.
        attempt: Which attempt of the run this is, from 1.
        purpose: `job`, or `salvage` after an agent was lost.
        command: The program and its arguments.
        environment: Variables added to those of the service.
        folder: The run folder on the node.
        job: What the agent reads, with the run's token in it.
    """

    run: str
    node: int
    attempt: int
    purpose: str
    command: list[str]
    environment: dict[str, str]
    folder: str
    job: JobSpec = field(repr=False)


@dataclass(frozen=True)
class Observation:
    """What is seen of a launched agent.

    Args:
        alive: Whether it runs, as seen on its node now. None where the backend cannot tell, or has
            it from an engine that may not know yet that the node is gone: then its beats decide.
        exit_code: Its exit status once it has ended, where that is known.
        signal: Name of the signal that ended it (`SIGKILL`), where that is known.
        waits: What it waits for before it begins, for people, where an engine has a queue of its
            own; its silence says nothing then.
        reason: Why it is gone, for people, where the engine tells.
    """

    alive: bool | None
    exit_code: int | None = None
    signal: str | None = None
    waits: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What a site can do; figures are of its largest node.

    Args:
        cpus: CPUs of a node; so many single runs of the target `local` are there at once.
        memory_gb: Memory of a node in GiB, 0 where it is not known.
        gpus: GPUs of a node.
        max_nodes: How many nodes there can be at once; None: as many as are asked for.
        shares_nodes: Whether nodes are slots that share one machine, so that a size larger than it
            is taken too.
        shares_files: Whether nodes see the service's files under the service's paths. Where they
            do not, the agents fetch contents and data over HTTP, bring back what is written, and
            make environments themselves.
        on_this_machine: Whether nodes are on the service's machine, so that they reach its sockets.
        called: What the site is called in messages: `this machine`, `partition 'gpu'`.
    """

    cpus: int
    memory_gb: float = 0.0
    gpus: int = 0
    max_nodes: int | None = None
    shares_nodes: bool = False
    shares_files: bool = False
    on_this_machine: bool = False
    called: str = "the site"


@dataclass(frozen=True)
class Need:
    """What a run or a cluster asks of a site.

    Args:
        nodes: How many nodes at once.
        size: What each of them shall have; None: whatever there is.
        apart: Whether each is on a machine of its own, as those of one run are; those of a cluster
            may share machines.
        together: How many nodes the first run that waits needs at once.
    """

    nodes: int = 1
    size: VmSize | None = None
    apart: bool = True
    together: int = 1


@dataclass(frozen=True)
class Answer:
    """Whether a need could ever be met.

    Args:
        refusal: Why never, and what could be met instead; "" where it could.
        gpus: How many GPUs each node gets: fewer than were asked for where the site goes on
            without.
        names_size: Whether the size is one that the site has by this name, as it may have queues.
    """

    refusal: str = ""
    gpus: int = 0
    names_size: bool = False


@dataclass(frozen=True)
class Grant:
    """What a cluster has of the nodes that it wants.

    Args:
        nodes: How many.
        reason: What the others wait for, for people, where that is known.
    """

    nodes: int
    reason: str = ""


def _no_port() -> int:
    """Stands in where no endpoint is served."""
    return 0


class NodeGone(TemporaryError):
    """A node is gone for good, with whatever an agent left on it: nothing can be saved there.

    Raised by the launch of a salvage, whose run is then ended, or begins anew elsewhere.
    """


def _nobody_waits() -> None:
    """Stands in where no program of a backend asks the service."""


@dataclass(frozen=True)
class Line:
    """How programs that a backend has on its site reach it, through the service.

    Such a program posts to `sites.exchange` at the service's URL, and `Backend.exchange` answers.

    Args:
        token: What it must show; opens nothing else.
        ring: Has a question that is kept open asked again.
    """

    token: str = field(default="", repr=False)
    ring: Callable[[], None] = _nobody_waits


@dataclass(frozen=True)
class SiteContext:
    """What a backend is told of the service that it works for.

    Args:
        name: The site's name in the settings.
        url: Says where the site's jobs reach the service now.
        runs: Folder for run folders, on the service's machine.
        blobs: Folder of stored contents, on the service's machine.
        connection_file: Where the service writes where it listens.
        light: The light half, for agents and jobs.
        umask: The umask of whoever started the service, for what agents write; None: the service's.
        gateway: Says at which port replicas on other machines dial the gateway; 0 before there
            are any.
        line: How programs of the backend on the site reach it.
    """

    name: str
    url: Callable[[], str]
    runs: Path
    blobs: Path
    connection_file: Path
    light: Light
    umask: int | None = None
    gateway: Callable[[], int] = _no_port
    line: Line = Line()

    @property
    def kept(self) -> Path:
        """The folder of what the backend itself keeps, on the service's machine; made at need."""
        return self.runs.parent / "sites" / self.name


class Backend(ABC):
    """Where the agents of one site run.

    A backend is found by its name in the entry-point group `runyard.backends`, and made once per
    site of the settings: `Class(context, **options)`. Its options are the keyword-only parameters
    of the class, annotated with `str`, `int`, `float`, `bool` or `Path`; those without a default
    must be set. Making one is quick and reaches no engine: a service that starts must not wait for
    a cluster that is down.

        [sites.lab]                      # config.toml
        backend = "ssh"
        service_url = "http://lab-head:8420"
        hosts = "/etc/runyard/hosts"     # an option

    *Threads.* All methods may be called from several threads at once. `capabilities`, `could_run`
    and `plan` are called while somebody waits for an answer and reach no engine; `observe`,
    `resize` and `cancel` are called from the scheduler's loop, the first two about once a second,
    and shall answer within tenths of a second; `launch` may take seconds.

    *Errors.* A `TemporaryError` says that it may work later: the caller tries again at its next
    turn, for as long as it takes. A `RunyardError` of any other class, or an `OSError`, says that
    it never will: the run ends as failed, with the message. `capabilities`, `could_run`, `plan`,
    `observe` and `resize` raise nothing: what cannot be known is None, 0 or "".

    *Identity.* A handle is text, made by `launch`. It is stored, and must mean the same agent to
    another instance of the class after the service was started again, also by a newer version.
    Nothing else is kept: an instance may forget whatever it knows.

    *Folders.* The service removes run folders below `context.runs` once all is delivered. Those
    that agents make elsewhere are the backend's to remove: an agent that ends with status 0 has
    delivered everything; one that ends otherwise is followed by a salvage in the same folder.
    """

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What the site can do, as far as is known without asking an engine."""

    @abstractmethod
    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """Work out what `launch` would do, without any side effect.

        The same job has the same plan, also later and in another instance, as long as nothing has
        changed about the service. `repr(plan)` can be shown to anybody: the token is not in it.

        Args:
            job: What the agent is to do.
            salvage: After an agent was lost: why; the agent then only cleans up and reports.
        """

    @abstractmethod
    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent.

        Idempotent on (run, node, attempt, purpose): a second call gives the handle of the agent
        that the first one started, also after the service was killed anywhere in between, and
        whether or not that agent still lives. A salvage that has ended is started anew: it may have
        been killed half-way, and goes on where it was.

        Returns:
            The agent's handle.

        Raises:
            TemporaryError: It may work later; nothing has been started.
            RunyardError: It never will.
        """

    @abstractmethod
    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """See of each handle whether its agent is alive; one call serves all of the site.

        A handle that means nothing here, or no longer, is that of an agent that is gone.
        """

    @abstractmethod
    def cancel(self, handle: str) -> None:
        """Ask the agent to stop its job and report; one that has ended is no error.

        Raises:
            TemporaryError: The agent cannot be reached now.
        """

    @abstractmethod
    def resize(self, cluster: str, need: Need) -> Grant:
        """Ask for a cluster to have so many nodes; it is asked for again while some are missing.

        Args:
            cluster: `<workspace>/<name>`.
            need: How many are wanted, fewer than there are where nodes have been idle for long;
                and of which size.

        Returns:
            How many of them it has now, never more than are wanted, and what the others wait for.
        """

    def could_run(self, need: Need) -> Answer:
        """Whether a need could ever be met here, and if not, what could.

        The base class compares the need with `capabilities`; an engine with kinds of nodes, queues
        or quotas asks what it knows of those.
        """
        return compare(self.capabilities(), need)

    def check(self) -> None:  # noqa: B027 - most sites are there, or grow
        """Reach what the site is made of now, for a site that somebody is about to make.

        Raises:
            TemporaryError: It cannot be reached; with what to do about that.
        """

    def ended_by(self, handle: str) -> str:
        """Why the engine has ended an agent or is about to, for people; "" where it has not.

        Asked, and allowed to take a second, when an agent says that it or its job was stopped and
        nobody had asked for that: by a time limit of the engine's, or for somebody else's job.
        """
        del handle
        return ""

    def exchange(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Answer a program of the backend's own, somewhere on the site; quick, as `observe` is.

        Args:
            message: What it says.

        Returns:
            The answer, and whether it is worth giving at once: otherwise a program that would
            rather wait is answered when the line has rung.

        Raises:
            InvalidRequest: The message makes no sense, or the backend has no such programs.
        """
        del message
        raise InvalidRequest(f"{self.capabilities().called} has no programs that ask the service")

    def expect(self) -> None:  # noqa: B027 - most backends start nothing themselves
        """Make ready what a launch would wait for: one is likely within seconds.

        Called while an environment is made for it. It must be quick, raise nothing, and do no harm
        where no launch comes.
        """

    def close(self) -> None:  # noqa: B027 - most backends keep nothing
        """Let go of what is kept for further launches; agents and their jobs go on."""


def compare(site: Capabilities, need: Need) -> Answer:
    """Compare what is asked for with what a site can do.

    Args:
        site: What the site can do.
        need: What is asked for.
    """
    if site.max_nodes is not None and need.nodes > site.max_nodes:
        return Answer(
            f"{need.nodes} nodes are asked for, and there are at most {site.max_nodes} on "
            f"{site.called}; ask for {site.max_nodes} or fewer"
        )
    if need.size is None:
        return Answer(gpus=site.gpus)
    if not site.shares_nodes and not holds(site, need.size):
        has = [f"{site.cpus} CPUs"]
        has += [f"{site.memory_gb:g} GB"] if site.memory_gb else []
        has += [f"{site.gpus} GPUs"]
        return Answer(
            f"a node of size {need.size.name} ({need.size.cpus} CPUs, {need.size.memory_gb:g} GB, "
            f"{need.size.gpus} GPUs) does not fit on {site.called}, whose largest has "
            f"{', '.join(has)}; take a smaller size"
        )
    return Answer(gpus=min(need.size.gpus, site.gpus))


def holds(site: Capabilities, size: VmSize) -> bool:
    """Whether a node of the site has all that a size promises."""
    memory = not site.memory_gb or size.memory_gb <= site.memory_gb
    return size.cpus <= site.cpus and memory and size.gpus <= site.gpus
