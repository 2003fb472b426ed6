"""The program that mpirun calls in the place of ssh: `launch <run folder> [options] HOST WORDS…`.

It asks the service to have the words, which are a shell's, run by the agent of the node at HOST,
waits until that has ended, and ends in the same way.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Dict, List, Sequence, Tuple

from runyard.protocol.errors import RunyardError
from runyard.protocol.timeouts import SERVICE_AWAY_SECONDS
from runyard.runtime import names
from runyard.runtime.folder import RunFolder, read_json
from runyard.runtime.job import Job
from runyard.runtime.service import JobService, patiently

SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
# As ssh tells that it could not do what it was asked.
NOT_DONE = 255
# Options of ssh that are followed by a value.
_WITH_VALUE = ("-l", "-p", "-i", "-o", "-F")


def main(argv: Sequence[str]) -> int:
    """Run the words on the other node; give their exit status, 255 if they could not be run."""
    folder = RunFolder(argv[0])
    job = Job.load(folder.job_file)
    folder.share(job.shared_folder or folder.root)
    host, words = _split(list(argv[1:]))
    table = read_json(os.path.join(folder.ranks(job.attempt), names.LAUNCH_TABLE)) or {}
    if host not in table or not words:
        sys.stderr.write(f"launch: this run has no node at '{host}'\n")
        return NOT_DONE
    command = " ".join(words)
    if table[host] == job.node:
        os.execv("/bin/sh", ["/bin/sh", "-c", command])  # noqa: S606 - a shell is what ssh runs
    try:
        return _run(JobService(job), int(table[host]), command)
    except (OSError, RunyardError) as error:
        sys.stderr.write(f"launch: node {table[host]} at {host}: {error}\n")
        return NOT_DONE


def _run(service: JobService, node: int, command: str) -> int:
    body = {"command": command, "key": os.urandom(16).hex()}
    asked = patiently(lambda: service.start_command(node, body), SERVICE_AWAY_SECONDS)
    number = int(asked["number"])
    pause = SHORTEST_PAUSE
    while True:
        now: Dict[str, Any] = patiently(lambda: service.command(node, number), SERVICE_AWAY_SECONDS)
        code = now.get("exit_code")
        if code is not None:
            if now.get("message"):
                sys.stderr.write(f"launch: {now['message']}\n")
            return NOT_DONE if code < 0 else int(code)
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _split(arguments: List[str]) -> Tuple[str, List[str]]:
    """The host and the words behind it."""
    while arguments and arguments[0].startswith("-"):
        del arguments[: 2 if arguments[0] in _WITH_VALUE else 1]
    return (arguments[0], arguments[1:]) if arguments else ("", [])
