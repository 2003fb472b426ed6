"""What steps have made: where it lies, and how it comes here or into another pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional

from runyard.sdk.data import DOWNLOAD, MOUNT, DataReference
from runyard.sdk.datastores import Datastore
from runyard.sdk.v1.pipelines.data import InputPortBinding

if TYPE_CHECKING:
    from runyard.protocol.pipelines import OutputRecord


class PortDataReference:
    """A place where a step has put an output; it can be an input of another pipeline.

    Args:
        datastore: Where it lies.
        record: What the service tells of it.
        pipeline_run_id: The pipeline run whose step has made it.
    """

    def __init__(self, datastore: Datastore, record: OutputRecord, pipeline_run_id: str) -> None:
        self._reference = DataReference(datastore, record.name, record.path)
        self.pipeline_run_id = pipeline_run_id

    @property
    def name(self) -> str:
        """The name."""
        return self._reference.data_reference_name

    @property
    def data_reference_name(self) -> str:
        """The name."""
        return self._reference.data_reference_name

    @property
    def datastore(self) -> Datastore:
        """The datastore."""
        return self._reference.datastore

    @property
    def datastore_name(self) -> str:
        """The datastore's name."""
        return self._reference.datastore.name

    @property
    def path_on_datastore(self) -> str:
        """Where on the datastore."""
        return str(self._reference.path_on_datastore)

    @property
    def _path_on_datastore(self) -> str:
        # Notebooks of v1 read it.
        return self.path_on_datastore

    def as_input(self, input_name: Optional[str] = None) -> InputPortBinding:
        """As an input of that name."""
        return InputPortBinding(input_name, self)

    def as_mount(self, input_name: Optional[str] = None) -> InputPortBinding:
        """As an input of that name, seen without a copy."""
        return InputPortBinding(input_name, self, mode=MOUNT)

    def create_input_binding(
        self,
        input_name: Optional[str] = None,
        mode: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
    ) -> InputPortBinding:
        """As an input of a step.

        Args:
            input_name: The input's name.
            mode: `mount` or `download`.
            path_on_compute: Where the step sees it.
            overwrite: Whether a copy replaces what is there.
        """
        return InputPortBinding(
            input_name,
            self,
            mode=mode or MOUNT,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
        )

    def as_download(
        self,
        input_name: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
    ) -> InputPortBinding:
        """As an input that is copied before the step starts.

        Args:
            input_name: The input's name.
            path_on_compute: Where the copy is to be.
            overwrite: Whether it replaces what is there.
        """
        return InputPortBinding(
            input_name, self, mode=DOWNLOAD, path_on_compute=path_on_compute, overwrite=overwrite
        )

    def download(
        self,
        local_path: str,
        overwrite: Optional[bool] = None,
        show_progress: Optional[bool] = None,
    ) -> int:
        """Bring it here, with its whole path on the datastore below `local_path`.

        Args:
            local_path: The folder here.
            overwrite: Whether files that are here are replaced.
            show_progress: Whether the progress is shown.

        Returns:
            How many files were brought.
        """
        path, count = self.path_on_datastore, 0
        for prefix in self._prefixes(path):
            count += self.datastore.download(
                local_path, prefix, bool(overwrite), show_progress is not False
            )
        return count

    def _prefixes(self, path: str) -> List[str]:
        """How its files' paths begin: as the file itself, or below the folder that it is."""
        files = [each.path for each in self.datastore._files(path)]
        # Not by the name alone: `data` and `data2` lie side by side.
        below = [f"{path}/"] if any(each.startswith(f"{path}/") for each in files) else []
        return below or ([path] if path in files else [])

    def __repr__(self) -> str:
        return (
            f"PortDataReference(name={self.name!r}, datastore={self.datastore_name!r}, "
            f"path={self.path_on_datastore!r})"
        )


class StepRunOutput:
    """An output of a step run.

    Args:
        step_run: The step run.
        record: What the service tells of it.
    """

    def __init__(self, step_run: Any, record: OutputRecord) -> None:
        self.step_run = step_run
        self.name = record.name
        self._record = record

    @property
    def pipeline_run_id(self) -> str:
        """The pipeline run."""
        return str(self.step_run.pipeline_run_id)

    def get_port_data_reference(self) -> PortDataReference:
        """Where it lies."""
        return reference(self.step_run.experiment.workspace, self._record, self.pipeline_run_id)

    def __repr__(self) -> str:
        return f"StepRunOutput(name={self.name!r}, step_run={self.step_run.id!r})"


def reference(workspace: Any, record: OutputRecord, pipeline_run_id: str) -> PortDataReference:
    """The place of an output.

    Args:
        workspace: The workspace.
        record: What the service tells of it.
        pipeline_run_id: The pipeline run.
    """
    return PortDataReference(Datastore(workspace, record.datastore), record, pipeline_run_id)
