"""The environment: what a script needs to run, from definition to lock.

definition -> lock (exact versions, by the service) -> realised environment (on the node)
"""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import ALWAYS, CONTRIBUTOR, IN_WORKSPACE, READS, Bytes, Nothing, Route

# Wheels that users add lie on a datastore, in a folder of the name that v1's container had.
PRIVATE_WHEELS = "azureml-private-packages"
# How `as_of_from` begins where a script that needs old packages implies the date.
BY_SCRIPT = "the script's use of "
# In the place of a day: the newest packages, also where something else has a day.
NOW = "now"
# What `as_of_from` begins with where the day is that of a workspace, whose name follows.
OF_WORKSPACE = "workspace "
# Locks have this address and no path, so that they say the same on every machine.
WHEEL_SCHEME = "runyard"


def wheel_address(workspace: str, datastore: str, name: str, digest: str) -> str:
    """Write the pip requirement that means a wheel on a datastore.

    Args:
        workspace: The workspace's key in URLs.
        datastore: The datastore's name.
        name: The file's name.
        digest: Its SHA-256.
    """
    place = f"{workspace}/{datastore}/{PRIVATE_WHEELS}/{name}"
    return f"{WHEEL_SCHEME}://{place}#sha256={digest}"


@dataclass(frozen=True)
class EnvironmentDefinition:
    """What the user asked for.

    Args:
        name: A name, "" for one made on the fly.
        version: The registered version, "" if not registered.
        python: Python version wanted, `3.7` or `3.7.16`; "" lets the service choose.
        user_managed: Use `interpreter` as it is and install nothing.
        interpreter: Path or name of the interpreter for `user_managed`, on the machine of the
            service; clients put the path of the Python that submits in the place of `python`.
        pip: Requirement lines as pip reads them.
        conda: Conda package specifications (names of pip packages where they have the same).
        channels: Conda channels.
        index_url: Package index in place of the default; "" for the default.
        as_of: ISO date; packages newer than it do not exist for the resolver. "" for what the
            service's settings say, `now` for now.
        as_of_from: What implies that date: a framework's version, or the name that a script uses
            (`BY_SCRIPT`), or the workspace that has it (`OF_WORKSPACE`); "" for one that the user
            gave. Where nothing fits the date of a framework or of a script, the newest packages are
            taken, with a warning.
        docker_image: Base image asked for; without a container engine it is noted, not used.
        compatibility: What may take the place of a framework for which no Python can be had:
            `strict` allows nothing, "" what the service's settings allow. In a definition made of
            a lock in compatibility mode it is what that lock says, so that it is in that mode.
    """

    name: str = ""
    version: str = ""
    python: str = ""
    user_managed: bool = False
    interpreter: str = "python"
    pip: List[str] = field(default_factory=list)
    conda: List[str] = field(default_factory=list)
    channels: List[str] = field(default_factory=list)
    index_url: str = ""
    as_of: str = ""
    as_of_from: str = ""
    docker_image: str = ""
    compatibility: str = ""


@dataclass(frozen=True)
class LockRecord:
    """What exactly was installed: interpreter version and pinned requirement lines.

    `notes` says what users should know of how a definition came to this lock, such as why it is
    not for the Python that they expect; they are of the definition and no part of the digest.
    """

    digest: str
    python: str
    requirements: str
    created_at: str = ""
    notes: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class RegisterEnvironment:
    """Register a definition under its name; a changed one becomes the next version.

    `document` is the v1 environment as JSON, kept so that `Environment.get` gives back all of it.
    """

    name: str
    definition: EnvironmentDefinition
    document: str = ""


@dataclass(frozen=True)
class EnvironmentRecord:
    """A registered environment; versions are texts counting from "1"."""

    name: str
    version: str
    definition: EnvironmentDefinition
    document: str = ""
    created_at: str = ""


@dataclass(frozen=True)
class EnvironmentQuery:
    """Which environments to list: the newest version of each, or all versions of `name`."""

    name: Optional[str] = None
    version: Optional[str] = None


