"""What is asked of rattler, as a program of its own: `solve` and `install`.

    solve    {"channels", "specs", "as_of", "gpu", "cache"} on stdin -> {"packages", "system"}
    install  a lock, a folder and the cache as arguments; the build log on stdout

It is a process because the list of a large channel takes hundreds of megabytes, which a service
would keep, and because a build that is canceled ends with it. Nothing imports it: it is run by
its path, and needs rattler alone.

    <cache>/lists      what channels have, as they said last
    <cache>/pkgs       packages, unpacked; environments are linked from there
    <cache>/index      what a package says of itself, by its file's hash: locks have addresses alone
"""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any
from urllib.parse import unquote

try:
    import rattler
    from rattler.exceptions import GatewayError, InstallerError, SolverError
    from rattler.networking.client import Client
    from rattler.package_cache import PackageCache, ValidationMode
    from rattler.package_streaming import download_to_path
    from rattler.repo_data.gateway import SourceConfig
except ImportError as error:
    # The service has seen it by PYTHONPATH, which this program goes without.
    sys.exit(
        f"py-rattler cannot be loaded ({error}); install it beside the service, so that no "
        f"PYTHONPATH is needed: {sys.executable} -m pip install 'runyard-server[conda]'"
    )

FAILED, DISK_FULL, UNREACHABLE = 1, 28, 75
PREFIX = "# conda "
CUDA = "__cuda"
# Read by the agent (`runyard.runtime.variables`).
ACTIVATION = Path("conda-meta", "activation")
_ENTRY = re.compile(r"(?P<address>\S+/(?P<file>[^/\s#]+))#sha256:(?P<sha256>[0-9a-f]{64})")
_PLATFORMS = (rattler.Subdir.current(), rattler.Subdir("noarch"))
_NETWORK = re.compile(
    r"error sending request|dns error|failed to lookup|Connection refused|timed out|tcp connect|"
    r"\b50[0-9]\b",
    re.IGNORECASE,
)
_NO_ACCOUNT = re.compile(r"\b40[13]\b|Unauthorized|Forbidden")
_SECRET = re.compile(r"(?<=://)[^/@\s]+@|(?<=/)t/[^/\s]+/")
_FILE = "file://"
_SHOWN = 8
_OF_SHELLS = ("PWD", "OLDPWD", "SHLVL", "_", "PS1")
_ACTIVATION_SECONDS = 60
# Nothing takes so long to unpack.
_LEFT_SECONDS = 24 * 3600.0


class Refused(Exception):
    """What cannot be had; its text is for people.

    Args:
        text: Why.
        status: The exit status that tells the kind.
    """

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


async def solve(asked: dict[str, Any]) -> dict[str, Any]:
    """Find the packages that fit together.

    Args:
        asked: What stands on stdin.

    Raises:
        Refused: Nothing fits, or a channel cannot be read.
    """
    begun = time.monotonic()
    cache = Path(asked["cache"])
    overrides = rattler.VirtualPackageOverrides.from_env()
    found = [each.into_generic() for each in rattler.VirtualPackage.detect(overrides)]
    # A driver of the service's machine is none of nodes without GPUs.
    system = [each for each in found if asked["gpu"] or each.name.normalized != CUDA]
    notes: list[str] = []
    try:
        records = await _records(asked, system, _gateway(cache))
    except GatewayError as error:
        gone = f"the conda channels {', '.join(asked['channels'])} cannot be read: {error}"
        try:
            records = await _records(asked, system, _gateway(cache, offline=True))
        except (GatewayError, Refused):
            raise Refused(gone, _kind(str(error))) from error
        notes.append(f"{gone}; what they had when they were read last is used")
    for record in records:
        _keep_index(cache, record)
    return {
        "platform": str(_PLATFORMS[0]),
        "system": [f"{each.name.normalized}={each.version}" for each in system],
        "packages": [{"address": each.url, "sha256": _hex(each.sha256)} for each in records],
        "notes": notes,
        "seconds": time.monotonic() - begun,
    }


async def _records(asked: dict[str, Any], system: list[Any], gateway: Any) -> list[Any]:
    specs = [rattler.MatchSpec(spec, strict=False) for spec in asked["specs"]]
    day = asked["as_of"]
    try:
        return await rattler.solve(
            sources=asked["channels"],
            specs=specs,
            gateway=gateway,
            virtual_packages=system,
            exclude_newer=datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None,
            # Old channels have packages without one, and these are the older ones.
            timestamp_policy="allow-missing",
        )
    except SolverError as error:
        raise Refused(await _why_not(asked, specs, gateway, str(error))) from error


