"""The run in which a script is: the job's, or one begun for a script that was started by hand."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Optional

from runyard.sdk import jobs
from runyard.sdk.exceptions import RunEnvironmentException, translated
from runyard.sdk.runs import Run, ScriptRun, _OfflineRun

if TYPE_CHECKING:
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.run_base import RunBase

DEFAULT_EXPERIMENT = "default"
LONGEST_NAME = 255

_guard = threading.RLock()
_jobs: Dict[str, Run] = {}
_by_hand: Optional[Run] = None


def current(allow_offline: bool) -> Run:
    """Find the run of this process, or begin one; see `Run.get_context`."""
    own = os.environ.get(jobs.RUN_ID)
    with _guard:
        if own:
            return _jobs.get(own) or _jobs.setdefault(own, ScriptRun._of_job(own, job_experiment))
        if not allow_offline:
            raise RunEnvironmentException(
                "this script is not in a job: submit it, or call Run.get_context() with "
                "allow_offline=True to begin a run here"
            )
        return _begun_by_hand()


def job_experiment(run: RunBase) -> Experiment:
    """Find the experiment of the job's run."""
    from runyard.client.workspaces import Workspaces
    from runyard.sdk.workspaces import Workspace

    service = jobs.service()
    with translated():
        record = Workspaces(service.connection).get(service.id)
    workspace = Workspace(
        record.subscription_id,
        record.resource_group,
        record.name,
        _record=record,
        _connection=service.connection,
    )
    # The variable spares a question to the service.
    name = os.environ.get(jobs.EXPERIMENT) or run._read().experiment
    return workspace._experiment(name)


def _begun_by_hand() -> Run:
    global _by_hand  # noqa: PLW0603 - one run per process is what the name means
    if _by_hand is None:
        import uuid

        from runyard.sdk import interactive
        from runyard.sdk.experiments import Experiment
        from runyard.sdk.workspaces import Workspace

        experiment = Experiment(Workspace.from_config(), _script_name())
        _by_hand = interactive.start(
            experiment,
            # v1's name for the id of such a run; here it is a real one.
            run_id=f"OfflineRun_{uuid.uuid4()}",
            snapshot_directory=None,
            kind=_OfflineRun,
        )
    return _by_hand


def _script_name() -> str:
    """Make an experiment's name from the script's; `default` where there is none."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    stem = Path(main).stem if main else ""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:LONGEST_NAME]
    return name or DEFAULT_EXPERIMENT
