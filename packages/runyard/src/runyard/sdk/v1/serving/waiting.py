"""Waits for a web service, in the shapes that v1 users know.

    Tips: You can try get_logs() …                                    with show_output
    Running.......
    Succeeded
    ACI service creation operation finished, operation "Succeeded"    always

    Checking container health...                                      LocalWebservice
    Local webservice is running at http://localhost:6789

Why it is not ready yet is told on stderr, so that stdout keeps this shape.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Optional

from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.serving.progress import Progress, tell_news

if TYPE_CHECKING:
    from runyard.sdk.v1.serving.shown import Shown

SUCCEEDED, WORKING = "Succeeded", "Running"
TIP = (
    "Tips: You can try get_logs(), or a LocalWebservice, to debug if deployment takes longer than "
    "10 minutes."
)
_LOG_LINES = 15
# A script that is ready in a tenth of a second is told of as soon; a build of minutes is looked at
# twice a second.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


def hosted(service: Shown, show_output: bool, timeout_sec: Optional[float]) -> None:
    """Wait for an ACI or AKS service.

    Args:
        service: The service; its state is refreshed.
        show_output: Print states.
        timeout_sec: Seconds after which to give up.

    Raises:
        WebserviceException: The operation failed, or it takes longer.
    """
    if show_output:
        print(TIP)  # noqa: T201 - v1 prints such a line
    progress = Progress(show_output)
    try:
        state = follow(service, progress, timeout_sec)
    finally:
        # What is raised, Ctrl-C too, is told below the dots.
        progress.end()
    if state != SUCCEEDED:
        raise WebserviceException(failure(service))
    kind = service.compute_type
    print(f'{kind} service creation operation finished, operation "{state}"')  # noqa: T201 - v1


def local(service: Shown) -> None:
    """Wait for a LocalWebservice.

    Raises:
        WebserviceException: It failed; its log is printed first.
    """
    print("Checking container health...")  # noqa: T201 - v1 prints this line
    progress = Progress(show=False)
    if follow(service, progress, None, tell=True) != SUCCEEDED:
        text = service.get_logs()
        print(f"\nContainer Logs:\n{text}")  # noqa: T201 - v1 prints the log
        raise WebserviceException(failure(service))
    print(f"Local webservice is running at {service._base_uri()}")  # noqa: T201 - v1


def follow(
    service: Shown, progress: Progress, timeout_sec: Optional[float], tell: bool = False
) -> str:
    """Go with an operation to its end, and give the state in which it ended.

    Args:
        service: The service; its state is refreshed.
        progress: What prints.
        timeout_sec: Seconds after which to give up; None for never.
        tell: Say on stderr what is waited for.

    Raises:
        WebserviceException: It takes longer; the deployment goes on.
    """
    deadline = None if not timeout_sec else time.monotonic() + float(timeout_sec)
    pause, told = _FIRST_PAUSE, ""
    while True:
        service.update_deployment_state()
        state = service._operation_state()
        reason = service._reason()
        progress.take(state, "" if state != WORKING else reason)
        if tell and state == WORKING:
            told = tell_news(reason, told)
        if state != WORKING:
            return state
        if deadline is not None and time.monotonic() >= deadline:
            raise WebserviceException(
                f"service {service.name!r} is not ready after {timeout_sec} seconds"
                + (f" ({reason})" if reason else "")
                + "; the deployment goes on: wait_for_deployment waits on, delete() ends it"
            )
        time.sleep(pause)
        pause = min(pause * 1.4, _LONGEST_PAUSE)


def failure(service: Shown) -> str:
    """What a failed deployment is told with: state, operation, error, and the end of the log."""
    operation: Any = service._record.operation
    error = service.error or {"message": "No error message received from server."}
    text = (
        "Service deployment polling reached non-successful terminal state, current service "
        f"state: {service.state}\n"
        f"Operation ID: {operation.id if operation else ''}\n"
        "More information can be found using '.get_logs()'\n"
        f"Error:\n{json.dumps(error, indent=2)}"
    )
    tail = service.get_logs(_LOG_LINES).rstrip()
    return f"{text}\nThe end of its log:\n{tail}" if tail else text
