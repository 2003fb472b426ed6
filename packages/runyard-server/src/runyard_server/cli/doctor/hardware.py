"""What the machine offers to jobs beyond its CPUs; Runyard works without any of it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from runyard_server.cli.doctor.finding import NOTE, OK, Finding

# nvidia-smi takes some where the driver has to be woken first.
SECONDS = 10


def gpus() -> Iterator[Finding]:
    """Ask the NVIDIA driver for its devices."""
    # taskset and cpusets leave a job fewer than the machine has.
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    listed = _output(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"])
    names = [line.strip() for line in listed.splitlines() if line.strip()]
    if names:
        yield Finding("GPU", OK, "; ".join(names))
    else:
        yield Finding("GPU", NOTE, f"none seen; jobs that ask for one run on the {cpus} CPUs")


def containers() -> Iterator[Finding]:
    """Find a container engine that answers."""
    for engine in ("docker", "podman"):
        if shutil.which(engine) and _output([engine, "version", "--format", "{{.Server.Version}}"]):
            yield Finding(
                "containers", OK, f"{engine} answers; [containers] in config.toml has runs use it"
            )
            return
    yield Finding(
        "containers", NOTE, "no engine answers; environments are made as virtual environments"
    )


def _output(command: list[str]) -> str:
    """What a program prints; "" when it is not there, fails or hangs."""
    try:
        done = subprocess.run(
            # Not from here: the working folder may be gone, or on a disk that hangs.
            command,
            cwd=Path("/"),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
