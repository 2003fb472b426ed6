"""The image of a job's containers: fetched or built where it is missing, labelled with the lock.

    base       the image of the environment, by its name or digest, or what its Dockerfile makes
    labelled   the base with the labels `runyard.lock`, `runyard.base`: a layer without files, made
               once for each base and lock, so that images tell what they were used for

What is built has the label `runyard.home` too, and names of this state folder alone: a service
prunes what it has made itself, and never what another one on the machine is about to use.

An environment's packages are not copied into an image: they are mounted from where they are, which
costs nothing, and one copy serves all images. A base whose name is here is not fetched again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Tuple

from runyard.protocol import procfs
from runyard.protocol.containers import BUILDER, full_name
from runyard.protocol.errors import RunyardError
from runyard.protocol.timeouts import SERVICE_AWAY_SECONDS
from runyard.runtime.job import JobError
from runyard.runtime.service import patiently

if TYPE_CHECKING:
    from runyard.runtime.engine import Engine
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService
    from runyard.runtime.sharing import Canceling

LOCK_LABEL, BASE_LABEL, HOME_LABEL = "runyard.lock", "runyard.base", "runyard.home"
NAME, BASE_NAME = "localhost/runyard-environment", "localhost/runyard-base"
# Part of the name of what is made, so that another way to make it makes it anew.
RECIPE = "1"
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?/")
_DOCKER_HUB = ("https://index.docker.io/v1/", "docker.io")


class Image:
    """An image as a container of it needs it.

    Args:
        id: Its id.
        name: What users know it by.
        digest: The digest of its base in the registry that it came from, or its base's id.
        variables: What it sets for its processes.
    """

    def __init__(self, id: str, name: str, digest: str, variables: Dict[str, str]) -> None:  # noqa: A002 - what an engine calls it
        self.id = id
        self.name = name
        self.digest = digest
        self.variables = variables


class Images:
    """Makes the image of a job.

    Args:
        job: The job.
        folder: Its run folder.
        engine: The engine.
        service: Gives the service, which has the password of a registry.
    """

    def __init__(
        self, job: Job, folder: RunFolder, engine: Engine, service: Callable[[], JobService]
    ) -> None:
        assert job.container is not None
        self._told = job.container
        self._lock = str(job.environment.get("lock") or "")
        self._engine = engine
        self._service = service
        self._drafts = folder.path("container")

    def make(self, log: int, canceled: Canceling) -> Image:
        """Find the job's image, or fetch and build what is missing.

        Args:
            log: The descriptor that takes what the engine prints.
            canceled: Says whether to give up.

        Raises:
            JobError: The image is not to be had; the message is the engine's reason.
            Canceled: Given up.
        """
        os.makedirs(self._drafts, mode=0o700, exist_ok=True)
        try:
            name, base = self._base(log, canceled)
            try:
                made = self._labelled(name, base, log, canceled)
            except JobError:
                if self._inspect(_id(base)) is not None:
                    raise
                # Somebody has pruned the engine's images between the two steps.
                name, base = self._base(log, canceled)
                made = self._labelled(name, base, log, canceled)
        finally:
            # There may be a password in it.
            shutil.rmtree(self._drafts, ignore_errors=True)
        return Image(_id(made), name, _digest(name, base), _variables(made))

    def _base(self, log: int, canceled: Canceling) -> Tuple[str, Dict[str, Any]]:
        if self._told["dockerfile"]:
            return "a Dockerfile", self._built(log, canceled)
        name = str(self._told["image"])
        return name, self._fetched(name, log, canceled)

    def _fetched(self, name: str, log: int, canceled: Canceling) -> Dict[str, Any]:
        whole = full_name(name)
        found = self._inspect(whole) or self._inspect(name)
        # One that came from no registry has its id where others have the registry's digest.
        own_id = name.partition("@sha256:")[2]
        found = found or (self._inspect(own_id) if own_id else None)
        if found is None:
            self._engine.work(
                [*self._account(whole), "pull", *self._safety(whole), whole], log, canceled
            )
            found = self._inspect(whole)
        if found is None:
            raise JobError(f"{self._engine.program} has fetched '{whole}' and does not have it")
        return found

    def _built(self, log: int, canceled: Canceling) -> Dict[str, Any]:
        text = str(self._told["dockerfile"])
        tag = self._own_name(BASE_NAME, text)
        labels = [f"{BASE_LABEL}=a Dockerfile"]
        return self._inspect(tag) or self._build(text, tag, labels, log, canceled)

    def _labelled(
        self, name: str, base: Dict[str, Any], log: int, canceled: Canceling
    ) -> Dict[str, Any]:
        tag = self._own_name(NAME, _id(base), self._lock)
        found = self._inspect(tag)
        if found is not None:
            return found
        # By a name of ours: of an id BuildKit would think that it is a registry's.
        of = self._own_name(BASE_NAME, _id(base))
        self._engine.ask("tag", _id(base), of)
        labels = [f"{LOCK_LABEL}={self._lock}", f"{BASE_LABEL}={name}"]
        return self._build(f"FROM {of}\n", tag, labels, log, canceled)

    def _build(
        self, text: str, tag: str, labels: List[str], log: int, canceled: Canceling
    ) -> Dict[str, Any]:
        context = os.path.join(self._drafts, "context")
        os.makedirs(context, exist_ok=True)
        with open(os.path.join(context, "Dockerfile"), "w", encoding="utf-8") as stream:
            stream.write(text)
        own = [*labels, f"{HOME_LABEL}={self._told['home']}"]
        label = [word for each in own for word in ("--label", each)]
        base = next(_bases(text), "")
        # The host's network, as containers have: what builds fetch comes by the way that works.
        words = ["build", "--network", "host", *self._safety(base), *label, *self._builder()]
        words += ["--tag", tag, context]
        self._engine.work([*self._account(base), *words], log, canceled)
        found = self._inspect(tag)
        if found is None:
            raise JobError(f"{self._engine.program} has built '{tag}' and does not have it")
        return found

    def _builder(self) -> List[str]:
        """The argument that tells who builds: a killed Podman leaves the container it worked in."""
        if not self._engine.is_podman:
            return []
        moment = procfs.moment(procfs.stat("self"), procfs.boot())
        told = {"home": self._told["home"], "pid": os.getpid(), "moment": moment}
        return ["--build-arg", f"{BUILDER}={json.dumps(told)}"]

    def _own_name(self, name: str, *parts: str) -> str:
        """A name of this state folder's alone, for what is made of some parts."""
        text = "\0".join((RECIPE, str(self._told["home"]), *parts))
        return f"{name}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def _inspect(self, name: str) -> Optional[Dict[str, Any]]:
        return self._engine.found("image", "inspect", name)

    def _safety(self, image: str) -> List[str]:
        """How a registry on loopback is spoken to: as Docker does, without a certificate."""
        podman = self._engine.is_podman
        found = ["--tls-verify=false"] if podman and _LOOPBACK.match(image) else []
        return found + (["--authfile", self._accounts_file] if podman and self._has_account else [])

    def _account(self, image: str) -> List[str]:
        """Options by which the engine finds the account of a registry."""
        if not self._has_account:
            return []
        host = image.partition("/")[0]
        password = self._password()
        word = base64.b64encode(f"{self._told['username']}:{password}".encode()).decode()
        hosts = _DOCKER_HUB if host == "docker.io" else (host,)
        file = self._accounts_file
        # For the owner alone from its first moment on, and gone with the folder.
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump({"auths": {each: {"auth": word} for each in hosts}}, stream)
        return [] if self._engine.is_podman else ["--config", self._drafts]

    def _password(self) -> str:
        service, name = self._service(), str(self._told["password_in"])
        try:
            return patiently(lambda: service.read_secret(name), SERVICE_AWAY_SECONDS)
        except RunyardError as error:
            raise JobError(f"the password of the image's registry: {error.message}") from error

    @property
    def _has_account(self) -> bool:
        return bool(self._told["password_in"])

    @property
    def _accounts_file(self) -> str:
        return os.path.join(self._drafts, "config.json")


