"""The texts of a build context: its Dockerfile, and its requirements.

Dockerfile          built by any machine that has Docker or Podman
requirements.txt    the environment's lock, with hashes
wheels/             wheels that users have added to the workspace
runtime/            the light half of Runyard, which serves
app/                what is served: code, azureml-models/…, .runyard/serving.json
"""

from __future__ import annotations

import json
import re
from typing import Dict, List, NamedTuple, Sequence, Tuple

from runyard.protocol.environments import PRIVATE_WHEELS, WHEEL_SCHEME
from runyard.sdk.exceptions import UserErrorException

DOCKERFILE, REQUIREMENTS = "Dockerfile", "requirements.txt"
WHEELS, RUNTIME, APP = "wheels", "runtime", "app"
# By it a folder is known that may be written anew.
MARK = "# Packed by Runyard"
# v1's containers answered at the first; Kubernetes and others look at the second.
PORTS = (5001, 8080)
ENTRYPOINT = ("python", "-m", "runyard.runtime.model", "--host", "0.0.0.0")  # noqa: S104 - a container's
# v1's containers had the app root there.
APP_ROOT, HOME = "/var/azureml-app", "/opt/runyard"
_USER = "1000:1000"
_WHEEL = re.compile(
    rf"^\S+ @ {WHEEL_SCHEME}://[^/\s]+/(?P<datastore>[^/\s]+)/{PRIVATE_WHEELS}/(?P<file>[^\s/#]+)"
)
# An option with a path or a file's address, and a requirement of one.
_LOCAL = re.compile(
    r"\A(?:(?:-f|--find-links|-i|--index-url|--extra-index-url)[ =](?!https?://)|\S+ @ file:)"
)
_SECRET = re.compile(r"(?<=://)[^/@\s]+@")
_HEALTH = "import urllib.request as u; u.urlopen('http://127.0.0.1:{}/', timeout=5)"


class Wheel(NamedTuple):
    """A wheel of the workspace that the lock names."""

    datastore: str
    file: str

    @property
    def path(self) -> str:
        """Its path on the datastore."""
        return f"{PRIVATE_WHEELS}/{self.file}"


class Requirements(NamedTuple):
    """A lock as pip reads it.

    Args:
        blocks: Options and requirements, each with its hashes.
        wheels: The wheels of the workspace among them, by their place in `blocks`.
    """

    blocks: List[str]
    wheels: Dict[int, Wheel]

    @property
    def installs(self) -> bool:
        """Whether there is anything to install."""
        return any(not each.startswith("-") for each in self.blocks)

    @property
    def hashed(self) -> bool:
        """Whether every requirement has its hashes."""
        return all(each.startswith("-") or "--hash=" in each for each in self.blocks)

    @property
    def of_this_machine(self) -> List[str]:
        """What takes packages from places that another machine does not have."""
        found = [each for place, each in enumerate(self.blocks) if place not in self.wheels]
        return [each.splitlines()[0].rstrip(" \\") for each in found if _LOCAL.search(each)]

    def text(self) -> str:
        """The file."""
        return "".join(f"{each}\n" for each in self.blocks)

    def with_wheels(self, digests: Dict[int, str]) -> Requirements:
        """The same with files below `wheels/` in the place of addresses.

        Args:
            digests: The SHA-256 of each wheel.
        """
        blocks = list(self.blocks)
        for place, wheel in self.wheels.items():
            blocks[place] = f"./{WHEELS}/{wheel.file} --hash=sha256:{digests[place]}"
        return Requirements(blocks, self.wheels)


def requirements(lock: str) -> Requirements:
    """Read a lock; passwords of package indexes are left out, and told by `PIP_INDEX_URL`.

    Args:
        lock: Its lines.
    """
    blocks = [_SECRET.sub("", each.rstrip()) for each in re.split(r"\n(?=[^\s#])", f"\n{lock}")]
    blocks = [_without_remarks(each) for each in blocks]
    blocks = [each for each in blocks if each]
    found = {place: _WHEEL.match(each) for place, each in enumerate(blocks)}
    wheels = {place: Wheel(m["datastore"], m["file"]) for place, m in found.items() if m}
    return Requirements(blocks, wheels)


