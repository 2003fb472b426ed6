"""Runs of pipelines and of their steps.

What a reused step has logged and written is read where it is: at the run that made it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Union

from runyard.client import printing
from runyard.protocol.runs import COMPLETED, FAILED, NOT_STARTED, REUSED_RUN, TERMINAL
from runyard.sdk.data import DataReference
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import ActivityFailedException, UserErrorException, translated
from runyard.sdk.local_paths import naming
from runyard.sdk.pipeline_plans import labels
from runyard.sdk.runs import Run

if TYPE_CHECKING:
    from runyard.protocol.pipelines import OutputRecord, PipelineRecord, StepRecord
    from runyard.sdk.workspaces import Workspace

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class StepOutput:
    """What a step has made.

    Args:
        workspace: The workspace.
        record: What the service tells of it.
    """

    def __init__(self, workspace: Workspace, record: OutputRecord) -> None:
        self._workspace = workspace
        self._record = record

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def datastore(self) -> Datastore:
        """The datastore that it lies on."""
        return Datastore(self._workspace, self._record.datastore)

    @property
    def path(self) -> str:
        """Where on the datastore."""
        return self._record.path

    @property
    def digest(self) -> str:
        """The digest of its bytes; "" while it is not made."""
        return self._record.digest

    def download(self, target_path: Union[str, Path] = ".", overwrite: bool = False) -> int:
        """Bring its files here, right below a folder.

        Args:
            target_path: The folder.
            overwrite: Whether files that are here are replaced; they are left alone otherwise.

        Returns:
            How many files were brought.
        """
        store, path = self.datastore, self.path
        names = [each.path for each in store._files(path)]
        # Not by the prefix alone: `model` and `model2` lie side by side.
        is_folder = any(each.startswith(f"{path}/") for each in names)
        if not is_folder and path not in names:
            return 0
        with naming("target_path", target_path):
            root = Path(target_path).expanduser()
            prefix = f"{path}/" if is_folder else path
            above = prefix if is_folder else path.rpartition("/")[0] + "/"
            return store._bring(root, prefix, overwrite, show_progress=True, above=above)

    def _as_place(self) -> DataReference:
        """It as the input of a step of another pipeline."""
        return DataReference(self.datastore, self.name, self.path)

    def __repr__(self) -> str:
        return f"StepOutput({self.name!r}, {self._record.datastore}/{self.path})"


class StepRun(Run):
    """A run of a step."""

    @property
    def outputs(self) -> Dict[str, StepOutput]:
        """What it makes, by name."""
        workspace = self.experiment.workspace
        return {each.name: StepOutput(workspace, each) for each in self._node().outputs}

    @property
    def reuse(self) -> str:
        """Whether it was reused, and of which run; or why it ran."""
        return self._node().reuse

    def get_metrics(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        """Read the metrics; see `Run.get_metrics`."""
        other = self._made_by()
        if other is None:
            return super().get_metrics(*args, **kwargs)
        return other.get_metrics(*args, **kwargs)

    def get_file_names(self) -> List[str]:
        """List the files; see `Run.get_file_names`."""
        other = self._made_by()
        return super().get_file_names() if other is None else other.get_file_names()

    def download_file(self, *args: Any, **kwargs: Any) -> None:
        """Bring a file here; see `Run.download_file`."""
        other = self._made_by()
        if other is None:
            super().download_file(*args, **kwargs)
        else:
            other.download_file(*args, **kwargs)

    def download_files(self, *args: Any, **kwargs: Any) -> None:
        """Bring files here; see `Run.download_files`."""
        other = self._made_by()
        if other is None:
            super().download_files(*args, **kwargs)
        else:
            other.download_files(*args, **kwargs)

    def register_model(self, *args: Any, **kwargs: Any) -> Any:
        """Register files of the run as a model; see `Run.register_model`."""
        other = self._made_by()
        if other is not None:
            return other.register_model(*args, **kwargs)
        return super().register_model(*args, **kwargs)

    @property
    def _source(self) -> str:
        """The run that has made what this one has: of a reused step an earlier one."""
        return self._read().properties.get(REUSED_RUN, self.id)

    def _made_by(self) -> Optional[Run]:
        """The earlier run that has made what this one has, if it is not itself."""
        return None if self._source == self.id else Run.get(self.experiment.workspace, self._source)

    def _node(self) -> StepRecord:
        with translated():
            nodes = self.service.pipelines.get(str(self._read().parent)).nodes
        return next(each for each in nodes if each.run == self.id)

    def _spec(self) -> Any:
        if self._read().target == "sdk":
            # A sweep runs in its trials.
            return None
        with translated():
            return self.service.runs.spec(self._id)


class PipelineRun(Run):
    """A run of a pipeline."""

    def steps(self) -> List[StepRun]:
        """The runs of its steps, in the order in which they were built."""
        # In pages: to ask for thousands one by one would take minutes.
        records = {each.id: each._read() for each in self.get_children()}
        runs = [records[each.run] for each in self._look().nodes if each.run in records]
        return [StepRun(self.experiment, each.id, _record=each) for each in runs]

    def step(self, name: str, index: int = 0) -> StepRun:
        """Find the run of a step.

        Args:
            name: The step's name.
            index: Of several steps of that name, which: 0 is the one that was built first.

        Raises:
            UserErrorException: There is none.
        """
        nodes = self._look().nodes
        found = [each for each in nodes if each.name == name]
        if not -len(found) <= index < len(found):
            there = ", ".join(dict.fromkeys(each.name for each in nodes))
            raise UserErrorException(
                f"run {self.id} has {len(found)} steps called {name!r}, so there is no number "
                f"{index}; its steps are {there}"
            )
        return self._step_run(found[index])

    def wait(
        self,
        show_output: bool = True,
        timeout_seconds: Optional[float] = None,
        raise_on_error: bool = True,
    ) -> PipelineRun:
        """Wait for the end, and print how each step comes on.

        Args:
            show_output: Print a line whenever a step gets on, is reused, or waits for something.
            timeout_seconds: How long to wait; None: for ever.
            raise_on_error: Raise when a step has failed.

        Returns:
            This run, which goes on where the time is over.

        Raises:
            ActivityFailedException: A step has failed, and the run with it.
        """
        if show_output:
            printing.say(f"Pipeline run {self.id}: {self.get_portal_url()}\n")
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        told: Dict[str, str] = {}
        pause = _FIRST_PAUSE
        # The run first: what its steps say after it has ended is their last word.
        while True:
            ended = self._refresh().status in TERMINAL
            if show_output:
                _tell(self._look(), told)
            if ended or (until is not None and time.monotonic() > until):
                break
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        if show_output:
            for warning in self._read().warnings:
                printing.tell(f"warning: {warning}")
            printing.say(f"Pipeline run {self.id}: {self.status}\n")
        if raise_on_error and self.status == FAILED:
            raise ActivityFailedException(self.get_details().get("error") or {})
        return self

    def _look(self) -> PipelineRecord:
        with translated():
            return self.service.pipelines.get(self.id)

    def _step_run(self, node: StepRecord) -> StepRun:
        with translated():
            record = self.service.runs.get(node.run)
        return StepRun(self.experiment, node.run, _record=record)


def _tell(pipeline: PipelineRecord, told: Dict[str, str]) -> None:
    """Print what is new of each step."""
    for name, node in zip(labels([each.name for each in pipeline.nodes]), pipeline.nodes):
        # That it comes after another is what the graph says; what it reads for long is news.
        waits = node.status == NOT_STARTED and not node.reason.startswith("after ")
        more = node.reason if waits or node.status != COMPLETED else node.reuse
        if node.status == NOT_STARTED and (not waits or not more):
            continue
        line = f"{name}: {node.status}" + (f" ({more})" if more else "")
        if told.get(node.run) != line:
            told[node.run] = line
            printing.say(f"{line}\n")
