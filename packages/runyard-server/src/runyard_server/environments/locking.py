"""The resolver: from requirement lines to exact versions with hashes, by `uv pip compile`."""

import hashlib
import os
import platform
import re
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.protocol.errors import EnvironmentFailed
from runyard_server.environments import tool
from runyard_server.environments.interpreters import Interpreter
from runyard_server.environments.requirements import Request

RESOLVE_SECONDS = 900
# A hash cannot be known beforehand for what is built from a folder or a repository.
_NO_HASHES = re.compile(r"(^-e\s)|(git\+)|(file:)|(^\.{0,2}/)")
_NOISE = re.compile(r"^(warning: .*|\s*)$")


def compile_lock(
    definition: EnvironmentDefinition, request: Request, python: Interpreter, packages: Path
) -> LockRecord:
    """Resolve a request for one Python of this platform.

    Raises:
        EnvironmentFailed: It cannot be resolved; the message has the resolver's reason.
    """
    text = ""
    if request.lines:
        text = _resolve(definition, request, python, packages)
    digest = hashlib.sha256(
        "\n".join([sysconfig.get_platform(), python.version, text]).encode()
    ).hexdigest()
    return LockRecord(digest=digest, python=python.version, requirements=text)


def platform_tag() -> str:
    """Name what a lock depends on beside its lines: system, machine and C library."""
    library, version = platform.libc_ver()
    return f"{sysconfig.get_platform()}-{library}-{version}"


def _resolve(
    definition: EnvironmentDefinition, request: Request, python: Interpreter, packages: Path
) -> str:
    command = [tool.program(), "pip", "compile", "--no-header", "--no-annotate", "--quiet"]
    command += ["--python", python.path, "--emit-index-url", "--emit-find-links"]
    if not any(_NO_HASHES.search(line) for line in request.lines):
        command.append("--generate-hashes")
    if definition.index_url:
        command += ["--default-index", definition.index_url]
    if definition.as_of:
        command += ["--exclude-newer", definition.as_of]
    with tempfile.TemporaryDirectory(prefix="runyard-lock-") as folder:
        source = Path(folder) / "requirements.in"
        source.write_text("\n".join([*request.options, *request.lines]) + "\n", "utf-8")
        try:
            done = subprocess.run(
                [*command, str(source)],
                cwd=folder,
                env=tool.whole(packages, os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=RESOLVE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise EnvironmentFailed(
                f"the requirements were not resolved within {RESOLVE_SECONDS} s; is the package "
                "index reachable from the service?"
            ) from None
    if done.returncode != 0:
        raise EnvironmentFailed(_reason(done.stderr, python))
    return done.stdout


def _reason(stderr: str, python: Interpreter) -> str:
    lines = [line.rstrip() for line in stderr.splitlines() if not _NOISE.match(line)]
    reason = "\n".join(lines) or "the resolver gave no reason"
    return f"the requirements cannot be installed on Python {python.version}:\n{reason}"
