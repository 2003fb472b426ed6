"""The containers of this machine's engine, as a service that starts looks through them.

Jobs' containers are made and ended by their agents; here are only those that nobody looks after any
more. An engine that fails or does not answer has none.
"""

import json
import subprocess
from collections.abc import Iterable

RUN_LABEL, HOME_LABEL = "runyard.run", "runyard.home"
_ANSWER_SECONDS = 60.0


def of_home(engine: str, home: str) -> dict[str, str]:
    """The containers of a state folder's runs, those that have ended too: each one's run by its id.

    Args:
        engine: The engine's program.
        home: The state folder.
    """
    label = f"label={HOME_LABEL}={home}"
    found = ask(engine, "ps", "--all", "--quiet", "--no-trunc", "--filter", label).split()
    told = json.loads(ask(engine, "inspect", *found) or "[]") if found else []
    return {str(one["Id"]): str(one["Config"]["Labels"].get(RUN_LABEL, "")) for one in told}


def remove(engine: str, containers: Iterable[str]) -> None:
    """Remove containers with all that runs in them.

    Args:
        engine: The engine's program.
        containers: Their ids.
    """
    for each in containers:
        # First, for else Podman would wait ten seconds for a process that may not hear it.
        ask(engine, "kill", each)
        ask(engine, "rm", "--force", "--volumes", each)


def ask(engine: str, *words: str) -> str:
    """What an engine prints; "" where it fails or does not answer.

    Args:
        engine: The engine's program.
        *words: The command.
    """
    try:
        done = subprocess.run(
            [engine, *words], capture_output=True, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")
