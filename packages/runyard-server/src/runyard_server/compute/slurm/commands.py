"""Slurm's programs, run with a small environment and a bound on their time."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from runyard.protocol.errors import InvalidRequest, TemporaryError

SECONDS = 20.0
PROGRAMS = ("sbatch", "squeue", "sinfo", "scontrol", "scancel")
# What Slurm keeps with a job, and hands to it: no token of ours, no SBATCH_* of whoever started us.
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ")
# Said when it may work later, in the versions from 20.11 on; all else is a definite refusal.
_PASSING = (
    "unable to contact slurm controller",
    "connection refused",
    "connect failure",
    "socket timed out",
    "timed out on send/recv",
    "temporarily unable",
    "communication connection failure",
    "zero bytes were transmitted",
    "primary and backup controllers",
    "submit limit",
    "maxsubmitjob",
    "invalid job credential",
    "protocol authentication error",
    "slurm backup controller in standby mode",
)

_OURS = ("RUNYARD_", "SLURM", "SBATCH_", "SQUEUE_", "SSH_", "XDG_", "_")
_OF_THIS_MACHINE = ("PWD", "OLDPWD", "SHLVL", "HOSTNAME", "TMPDIR", "DISPLAY", "TERM")


class Commands:
    """The programs of one Slurm.

    Args:
        folder: Where they are; None: on the path.
        conf: Its configuration file; None: wherever Slurm looks for it.

    Raises:
        InvalidRequest: They are not there.
    """

    def __init__(self, folder: Path | None, conf: Path | None) -> None:
        path = os.environ.get("PATH", os.defpath)
        self._path = f"{folder}{os.pathsep}{path}" if folder else path
        self._conf = conf
        missing = [name for name in PROGRAMS if not shutil.which(name, path=self._path)]
        if missing:
            raise InvalidRequest(
                f"Slurm's {' and '.join(missing)} cannot be found on this machine; install Slurm's "
                "client programs, or say with `programs` in which folder they are"
            )

    def ask(self, *words: str) -> str:
        """Run a program and return what it prints.

        Raises:
            TemporaryError: Slurm cannot be asked now.
            InvalidRequest: Slurm refuses; with what it says.
        """
        variables = self.variables()
        try:
            done = subprocess.run(
                [shutil.which(words[0], path=self._path) or words[0], *words[1:]],
                env=variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise TemporaryError(f"{words[0]} has not answered for {SECONDS:.0f} s") from None
        except OSError as error:
            raise TemporaryError(f"{words[0]} cannot be started: {error}") from error
        if done.returncode == 0:
            return done.stdout
        said = _said(done.stderr)
        if any(each in said.lower() for each in _PASSING):
            raise TemporaryError(f"Slurm cannot be asked: {said}")
        raise InvalidRequest(f"{words[0]} refused: {said or f'exit code {done.returncode}'}")

    def variables(self) -> dict[str, str]:
        """The environment of Slurm's programs, which sbatch keeps with the job."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        conf = str(self._conf) if self._conf else os.environ.get("SLURM_CONF", "")
        return {**kept, "PATH": self._path, **({"SLURM_CONF": conf} if conf else {})}


def handed(variables: Mapping[str, str]) -> dict[str, str]:
    """Of the service's own variables, those that jobs get: as with sbatch all, but for ours.

    They reach the nodes in a file that only the user can read, and not through Slurm, which keeps
    and shows what it is given.
    """
    return {
        name: value
        for name, value in variables.items()
        if not name.startswith(_OURS) and name not in _OF_THIS_MACHINE
    }


def _said(text: str) -> str:
    """What a program complains of, in one line and without its own name."""
    lines = [line.split(": ", 1)[-1].removeprefix("error: ").strip() for line in text.splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line))
