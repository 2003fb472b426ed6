"""An environment made ahead of the runs that need it, by a run that does nothing else.

As in v1 that is a run of the experiment `prepare_image`: its states, its log and its errors are
those of any run, and the environment is there for the next ones.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Optional

from runyard.protocol.files import BUILD_LOG
from runyard.protocol.runs import COMPLETED, LOCAL_TARGET, TERMINAL, RunSpec
from runyard.sdk import checks
from runyard.sdk.containers import request_of
from runyard.sdk.definitions import document_of, submitted_definition_of
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.submission import Submission

EXPERIMENT = "prepare_image"
_SCRIPT = "ready.py"


class ImageBuildDetails:
    """An environment that is being made.

    Args:
        run: The run that makes it.
        name: The environment's name.
        version: Its version, None where it is not registered.

    Attributes:
        run: The run.
        environment_name: The environment's name.
        environment_version: Its version.
    """

    def __init__(self, run: Any, name: Optional[str], version: Optional[str]) -> None:
        self.run = run
        self.environment_name = name
        self.environment_version = version

    @property
    def status(self) -> str:
        """`Running`, `Succeeded` or `Failed`, as v1 said."""
        found = self.run.get_status()
        if found not in TERMINAL:
            return "Running"
        return "Succeeded" if found == COMPLETED else "Failed"

    @property
    def log_url(self) -> str:
        """The page of the run, with its build log."""
        return str(self.run.get_portal_url())

    def wait_for_completion(self, show_output: bool = True) -> None:
        """Wait until the environment is there.

        Args:
            show_output: Print the build log as it grows.

        Raises:
            ActivityFailedException: It cannot be made; the reason is in the message.
        """
        self.run.wait_for_completion(show_output=show_output)

    def save_logs(self, path: str, overwrite: bool = False) -> None:
        """Write the build log into a file.

        Args:
            path: The file.
            overwrite: Replace one that is there.

        Raises:
            UserErrorException: There is such a file, or no log: the environment was there already.
        """
        if Path(path).exists() and not overwrite:
            raise UserErrorException(f"{path} exists; pass overwrite=True to replace it")
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder, "build.log")
            self.run.download_file(BUILD_LOG, str(draft))
            shutil.copyfile(str(draft), path)

    def __repr__(self) -> str:
        return f"ImageBuildDetails({self.environment_name!r}, run={self.run.id!r})"


def begin(environment: Any, workspace: Any, target: Optional[str]) -> ImageBuildDetails:
    """Submit the run that makes an environment.

    Args:
        environment: The `Environment`.
        workspace: The workspace.
        target: The compute target on whose nodes it is made; None is the service's machine.
    """
    checks.workspace(workspace)
    spec = RunSpec(
        experiment=EXPERIMENT,
        snapshot="",
        script=_SCRIPT,
        target=target or LOCAL_TARGET,
        environment=submitted_definition_of(environment, by_mpi=False),
        definition={"script": _SCRIPT, "environment": document_of(environment)},
        container=request_of(environment, lambda: workspace),
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, _SCRIPT).write_text('print("the environment is there")\n', encoding="utf-8")
        run = workspace._experiment(EXPERIMENT)._send(Submission(folder, spec), None)
    return ImageBuildDetails(run, environment.name, environment.version)
