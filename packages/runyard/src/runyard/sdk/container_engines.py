"""The container engine of this machine, Docker or Podman, where there is one that answers."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Callable, List

from runyard.sdk.exceptions import WebserviceException

if TYPE_CHECKING:
    from pathlib import Path

ENGINES = ("docker", "podman")
_ANSWER_SECONDS = 30.0
_INSTEAD = (
    "give generate_dockerfile=True and save() the folder, which any machine with Docker or Podman "
    "builds"
)


def find() -> str:
    """The path of the first engine that answers.

    Raises:
        WebserviceException: There is none.
    """
    silent: List[str] = []
    for name in ENGINES:
        path = shutil.which(name)
        if path is None:
            continue
        why = _silence(path)
        if not why:
            return path
        silent.append(f"{name} is here and does not work ({why})")
    there = "; ".join(silent) or f"neither {' nor '.join(ENGINES)} is on PATH"
    raise WebserviceException(f"no image can be built on this machine: {there}; {_INSTEAD}")


def _silence(path: str) -> str:
    """Why an engine does not answer, "" where it does; `docker` alone does not reach its daemon."""
    try:
        done = subprocess.run(
            [path, "info"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else f"exit code {done.returncode}"


def build(engine: str, folder: Path, image: str, told: Callable[[str], None]) -> None:
    """Build an image of a context.

    Args:
        engine: The engine's path.
        folder: The context.
        image: What the image is called, `name:label`.
        told: Is called with each line that the engine prints.

    Raises:
        WebserviceException: It fails; the message has the end of what was printed.
    """
    process = subprocess.Popen(
        [engine, "build", "-t", image, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines: List[str] = []
    with process:
        assert process.stdout is not None
        for raw in process.stdout:
            lines.append(raw.decode("utf-8", "replace").rstrip())
            told(lines[-1])
    if process.returncode:
        end = "\n".join(lines[-20:])
        raise WebserviceException(
            f"{engine} build ended with exit code {process.returncode}:\n{end}"
        )