def _without_remarks(block: str) -> str:
    lines = [line for line in block.strip("\n").split("\n") if not line.lstrip().startswith("#")]
    return "\n".join(lines).rstrip("\\ \n")


def entrypoint() -> List[str]:
    """The container's command line."""
    return [*ENTRYPOINT, *(part for port in PORTS for part in ("--http", str(port)))]


def dockerfile(
    name: str,
    python: str,
    needs: Requirements,
    variables: Dict[str, str],
    steps: Sequence[str] = (),
    asked_image: str = "",
) -> str:
    """Write the Dockerfile.

    Args:
        name: What is served, for people.
        python: The version of its Python.
        needs: What is installed.
        variables: The environment variables of its script.
        steps: Lines of the user's own, once the packages are there.
        asked_image: The base image that the environment asks for.

    Raises:
        UserErrorException: A variable cannot be written down.
    """
    minor = ".".join(python.split(".")[:2])
    lines = [
        f"{MARK}: {name}",
        "#",
        "# On any machine with Docker or Podman, in this folder:",
        "#",
        f"#     docker build -t {name} .",
        f"#     docker run -p {PORTS[1]}:{PORTS[1]} {name}",
        f"#     curl localhost:{PORTS[1]}/",
        "#",
        f"# --build-arg BASE=IMAGE takes another image that has Python {minor} as `python`.",
        *([f"# The environment asks for the image {asked_image}."] if asked_image else []),
        f"ARG BASE=docker.io/library/python:{minor}-slim",
        "FROM ${BASE}",
        "",
        *_installing(needs),
        *([*steps, ""] if steps else []),
        *_serving(variables),
    ]
    return "\n".join(lines) + "\n"


def _installing(needs: Requirements) -> List[str]:
    lines = [f"WORKDIR {HOME}"]
    if needs.installs:
        checked = " --require-hashes" if needs.hashed else ""
        command = f"python -m pip install --no-cache-dir --no-deps{checked} -r {REQUIREMENTS}"
        lines.append(f"COPY {REQUIREMENTS} ./")
        lines += [f"COPY {WHEELS}/ {WHEELS}/"] if needs.wheels else []
        lines.append(f"RUN {command}")
    return [*lines, ""]


def _serving(variables: Dict[str, str]) -> List[str]:
    own = {"PYTHONPATH": f"{HOME}/{RUNTIME}", "PYTHONUNBUFFERED": "1", "HOME": "/tmp"}  # noqa: S108 - a container's
    health = json.dumps(["python", "-c", _HEALTH.format(PORTS[0])])
    return [
        f"COPY {RUNTIME}/ {HOME}/{RUNTIME}/",
        f"RUN python -m compileall -q {HOME}/{RUNTIME}",
        f"COPY --chown={_USER} {APP}/ {APP_ROOT}/",
        f"WORKDIR {APP_ROOT}",
        *(_variable(name, value) for name, value in {**variables, **own}.items()),
        f"USER {_USER}",
        f"EXPOSE {' '.join(map(str, PORTS))}",
        f"HEALTHCHECK --interval=10s --timeout=10s --start-period=600s CMD {health}",
        f"ENTRYPOINT {json.dumps(entrypoint())}",
    ]


def _variable(name: str, value: str) -> str:
    if "\n" in value or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UserErrorException(
            f"the environment variable {name!r} cannot be written into a Dockerfile: its name must "
            "be letters, digits and _, and its value one line"
        )
    quoted = re.sub(r'(["\\$])', r"\\\1", value)
    return f'ENV {name}="{quoted}"'


def image_parts(name: str, label: str) -> Tuple[str, List[str]]:
    """The full name of an image, and what is wrong with it.

    Args:
        name: The image's.
        label: Its label, which Docker calls a tag.
    """
    faults = []
    if not re.fullmatch(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*", name):
        faults.append(
            f"image_name {name!r} must have small letters, digits and single . _ - / between them"
        )
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", label):
        faults.append(f"image_label {label!r} must have letters, digits, _ . and - alone")
    return f"{name}:{label}", faults
