"""What every part of a run stands on: its id, its record, and who speaks to its workspace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Optional

from runyard.sdk import jobs
from runyard.sdk.exceptions import UserErrorException, translated

if TYPE_CHECKING:
    from typing_extensions import Self

    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.runs import ChangeRun, RunRecord
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.interactive import Interactive
    from runyard.sdk.sessions import Session

TERMINAL = ("Completed", "Failed", "Canceled")


class RunBase:
    """A run known by its id; its record is read when it is needed.

    Args:
        experiment: The experiment.
        run_id: The run's id.
        outputs: The outputs folder of an interactive run.

    Raises:
        UserErrorException: The experiment has no such run.
    """

    _find_experiment: Callable[[RunBase], Experiment]

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        outputs: Optional[str] = None,
        _record: Optional[RunRecord] = None,
        **_: Any,
    ) -> None:
        self._fill(experiment, run_id, outputs, _record)
        if _record is None:
            self._check_experiment(self._refresh())

    @classmethod
    def _of_job(cls, run_id: str, find_experiment: Callable[[RunBase], Experiment]) -> Self:
        """Make the job's own run without asking anybody.

        Args:
            run_id: The run.
            find_experiment: Finds its experiment, once somebody wants to know it.
        """
        # Most jobs log and never ask where they belong: none waits for that at its start.
        run = cls.__new__(cls)
        run._find_experiment = find_experiment
        run._fill(None, run_id, None, None)
        return run

    def _fill(
        self,
        experiment: Optional[Experiment],
        run_id: str,
        outputs: Optional[str],
        record: Optional[RunRecord],
    ) -> None:
        self._experiment = experiment
        self._id = run_id
        self._outputs = outputs
        self._record = record
        self._client: Optional[WorkspaceClient] = None
        self._interactive: Optional[Interactive] = None
        self._run_config: Any = None
        self._session: Optional[Session] = None
        self._entered_by = -1
        # Of images and artifacts logged several times: the number in the last one's path.
        self._numbers: Dict[str, int] = {}

    @property
    def id(self) -> str:
        """The id."""
        return self._id

    @property
    def service(self) -> WorkspaceClient:
        """What speaks to the run's workspace."""
        if self._client is None:
            if self._experiment is not None:
                self._client = self._experiment.workspace.service
            else:
                self._client = jobs.service()
        return self._client

    @property
    def experiment(self) -> Experiment:
        """The experiment."""
        if self._experiment is None:
            self._experiment = self._find_experiment(self)
        return self._experiment

    def get_portal_url(self) -> str:
        """The address of the run on its service."""
        from urllib.parse import quote

        service = self.service
        return f"{service.connection.url}/runs/{quote(service.id)}/{quote(self._id)}"

    def _read(self) -> RunRecord:
        return self._record if self._record is not None else self._refresh()

    def _refresh(self) -> RunRecord:
        with translated():
            self._record = self.service.runs.get(self._id)
        return self._record

    def _check_experiment(self, record: RunRecord) -> None:
        wanted = self.experiment.name
        if record.experiment.lower() != wanted.lower():
            raise UserErrorException(
                f"run {self._id} belongs to experiment {record.experiment!r}, not {wanted!r}"
            )

    def _change(self, **changes: Any) -> None:
        from runyard.protocol.runs import ChangeRun

        body: ChangeRun = ChangeRun(**changes)
        with translated():
            self._record = self.service.runs.change(self._id, body)

    def _with_all_below(self) -> Iterator[RunBase]:
        """Yield this run, its children, and theirs; a whole run knows them."""
        yield self

    def _in_own_job(self) -> bool:
        return os.environ.get(jobs.RUN_ID) == self._id

    def _spec(self) -> Any:
        from runyard.protocol.runs import SCRIPT_RUN

        if self._read().run_type != SCRIPT_RUN:
            return None
        with translated():
            return self.service.runs.spec(self._id)
