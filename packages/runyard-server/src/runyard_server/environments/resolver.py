"""From inputs to exact versions, by `uv pip compile`, with a hash for each file.

A failure is of one of two kinds: the index does not answer (try again later), or no set of
packages fits (never), and then the resolver's own reason is the message.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runyard.protocol.errors import RunyardError, StorageFull
from runyard_server.environments import dates, frameworks, lines
from runyard_server.environments.failures import EnvironmentFailed, IndexUnreachable
from runyard_server.environments.inputs import Inputs
from runyard_server.environments.interpreters import Interpreter

SECONDS = 600
# Until then a new environment had setuptools in it.
_SETUPTOOLS_UNTIL = (3, 11)
_UNREACHABLE = re.compile(
    r"error sending request|dns error|Connection refused|timed out|tcp connect error|"
    r"Could not resolve host|failed to lookup|status code 5\d\d",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(r"was not found in|there (?:is|are) no versions? of")
_NO_SPACE = ("os error 28", "os error 122")
_SECRET = re.compile(r"(?<=://)[^/@\s]+@")
# Channels of conda have it in their path.
_TOKEN = re.compile(r"(?<=/t/)[^/\s]+")


@dataclass(frozen=True)
class Tool:
    """The resolver's program and the variables it is run with."""

    program: str
    variables: dict[str, str]


def resolve(
    inputs: Inputs,
    python: Interpreter,
    tool: Tool,
    wheels: Sequence[str] = (),
    given: Sequence[str] = (),
) -> str:
    """The lock's lines: options of the definition, then pinned requirements with hashes.

    Args:
        inputs: The definition in normal form.
        python: The interpreter they are for.
        tool: The resolver.
        wheels: Packages that are taken as wheels alone.
        given: Packages among the requirements that are there already, and are left out of the lock.

    Raises:
        EnvironmentFailed: No set of packages fits; the message is the resolver's reason.
        IndexUnreachable: The index does not answer.
        StorageFull: No space is left for what the resolver keeps.
    """
    if not inputs.requirements:
        return ""
    usual = _usual(inputs, python)
    left_out = [part for name in given for part in ("--no-emit-package", name)]
    try:
        wanted = [*inputs.requirements, *usual]
        resolved = _compiled(inputs, wanted, python, tool, wheels, *left_out)
    except EnvironmentFailed:
        if not usual:
            raise
        # An index of a few packages has no pip; that must not stand in the user's way.
        resolved = _compiled(inputs, inputs.requirements, python, tool, wheels, *left_out)
    header = [f"--index-url {inputs.index_url}"] if inputs.index_url else []
    # What is pinned exactly needs no leave to be a pre-release.
    options = [line for line in inputs.options if line != "--pre"]
    compared = _compared(inputs.requirements, resolved.strip())
    return "\n".join([*header, *options, compared]) + "\n"


def has_wheel(inputs: Inputs, requirement: str, python: Interpreter, tool: Tool) -> bool:
    """Whether a version that a requirement allows has a wheel for a Python.

    Args:
        inputs: The definition: its index, options and date.
        requirement: One requirement.
        python: The interpreter; one without a path stands for its version.
        tool: The resolver.

    Raises:
        EnvironmentFailed: There is no such package or version.
        IndexUnreachable: The index does not answer.
    """
    return have_wheels(inputs, [requirement], python, tool)


def have_wheels(
    inputs: Inputs, requirements: Sequence[str], python: Interpreter, tool: Tool
) -> bool:
    """Whether each of some requirements has a wheel for a Python.

    Args:
        inputs: The definition: its index, options and date.
        requirements: The requirements, of one package each.
        python: The interpreter; one without a path stands for its version.
        tool: The resolver.

    Raises:
        EnvironmentFailed: There is no such package or version.
        IndexUnreachable: The index does not answer.
    """
    try:
        _wheels(inputs, requirements, python, tool)
    except EnvironmentFailed as error:
        if _NOT_THERE.search(error.message):
            raise
        return False
    return True


def next_wheel(inputs: Inputs, pin: str, python: Interpreter, tool: Tool) -> str:
    """The requirement of the next version of a package that has a wheel for a Python.

    Args:
        inputs: The definition: its index, options and date.
        pin: The requirement of one version.
        python: The interpreter; one without a path stands for its version.
        tool: The resolver.

    Raises:
        EnvironmentFailed: There is none.
        IndexUnreachable: The index does not answer.
    """
    newer = pin.replace("==", ">=")
    found = _wheels(inputs, [newer], python, tool, "--resolution", "lowest")
    return next(line.split()[0] for line in found.splitlines() if "==" in line)