async def _why_not(asked: dict[str, Any], specs: Sequence[Any], gateway: Any, reason: str) -> str:
    """What does not fit, with what the channels have of each package that was asked for."""
    told = []
    for text, spec in zip(asked["specs"], specs, strict=True):
        name = spec.name.normalized
        found = await gateway.query(asked["channels"], _PLATFORMS, [name], recursive=False)
        records = [record for records in found for record in records]
        if not records:
            told.append(f"{name} is in none of the channels")
        elif not any(spec.matches(record) for record in records):
            versions = sorted({record.version for record in records})[-_SHOWN:]
            told.append(f"{text} is asked for, and there is {name} {', '.join(map(str, versions))}")
    text = "; ".join(told) or "the packages do not fit together"
    channels = ", ".join(asked["channels"])
    return f"nothing fits from the conda channels {channels}: {text}\n{reason}"


async def install(lines: Sequence[str], folder: Path, cache: Path) -> None:
    """Install the conda packages of a lock.

    Args:
        lines: The lock's lines of conda packages.
        folder: The environment's folder.
        cache: Where packages are kept.

    Raises:
        Refused: A file cannot be fetched, or is not what was locked.
    """
    _clear(cache)
    with tempfile.TemporaryDirectory(dir=_made(cache), prefix="fetched-") as fetched:
        records = [await _record(line, cache, Path(fetched)) for line in lines]
        # A package that was half unpacked when its process was killed is found out by its files.
        packages = PackageCache.new_layered(
            [_made(cache / "pkgs")], validation_mode=ValidationMode.fast()
        )
        # It has those of the reporter's methods that matter here.
        progress: Any = Progress(records)
        try:
            await rattler.install(
                records,
                target_prefix=folder,
                package_cache=packages,
                # What packages want to run is not run by the service.
                execute_link_scripts=False,
                reporter=progress,
            )
        except InstallerError as error:
            raise Refused(_why_not_fetched(str(error)), _kind(str(error))) from error


class Progress:
    """A line of the build log for each package that is there.

    Args:
        records: What is to be there.
    """

    def __init__(self, records: Sequence[Any]) -> None:
        self._versions = {each.name.normalized: str(each.version) for each in records}
        self._done = 0
        self._names: list[str] = []

    def on_link_start(self, operation: int, package_name: str) -> int:
        """Remember the package; the number given is what `on_link_complete` gets."""
        del operation
        self._names.append(package_name)
        return len(self._names) - 1

    def on_link_complete(self, index: int) -> None:
        """Write a line of the build log."""
        self._done += 1
        name = self._names[index]
        told = f"linked {name} {self._versions.get(name, '')}"
        sys.stdout.write(f"{told} ({self._done} of {len(self._versions)})\n")
        sys.stdout.flush()


async def _record(line: str, cache: Path, fetched: Path) -> Any:
    """A line of a lock as rattler has it, with what the package says of itself."""
    entry = _ENTRY.fullmatch(line.removeprefix(PREFIX))
    if entry is None:
        raise Refused(f"{line!r} is no line of a lock: address and SHA-256 are expected")
    address, file, digest = entry["address"], entry["file"], entry["sha256"]
    local = Path(unquote(address.removeprefix(_FILE))) if address.startswith(_FILE) else None
    if local is not None:
        # rattler compares the hashes of what it fetches over a network, and not of these.
        _compare(local, address, digest)
    index = cache / "index" / f"{digest}.json"
    if index.exists():
        package = rattler.PackageRecord.from_index_json(index, sha256=digest)
        return rattler.RepoDataRecord(package, file, address, address.rpartition("/")[0])
    # Locked elsewhere, or long ago: only the file itself tells what it needs.
    path = local or fetched / file
    if local is None:
        await download_to_path(Client.authenticated_client(), address, path)
        _compare(path, address, digest)
    return await rattler.RepoDataRecord.from_package_archive(path)


def _why_not_fetched(reason: str) -> str:
    """A failure of an installation; a lock has no password, and here none may be kept for it."""
    if not _NO_ACCOUNT.search(reason):
        return reason
    return (
        f"{reason}\nThe channel asks who you are: submit the environment with the channel's "
        "password in its address again, or name it in [conda_mirrors] of config.toml"
    )


