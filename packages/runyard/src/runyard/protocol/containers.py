"""Containers: what a run asks for, and what the agent of a node that has an engine is told.

A run in a container has the environment of its lock, as any other: it is mounted beside the image,
and so are the run's folder and its data, each at its own path.
"""

from dataclasses import field
from typing import List

from runyard.protocol.records import dataclass

# Patterns are texts here: clients and agents, which load this for its records, check nothing.
# An image as a registry takes it: host and port, path, tag, digest.
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
IMAGE_NAME = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/)?"
    rf"{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)
MEMORY_SIZE = r"[1-9]\d*(?:\.\d+)?[kmgKMG]?i?[bB]?"
PASSWORDS = "container-registry-"
# Properties of a run that was in a container: its image's name, and the digest that this had then.
IMAGE_PROPERTY, DIGEST_PROPERTY = "runyard.container.image", "runyard.container.digest"
# The argument of builds, which Podman keeps with the container in which a build works: by it those
# are found whose agent is dead. A JSON object of `home`, `pid` and `moment` (`procfs`).
BUILDER = "RUNYARD_BUILDER"


@dataclass(frozen=True)
class ContainerRequest:
    """That the processes of a run shall be in a container, where the service has an engine.

    Args:
        image: The base image; "" for the one that the service's settings name.
        dockerfile: The text of a Dockerfile in place of an image.
        registry: The registry of the image, where its name does not have it.
        username: Who fetches the image; "" for anybody.
        password_in: The secret of the workspace that has the password.
        arguments: What users give the engine; only some of its options are taken.
        shared_memory: Size of `/dev/shm`, as `2g`; "" for the engine's own.
        gpus: Whether it shall see the GPUs of its node.
        interpreter: The Python of the image, where the user looks after that.
    """

    image: str = ""
    dockerfile: str = ""
    registry: str = ""
    username: str = ""
    password_in: str = ""
    arguments: List[str] = field(default_factory=list)
    shared_memory: str = ""
    gpus: bool = False
    interpreter: str = ""


@dataclass(frozen=True)
class JobContainer:
    """How an agent makes the containers of a job.

    Args:
        engine: The engine's program: `podman`, `docker`, or a path.
        home: The state folder of the service, which containers are labelled with.
        image: The base image; "" where there is a Dockerfile.
        dockerfile: The text of a Dockerfile.
        username: Who fetches the image; "" for anybody.
        password_in: The secret of the workspace that has the password.
        options: Checked options of the engine.
        memory: The most memory of a container, as `2g`; "" for no limit.
        shared_memory: Size of `/dev/shm`; "" for the engine's own.
        network: `host`, `none` or `bridge`.
        gpus: Whether it shall see the GPUs.
        interpreter: The Python of the image, where the user looks after that.
    """

    engine: str
    home: str
    image: str = ""
    dockerfile: str = ""
    username: str = ""
    password_in: str = ""
    options: List[str] = field(default_factory=list)
    memory: str = ""
    shared_memory: str = ""
    network: str = "host"
    gpus: bool = False
    interpreter: str = ""


def by_digest(image: str, digest: str) -> str:
    """The name of an image with its digest in the place of its tag; "" where one is not known.

    Args:
        image: The image's name.
        digest: Its digest, as `sha256:…`.
    """
    path, slash, last = image.partition("@")[0].rpartition("/")
    # A colon before the last slash is that of a port.
    name = path + slash + last.partition(":")[0]
    return f"{name}@{digest}" if last and digest.startswith("sha256:") else ""


def full_name(image: str, registry: str = "") -> str:
    """The name of an image with its registry, as an engine fetches it.

    Args:
        image: The image's name.
        registry: The registry, where the name may lack it; "" for Docker's.
    """
    host, slash, _ = image.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return image
    if registry:
        return f"{registry}/{image}"
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"