def _wheels(
    inputs: Inputs, requirements: Sequence[str], python: Interpreter, tool: Tool, *options: str
) -> str:
    alone = replace(inputs, requirements=tuple(requirements))
    names = [lines.package(each) for each in requirements]
    return _compiled(alone, requirements, python, tool, names, "--no-deps", *options)


def hidden(text: str) -> str:
    """A text without the user names, passwords and tokens in its URLs."""
    return _TOKEN.sub("***", _SECRET.sub("***@", text))


def _compared(requirements: Iterable[str], resolved: str) -> str:
    """Keep of the index's hashes those that the user gave: the resolver compares none.

    Raises:
        EnvironmentFailed: The index has none of them.
    """
    asked: dict[str, frozenset[str]] = {}
    for each in requirements:
        if "--hash" in each:
            # One package may stand there in versions for several Pythons, each with its files.
            name = lines.package(each)
            asked[name] = asked.get(name, frozenset()) | lines.hashes(each)
    return "\n".join(
        _with_hashes(pin, asked[name]) if (name := lines.package(pin)) in asked else pin
        for pin in re.split(r"\n(?=\S)", resolved)
    )


def _with_hashes(pin: str, asked: frozenset[str]) -> str:
    head, *found = [line.strip(" \\") for line in pin.splitlines()]
    kept = [line for line in found if line.removeprefix("--hash=") in asked]
    if not kept:
        raise EnvironmentFailed(
            f"{head} has other files on the package index than those whose hashes the requirements "
            "name: take the hashes of that version, or ask who runs the index"
        )
    return " \\\n    ".join([head, *kept])


def _usual(inputs: Inputs, python: Interpreter) -> list[str]:
    """What every environment of that Python has, and packages of its time count on."""
    named = {lines.package(each) for each in inputs.requirements}
    usual = ["pip", "setuptools"] if python.minor <= _SETUPTOOLS_UNTIL else ["pip"]
    return [each for each in usual if each not in named]


def _compiled(
    inputs: Inputs,
    requirements: Iterable[str],
    python: Interpreter,
    tool: Tool,
    wheels: Sequence[str],
    *options: str,
) -> str:
    with tempfile.TemporaryDirectory(prefix="runyard-lock-") as name:
        folder = Path(name)
        wanted = "\n".join([*inputs.options, *requirements])
        (folder / "requirements.in").write_text(wanted + "\n", "utf-8")
        bounds = "\n".join([*inputs.bounds, *frameworks.constraints(inputs.requirements)])
        (folder / "constraints.txt").write_text(bounds + "\n", "utf-8")
        changed = frameworks.overrides(inputs.requirements)
        (folder / "overrides.txt").write_text("\n".join(changed) + "\n", "utf-8")
        options = (*options, *(["--override", "overrides.txt"] if changed else []))
        chosen = [part for name in wheels for part in ("--only-binary", name)]
        return _run([*_command(inputs, python, tool), *chosen, *options], folder, tool)


def _command(inputs: Inputs, python: Interpreter, tool: Tool) -> list[str]:
    command = [tool.program, "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    # The version is named too: one that may be fetched has no path yet.
    command += ["--python", python.path or sys.executable, "--python-version", python.dotted]
    command += ["--generate-hashes", "--constraints", "constraints.txt"]
    # What is on the command line takes the place of the variable, which the installer heeds, too.
    for given in tool.variables.get("UV_CONSTRAINT", "").split():
        command += ["--constraints", given]
    if inputs.index_url:
        command += ["--default-index", inputs.index_url]
    if not inputs.bounds:
        command += dates.options(inputs.as_of, inputs.requirements)
    return [*command, "requirements.in"]


def _run(command: list[str], folder: Path, tool: Tool) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=tool.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise IndexUnreachable(
            f"the packages were not resolved within {SECONDS} s; try again"
        ) from None
    said = hidden(done.stderr.decode("utf-8", "replace"))
    if done.returncode:
        raise _failure(said)
    return done.stdout.decode("utf-8", "replace")


def _failure(said: str) -> RunyardError:
    """The resolver's reason, from its word `error` on."""
    start = said.find("error:")
    reason = said[start + len("error:") if start >= 0 else 0 :].strip()
    reason = re.sub(r"\n\s+(cause|hint):", r"\n\1:", reason)
    if any(sign in reason for sign in _NO_SPACE):
        return StorageFull(f"no space is left for the packages to be resolved: {reason}")
    if _UNREACHABLE.search(reason):
        return IndexUnreachable(
            "the package index or another source of packages does not answer; check the network "
            f"and the index (PIP_INDEX_URL or UV_DEFAULT_INDEX), then submit again: {reason}"
        )
    return EnvironmentFailed(f"the requirements cannot be resolved: {reason}")
