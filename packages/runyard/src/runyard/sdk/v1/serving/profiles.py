"""`Model.profile`: how much CPU and memory a model needs, measured on this machine.

The models are deployed as they would be, under a name of the profile's own. Each request of the
dataset is sent, one after the other, while the worker's memory and CPU time are read from the
system, and the service is removed. What comes out is what one replica needs for one request at a
time: more at once take a CPU each, and the memory of a replica once.
"""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import datetime, timezone
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.v1.serving import settings, waiting
from runyard.sdk.v1.serving.aci import AciWebservice
from runyard.sdk.v1.serving.profile_figures import Worker, recommended, times
from runyard.sdk.v1.serving.progress import Progress
from runyard.sdk.v1.serving.webservices import deployed

if TYPE_CHECKING:
    from runyard.sdk.v1.serving.webservices import Webservice
    from runyard.sdk.workspaces import Workspace

RUNNING, SUCCEEDED, FAILED = "Running", "Succeeded", "Failed"
# Fewer say nothing of the slowest one in a hundred; rows are sent again until there are so many.
LEAST_CALLS = 100
MOST_CALLS = 5000
LONGEST_SECONDS = 300.0
_OK = 200


class ModelProfile:
    """A profile on its way, or what has come of it; `Model.profile` makes one.

    Args:
        workspace: The workspace.
        name: The profile's name.
    """

    def __init__(self, workspace: Workspace, name: str, **more: Any) -> None:
        if not more:
            raise UserErrorException(
                "profiles are kept by the program that makes them: call Model.profile(…)"
            )
        self.workspace, self.name = workspace, name
        self._service: Webservice = more["service"]
        self._rows: List[Any] = more["rows"]
        self._details: Dict[str, Any] = more["details"]
        # Not a daemon: a script that ends without waiting would leave its service behind.
        self._thread = threading.Thread(target=self._run, name=f"profile {name}")
        self._thread.start()

    @property
    def state(self) -> str:
        """`Running`, `Succeeded` or `Failed`."""
        return str(self._details["state"])

    def get_details(self) -> Dict[str, Any]:
        """What has been measured so far, by v1's names."""
        return dict(self._details)

    get_results = get_details

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the v1 SDK."""
        return self.get_details()

    def wait_for_completion(self, show_output: bool = False) -> None:
        """Wait until it is measured.

        Args:
            show_output: Print what comes out.

        Raises:
            WebserviceException: The models could not be deployed, or no request was answered.
        """
        self._thread.join()
        if self.state == FAILED:
            raise WebserviceException(str(self._details["error"]))
        if show_output:
            found = self._details
            print(  # noqa: T201 - as asked for
                f"profile {self.name!r}: {found['averageLatencyInMs']} ms a request, "
                f"{found['recommendedCpu'] or '?'} CPUs, "
                f"{found['recommendedMemoryInGB'] or '?'} GB"
            )

    # As in 2019.
    wait_for_profiling = wait_for_completion

    @property
    def recommended_cpu(self) -> Optional[float]:
        """The CPUs to ask for; None before they are measured."""
        return self._details.get("recommendedCpu")

    @property
    def recommended_memory(self) -> Optional[float]:
        """The GB of memory to ask for; None before they are measured."""
        return self._details.get("recommendedMemoryInGB")

    def _run(self) -> None:
        try:
            self._measure()
        # Whatever it is: nobody hears what a thread raises, and it would stay "Running" for ever.
        except Exception as error:  # noqa: BLE001 - told by wait_for_completion
            told = getattr(error, "message", "") or str(error) or type(error).__name__
            self._details.update(state=FAILED, error=told)
        finally:
            self._service.delete()

    def _measure(self) -> None:
        if waiting.follow(self._service, Progress(show=False), None) != waiting.SUCCEEDED:
            raise WebserviceException(waiting.failure(self._service))
        replicas = [each for one in self._service._record.deployments for each in one.replicas]
        worker = Worker([each.pid for each in replicas if each.pid])
        taken: List[float] = []
        failure, begun = "", time.monotonic()
        count = min(max(len(self._rows), LEAST_CALLS), MOST_CALLS)
        done = 0
        for row in islice(cycle(self._rows), count):
            start = time.monotonic()
            answer = self._service._post(row)
            end = time.monotonic()
            done += 1
            if answer.status == _OK:
                taken.append(end - start)
            else:
                failure = failure or answer.content.decode("utf-8", "replace")[:500]
            worker.look(end)
            if end - begun > LONGEST_SECONDS:
                break
        seconds = time.monotonic() - begun
        if not taken:
            raise WebserviceException(f"no request was answered; the first said: {failure}")
        used = worker.used(seconds)
        self._details.update(
            times(taken),
            totalQueries=done,
            successQueries=len(taken),
            successRate=round(100 * len(taken) / done, 2),
            measuredQueriesPerSecond=round(done / seconds, 2),
            runDurationInSeconds=round(seconds, 3),
            error=failure or None,
            **used,
            **recommended(used),
            state=SUCCEEDED,
        )


def profile(
    workspace: Workspace,
    profile_name: str,
    models: Any,
    inference_config: Any,
    input_dataset: Any = None,
    cpu: Optional[float] = None,
    memory_in_gb: Optional[float] = None,
    description: Optional[str] = None,
    input_data: Any = None,
) -> ModelProfile:
    """Measure what models need behind a script; returns at once.

    Args:
        workspace: The workspace.
        profile_name: What to call it.
        models: Models, ids and local paths.
        inference_config: The script and what it needs.
        input_dataset: A TabularDataset with one column, each of whose values is a request.
        cpu: CPUs that are reserved meanwhile; 0.1 by default.
        memory_in_gb: GB of memory that are reserved meanwhile; 0.5 by default.
        description: What to write about it.
        input_data: One request, as 2019's scripts give it.

    Raises:
        UserErrorException: There are no requests.
        WebserviceException: Something makes no sense; all of it is named.
    """
    rows = _rows(input_dataset if input_data is None else input_data)
    config = AciWebservice.deploy_configuration(
        cpu_cores=cpu, memory_gb=memory_in_gb, tags={"profile": profile_name}
    )
    # A name that nobody else gives, and the same again: a profile whose process was killed is
    # replaced by the next one of its name.
    name = f"profile-{hashlib.sha256(profile_name.encode()).hexdigest()[:16]}"
    service = deployed(workspace, name, models, inference_config, config, overwrite=True)
    details = {
        "name": profile_name,
        "description": description,
        "createdTime": datetime.now(timezone.utc).isoformat(),
        "state": RUNNING,
        "requestedCpu": settings.CPU_CORES if cpu is None else cpu,
        "requestedMemoryInGB": settings.MEMORY_GB if memory_in_gb is None else memory_in_gb,
        "error": None,
    }
    return ModelProfile(workspace, profile_name, service=service, rows=rows, details=details)


def _rows(given: Any) -> List[Any]:
    """The requests of a profile.

    Raises:
        UserErrorException: There are none, or it is no list of requests.
    """
    if isinstance(given, (str, bytes)):
        return [given]
    columns = getattr(given, "to_columns", None)
    if columns is None:
        raise UserErrorException(
            "input_dataset must be a TabularDataset with one column of requests, as "
            "Dataset.Tabular.from_delimited_files(…, header=False, separator='\\n') reads them"
        )
    found = columns()
    if len(found) != 1:
        raise UserErrorException(
            f"input_dataset has {len(found)} columns, {', '.join(found) or 'none'}; it must have "
            "one, of which each value is a request: keep_columns('NAME')"
        )
    (rows,) = found.values()
    texts = [str(row) for row in rows if row is not None]
    if not texts:
        raise UserErrorException("input_dataset has no requests; it must have one at least")
    return texts