@dataclass(frozen=True)
class EnvironmentPage:
    """Registered environments, by name and version."""

    items: List[EnvironmentRecord]


@dataclass(frozen=True)
class LockUse:
    """A lock, what was made of it, and what it is used for in a workspace.

    Args:
        digest: The lock's digest.
        python: The version of its interpreter.
        locked_at: When it was locked.
        name: The environment's name in the newest run that was given it, "" without.
        wanted: The packages that this run asked for.
        own: Whether it is an interpreter of the user's own, in which nothing is installed.
        made_at: When it was made; None while it is not in the cache of the service's machine.
        size: Bytes of its files, of which environments share many; None until they are counted.
        log: Whether there is a log of how it was made.
        runs: How many runs were given it; 1,001 are "more than 1,000".
        used_at: When the newest of these was submitted.
    """

    digest: str
    python: str
    locked_at: str
    name: str = ""
    wanted: List[str] = field(default_factory=list)
    own: bool = False
    made_at: Optional[str] = None
    size: Optional[int] = None
    log: bool = False
    runs: int = 0
    used_at: Optional[str] = None


@dataclass(frozen=True)
class LockQuery:
    """Which locks to list: those that are made or were used, or the one of a digest."""

    digest: Optional[str] = None


@dataclass(frozen=True)
class LockPage:
    """Locks, the last used first."""

    items: List[LockUse]


@dataclass(frozen=True)
class PruneImages:
    """Remove the images that this service has made for containers; with `dry_run` only tell."""

    dry_run: bool = False


@dataclass(frozen=True)
class MadeImage:
    """An image that this service has made.

    Args:
        id: Its id.
        lock: The lock of the environment that it is for; "" for what a Dockerfile has made.
        base: What it was made of: a name, or `a Dockerfile`.
        size: Bytes that its end frees: those that no other image has.
        created_at: When it was made, as the engine tells it.
    """

    id: str
    lock: str
    base: str
    size: int
    created_at: str


@dataclass(frozen=True)
class PrunedImages:
    """Images that were removed, or would be."""

    items: List[MadeImage]


ENVIRONMENTS_REGISTER: Route[EnvironmentRecord] = Route(
    "environments.register",
    "POST",
    IN_WORKSPACE + "/environments",
    EnvironmentRecord,
    "Register an environment.",
    body=RegisterEnvironment,
    creates=True,
    role=CONTRIBUTOR,
)
ENVIRONMENTS_LIST: Route[EnvironmentPage] = Route(
    "environments.list",
    "GET",
    IN_WORKSPACE + "/environments",
    EnvironmentPage,
    "List environments.",
    query=EnvironmentQuery,
    scope=READS,
)
ENVIRONMENTS_LOCK: Route[LockRecord] = Route(
    "environments.lock",
    "GET",
    IN_WORKSPACE + "/environment-locks/{lock}",
    LockRecord,
    "Get what exactly a run was given.",
    scope=READS,
)
ENVIRONMENTS_LOCKS: Route[LockPage] = Route(
    "environments.locks",
    "GET",
    IN_WORKSPACE + "/environment-locks",
    LockPage,
    "List what was made of environments, and how much it is used.",
    query=LockQuery,
    scope=READS,
)
ENVIRONMENTS_BUILD_LOG: Route[Bytes] = Route(
    "environments.build_log",
    "GET",
    IN_WORKSPACE + "/environment-locks/{lock}/log",
    Bytes,
    "Read how an environment was made; takes Range.",
    scope=READS,
)
ENVIRONMENTS_EVICT: Route[Nothing] = Route(
    "environments.evict",
    "DELETE",
    IN_WORKSPACE + "/environment-locks/{lock}",
    Nothing,
    "Delete an environment from the cache; a run that needs it makes it again.",
    audit=ALWAYS,
)
ENVIRONMENTS_PRUNE_IMAGES: Route[PrunedImages] = Route(
    "environments.prune_images",
    "POST",
    IN_WORKSPACE + "/environment-images/prune",
    PrunedImages,
    "Remove images that were made for containers and that no run uses; a run makes them again.",
    body=PruneImages,
    audit=ALWAYS,
)