def _bases(text: str) -> Iterator[str]:
    """The images that a Dockerfile begins from."""
    for line in text.splitlines():
        words = [word for word in line.split() if not word.startswith("--")]
        if len(words) > 1 and words[0].upper() == "FROM":
            yield words[1]


def _id(image: Dict[str, Any]) -> str:
    """The id of an image, without the name of its hash, which Podman leaves out."""
    return str(image["Id"]).partition(":")[2] or str(image["Id"])


def _digest(name: str, image: Dict[str, Any]) -> str:
    """The digest under which a registry has an image; of one that came from none its id.

    Args:
        name: The name by which it was asked for.
        image: What the engine tells of it.
    """
    if "@" in name:
        return name.partition("@")[2]
    told = [str(each).partition("@") for each in image.get("RepoDigests") or []]
    # Podman tells digests of local names too, which no registry knows.
    found = [digest for of, _, digest in told if digest and not of.startswith("localhost/")]
    # Of several, which lead to the same layers, Podman tells the one that is meant.
    meant = str(image.get("Digest") or "")
    return meant if meant in found else next(iter(found), f"sha256:{_id(image)}")


def _variables(image: Dict[str, Any]) -> Dict[str, str]:
    found = {}
    for each in (image.get("Config") or {}).get("Env") or []:
        with suppress(ValueError):
            name, value = str(each).split("=", 1)
            found[name] = value
    return found
