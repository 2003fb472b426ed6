"""A container engine by its command line, which Docker and Podman have in common.

Its own command is all that is needed of it: no library, no daemon's socket, and the same words on
every version since Docker 20.10 and Podman 3.4. What it prints on standard error is the reason of
a failure, told to users as it stands; what it is given has no password in it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence

from runyard.runtime import names, tree
from runyard.runtime.job import Canceled, JobError

if TYPE_CHECKING:
    from runyard.runtime.sharing import Canceling

PODMAN = "podman"
# A daemon that hangs must not hang the agent with it.
ANSWER_SECONDS = 60.0
LOOK_SECONDS = 0.05
GRACE_SECONDS = 5.0
REASON_CHARACTERS = 1500
# What an engine's program needs of the agent's variables; the job's own are given to it to pass on.
_KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_", "DOCKER_", "CONTAINER", "BUILDAH_"),
    *("REGISTRY_AUTH_FILE", "SSL_CERT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "STORAGE_"),
)


class Engine:
    """An engine's program.

    Args:
        program: Its name or path.
    """

    def __init__(self, program: str) -> None:
        self.program = program
        self.is_podman = os.path.basename(program).startswith(PODMAN)

    def ask(self, *words: str) -> str:
        """Ask for something that is quick; give what it prints.

        Raises:
            JobError: It fails, is not there, or does not answer.
        """
        try:
            done = subprocess.run(
                [self.program, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=ANSWER_SECONDS,
                env=variables(),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise JobError(self._silent(error), names.SERVICE_ERROR) from error
        if done.returncode:
            raise JobError(self._failed(words[0], done.stderr), names.SERVICE_ERROR)
        return done.stdout.decode("utf-8", "replace").strip()

    def found(self, *words: str) -> Optional[Dict[str, Any]]:
        """What `image inspect` or its like tells of the first thing; None if there is no such."""
        try:
            found = json.loads(self.ask(*words))
        except (JobError, ValueError):
            return None
        return found[0] if isinstance(found, list) and found else None

    def work(self, words: Sequence[str], log: int, canceled: Canceling) -> None:
        """Have something done that may take minutes.

        Args:
            words: The command.
            log: The descriptor that takes what it prints.
            canceled: Says whether to give up; asked twenty times a second.

        Raises:
            JobError: It fails; the message has the end of what it printed.
            Canceled: Given up.
        """
        # To a file first, for its end is the reason; and from there into the log as it grows.
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(
                    [self.program, *words],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env=variables(),
                    start_new_session=True,
                )
            except OSError as error:
                raise JobError(self._silent(error), names.SERVICE_ERROR) from error
            shown = 0
            while process.poll() is None:
                if canceled():
                    _end(process)
                    raise Canceled
                shown = _copy(said.fileno(), shown, log)
                time.sleep(LOOK_SECONDS)
            _copy(said.fileno(), shown, log)
            if process.returncode:
                said.seek(0)
                raise JobError(self._failed(words[0], said.read()))

    def containers(self, label: str) -> List[str]:
        """The ids of all containers with a label, those that have ended too."""
        return self.ask(
            "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={label}"
        ).split()

    def remove(self, containers: Sequence[str]) -> None:
        """Remove containers with all that runs in them; those that are gone are no error."""
        # Podman asks the first process to end, and waits ten seconds for it; Docker does not.
        at_once = ["--time", "0"] if self.is_podman else []
        for each in containers:
            with suppress(JobError):
                self.ask("rm", "--force", "--volumes", *at_once, each)

    def _silent(self, error: Exception) -> str:
        why = "it did not answer" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        return (
            f"the container engine '{self.program}' cannot be used on this node ({why}); see "
            "[containers] in the service's config.toml"
        )

    def _failed(self, what: str, said: bytes) -> str:
        text = said.decode("utf-8", "replace").strip()[-REASON_CHARACTERS:]
        return f"{self.program} {what} failed: {text or 'it said nothing'}"


def variables() -> Dict[str, str]:
    """The environment of an engine's program: where it keeps what it has, and nothing of jobs."""
    return {k: v for k, v in os.environ.items() if k.upper().startswith(_KEPT)}


def lines(log: int) -> Callable[[str], None]:
    """Writes lines into a log."""

    def write(text: str) -> None:
        # On a full disk the log has gaps.
        with suppress(OSError):
            os.write(log, (text + "\n").encode("utf-8", "replace"))

    return write


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an engine's program with what it has started."""
    # Asked first, as it tidies up; what its builds run hears nothing of that, nor of its end.
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
        for seen in _below(process.pid):
            tree.send(seen, signal.SIGKILL)
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return


def _below(pid: int) -> List[tree.Seen]:
    """All that a process has started, and what that has."""
    everyone = tree.everything().values()
    found: List[tree.Seen] = []
    above = {pid}
    while above:
        come = [seen for seen in everyone if seen.parent in above]
        above = {seen.pid for seen in come}
        found += come
    return found


def _copy(source: int, start: int, target: int) -> int:
    """Copy what a file has from some byte on; give where it ends."""
    data = os.pread(source, 1 << 20, start)
    with suppress(OSError):
        os.write(target, data)
    return start + len(data)
