"""A real Podman with a store of its own, base images of this machine's files, and a registry.

    with PodmanEngine(folder) as engine:
        engine.variables            # for services whose jobs shall use it
        engine.make_base("base:1")
        with engine.registry() as address: ...

Nothing is fetched: an image is the closure of some programs of this machine. Nothing of the
machine's own store or settings is used, and nothing is left there.
"""

import io
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from runyard_server.testing import programs

_SECONDS = 20.0
_FETCHING_SECONDS = 600.0
_PROGRAMS = ("sh", "cat", "sleep", "id", "env")
# Limits below those of this process: Podman's own are above what some machines let root have.
_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=8192:8192"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/tmp"
lock_type = "file"
"""
_STORAGE = """\
[storage]
driver = "{driver}"
graphroot = "{folder}/store"
runroot = "{folder}/run"
"""
_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'
_REGISTRY = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
log: {{level: error, accesslog: {{disabled: true}}}}
{auth}
"""


class PodmanEngine:
    """An engine; leave it, or call `close`, to end it with all its containers.

    Args:
        folder: Where its files are; removed with it.
        driver: How it keeps images: `overlay`, or `vfs` where the file system takes no other.
    """

    def __init__(self, folder: Path, driver: str = "overlay") -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "containers.conf").write_text(_CONTAINERS.format(folder=folder), "utf-8")
        (folder / "storage.conf").write_text(_STORAGE.format(driver=driver, folder=folder), "utf-8")
        (folder / "policy.json").write_text(_POLICY, "utf-8")
        self.variables = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, *words: str, given: bytes | None = None) -> str:
        """Run podman; give what it prints.

        Args:
            *words: Its command line.
            given: What it reads.
        """
        done = subprocess.run(
            ["podman", *words],
            input=given,
            env={**os.environ, **self.variables},
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"podman {' '.join(words)}: {done.stderr.decode()}")
        return done.stdout.decode().strip()

    def make_base(self, name: str, more: Iterable[str] = ()) -> str:
        """Make an image of a shell, some programs, and the libraries that Pythons need; its id."""
        found = self.ask("import", "--quiet", "-", name, given=_files(more))
        return found.rpartition(":")[2]

    def make_debian(self, name: str) -> str:
        """Make an image of a Debian as this machine's, with its Python, from a mirror; its id."""
        place = self._folder / "debian"
        release = platform.freedesktop_os_release()["VERSION_CODENAME"]
        words = ["--variant=minbase", "--include=python3", release, str(place)]
        programs.run("debootstrap", *words, seconds=_FETCHING_SECONDS)
        done = subprocess.run(["tar", "-C", str(place), "-c", "."], capture_output=True, check=True)
        return self.ask("import", "--quiet", "-", name, given=done.stdout).rpartition(":")[2]

    def containers(self) -> list[str]:
        """The names of all containers, those that have ended too."""
        return self.ask("ps", "--all", "--format", "{{.Names}}").split()

    @contextmanager
    def registry(self, accounts: str = "") -> Iterator[str]:
        """A registry on loopback; gives `host:port`.

        Args:
            accounts: A file of accounts as htpasswd writes it; "" lets everybody in.
        """
        port, folder = programs.free_port(), self._folder / "registry"
        auth = f"auth: {{htpasswd: {{realm: r, path: {accounts}}}}}" if accounts else ""
        settings = self._folder / f"registry-{port}.yml"
        settings.write_text(_REGISTRY.format(folder=folder, port=port, auth=auth), "utf-8")
        with (self._folder / "registry.log").open("ab") as log:
            process = subprocess.Popen(
                ["docker-registry", "serve", str(settings)], stdout=log, stderr=log
            )
        try:
            _await(("127.0.0.1", port), process)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()

    def close(self) -> None:
        """Remove all containers and images, and what is mounted for them."""
        self.ask("rm", "--all", "--force")
        self.ask("rmi", "--all", "--force")
        # A store that is open has its own folder mounted over itself.
        for place in ("store/overlay", "store"):
            subprocess.run(
                ["umount", "--lazy", str(self._folder / place)], capture_output=True, check=False
            )
        shutil.rmtree(self._folder, ignore_errors=True)


def _await(address: tuple[str, int], process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(address, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the registry does not answer at {address}")


def _files(more: Iterable[str]) -> bytes:
    """A tar of programs of this machine with all that they load, at the paths where that is."""
    programs_here = [shutil.which(name) for name in (*_PROGRAMS, *more)]
    roots = [Path(name) for name in programs_here if name]
    extensions = Path(sys.base_prefix).glob("lib/python3*/lib-dynload/*.so")
    wanted = {path.resolve() for path in roots}
    loading = [*roots, Path(sys.base_prefix, "bin/python3"), *extensions]
    wanted |= {each for each in _libraries(loading) if not each.is_relative_to(sys.base_prefix)}
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        # First of all: what comes behind a link is put where that leads.
        for name in ("bin", "sbin", "lib", "lib64"):
            if Path("/", name).is_symlink():
                tar.add(f"/{name}", name, recursive=False)
        for name in ("tmp", "etc", "root", "run", "var/tmp", "proc", "sys", "dev"):
            tar.addfile(_folder(name))
        for path in sorted(wanted):
            real = path.resolve()
            tar.add(real, str(real).lstrip("/"))
            if path != real:
                tar.add(path, str(path).lstrip("/"), recursive=False)
        for path in roots:
            # `sh` is a link to the shell that there is.
            if path.is_symlink():
                tar.add(path, str(path.parent.resolve() / path.name).lstrip("/"), recursive=False)
    return output.getvalue()


def _libraries(files: Iterable[Path]) -> set[Path]:
    done = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False)
    named = re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout)
    # By the name under which it is looked for, in the folder that it lies in.
    return {Path(each).parent.resolve() / Path(each).name for each in named}


def _folder(name: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mode = tarfile.DIRTYPE, 0o1777 if name.endswith("tmp") else 0o755
    return made