def _compare(path: Path, address: str, digest: str) -> None:
    with path.open("rb") as stream:
        found = file_digest(stream, "sha256").hexdigest()
    if found != digest:
        raise Refused(f"{address} has the SHA-256 {found}, and {digest} was locked")


def _keep_index(cache: Path, record: Any) -> None:
    digest = _hex(record.sha256)
    path = _made(cache / "index") / f"{digest}.json"
    if digest and not path.exists():
        draft = path.with_suffix(f".{time.monotonic_ns()}")
        draft.write_text(record.to_json(), "utf-8")
        draft.replace(path)


def _keep_activation(folder: Path) -> None:
    """Keep what activating the environment would set: where libraries find their data.

    Jobs are started without a shell, and the scripts say the same each time.
    """
    variables: dict[str, str] = {}
    for path in sorted(folder.glob("etc/conda/env_vars.d/*.json")):
        variables |= {name: str(value) for name, value in json.loads(path.read_text()).items()}
    scripts = sorted(folder.glob("etc/conda/activate.d/*.sh"))
    if scripts:
        before = {"PATH": f"{folder}/bin:{os.defpath}", "CONDA_PREFIX": str(folder)}
        text = "".join(f". {shlex.quote(str(script))} >&2; " for script in scripts)
        done = subprocess.run(
            [shutil.which("bash") or "sh", "-c", f"{text}env -0"],
            env={**before, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ACTIVATION_SECONDS,
            check=True,
        )
        pairs = (each.partition("=") for each in done.stdout.decode().split("\0") if each)
        known = (*before, *_OF_SHELLS)
        variables |= {name: value for name, _, value in pairs if name not in known}
    if variables:
        (folder / ACTIVATION).write_text(json.dumps(variables), "utf-8")


def _hide_passwords(lock: Path, folder: Path) -> None:
    """Take the passwords of mirrors out of what lies in an environment, for its jobs see that."""
    for path in folder.glob("conda-meta/*.json"):
        text = path.read_text("utf-8")
        if _hidden(text) != text:
            path.write_text(_hidden(text), "utf-8")
    lines = lock.read_text("utf-8").split("\n")
    shown = [_hidden(line) if line.startswith(PREFIX) else line for line in lines]
    lock.write_text("\n".join(shown), "utf-8")


def _hidden(text: str) -> str:
    return _SECRET.sub("", text)


def _gateway(cache: Path, *, offline: bool = False) -> Any:
    how = SourceConfig(cache_action="force-cache-only" if offline else "cache-or-fetch")
    return rattler.Gateway(cache_dir=_made(cache / "lists"), default_config=how)


def _kind(text: str) -> int:
    """The exit status for a failure of rattler's."""
    if "No space left" in text or "quota exceeded" in text:
        return DISK_FULL
    return UNREACHABLE if _NETWORK.search(text) else FAILED


def _clear(folder: Path) -> None:
    """Remove what processes that were killed have left of packages they were unpacking."""
    for path in (*folder.glob("fetched-*"), *folder.glob("pkgs/.*")):
        # Another process may be at work here, whose own drafts go away meanwhile.
        with suppress(FileNotFoundError):
            if time.time() - path.lstat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _hex(digest: bytes | None) -> str:
    return digest.hex() if digest else ""


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(words: list[str]) -> int:
    """Do what is asked; a reason goes to stderr, or into the build log."""
    try:
        if words[0] == "solve":
            answer = asyncio.run(solve(json.loads(sys.stdin.read())))
            sys.stdout.write(json.dumps(answer))
        else:
            lock, folder, cache = map(Path, words[1:])
            lines = lock.read_text("utf-8").splitlines()
            wanted = [line for line in lines if line.startswith(PREFIX)]
            asyncio.run(install(wanted, folder, cache))
            _keep_activation(folder)
            _hide_passwords(lock, folder)
    except Refused as refused:
        sys.stderr.write(f"{_hidden(str(refused))}\n")
        return refused.status
    except Exception as error:  # noqa: BLE001 - rattler has thirty kinds, each with its reason
        sys.stderr.write(f"{_hidden(str(error))}\n")
        return _kind(str(error))
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # rattler's threads outlive its last answer, and one end of the interpreter in ten met one of
    # them and crashed, with all work done.
    os._exit(status)
