"""The part of a run that holds things: tags, properties, files, models, its snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.local_paths import naming
from runyard.sdk.run_base import RunBase
from runyard.sdk.tags import as_tags

if TYPE_CHECKING:
    from runyard.sdk.models import Model


class RunContents(RunBase):
    """A run with its tags, properties and files."""

    # Tags and properties

    def tag(self, key: str, value: Any = None) -> None:
        """Set a tag; the value becomes text."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; a later value replaces an earlier one."""
        self._change(tags=as_tags(tags))

    def remove_tags(self, tags: Any) -> None:
        """Remove tags, given by one name or a list of names."""
        self._change(removed_tags=[tags] if isinstance(tags, str) else [str(tag) for tag in tags])

    def get_tags(self) -> Dict[str, Optional[str]]:
        """Read the tags."""
        return dict(self._refresh().tags)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties; each is written once.

        Raises:
            UserErrorException: A property is there with another value, or they are no dict.
        """
        if not isinstance(properties, Mapping):
            raise UserErrorException(
                f"properties are {properties!r:.80}; give a dict, such as {{'author': 'me'}}"
            )
        self._change(properties={str(key): str(value) for key, value in properties.items()})

    def get_properties(self) -> Dict[str, str]:
        """Read the properties."""
        from runyard.sdk import run_details

        return run_details.properties(self._refresh())

    # Files

    def get_file_names(self) -> List[str]:
        """List the names of the run's files, sorted."""
        from runyard.sdk import run_files

        return sorted(record.path for record in run_files.records(self.service, self._id))

    def download_file(
        self, name: str, output_file_path: Optional[str] = None, _validate_checksum: bool = False
    ) -> None:
        """Write a file of the run here, replacing what is there.

        A download that was killed goes on when it is asked for again.

        Args:
            name: The file's path in the run.
            output_file_path: A path; a folder if it is one or ends in a slash. None is the file's
                own name here.

        Raises:
            UserErrorException: The run has no such file; the message lists the nearest.
        """
        from runyard.sdk import run_files

        run_files.download(self.service, self._id, name, output_file_path)

    def download_files(
        self,
        prefix: Optional[str] = None,
        output_directory: Optional[str] = None,
        output_paths: Optional[Sequence[str]] = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: Optional[int] = None,
    ) -> None:
        """Write all files whose path begins with `prefix` here, keeping their folders.

        Args:
            prefix: How the paths begin; None takes all.
            output_directory: The local folder; None is the current one.
            output_paths: One local path per file, in order of their names.
            batch_size: Taken for old scripts' sake.
            append_prefix: False leaves the prefix out of the local paths.
            timeout_seconds: Taken for old scripts' sake.
        """
        from runyard.sdk import run_files

        rows = run_files.records(self.service, self._id, prefix or "")
        names = sorted(record.path for record in rows)
        pairs = run_files.places(names, output_directory, output_paths, prefix or "", append_prefix)
        argument = "output_directory" if output_paths is None else "output_paths"
        with naming(argument, output_directory):
            run_files.download_many(self.service, pairs, self._id, rows)

    def upload_file(
        self, name: str, path_or_stream: Any, datastore_name: Optional[str] = None
    ) -> None:
        """Send a file to the run.

        Args:
            name: Its path in the run; with a slash at its end a folder, in which a local file
                keeps its own name.
            path_or_stream: A local path, or a stream open for reading.
            datastore_name: Taken for old scripts' sake.

        Raises:
            UserErrorException: The name is there with another content, or cannot stand beside
                the run's files: it is a folder of theirs, or leads through one.
        """
        from runyard.sdk import run_files

        run_files.upload_one(self.service, self._id, name, path_or_stream)

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[str],
        return_artifacts: bool = False,
        timeout_seconds: Optional[int] = None,
        datastore_name: Optional[str] = None,
    ) -> None:
        """Send several files, named one by one.

        Args:
            names: The paths in the run.
            paths: The local files, as many.
            return_artifacts: Whether what was stored is returned.
            timeout_seconds: Without effect.
            datastore_name: Without effect.
        """
        from runyard.sdk import run_files

        if len(names) != len(paths):
            raise UserErrorException(f"{len(names)} names were given for {len(paths)} paths")
        pairs = [run_files.named(name, path) for name, path in zip(names, paths)]
        run_files.upload(self.service, self._id, pairs)

    def upload_folder(self, name: str, path: str, datastore_name: Optional[str] = None) -> None:
        """Send all files below a local folder.

        One that was killed goes on when it is called again: what the service has is not sent twice.

        Args:
            name: Where they go in the run.
            path: The local folder.
            datastore_name: Taken for old scripts' sake.

        Raises:
            UserErrorException: There is no such folder.
        """
        from runyard.sdk import run_files

        base = "" if name in {"", ".", "./"} else run_files.run_path(name)
        with naming("the folder", path):
            folder = Path(path).expanduser()
            # `stat` raises for what is not there, and `naming` says so.
            if not folder.is_dir() and folder.stat():
                raise UserErrorException(f"the folder {str(path)!r} is a file: use upload_file")
            run_files.upload(self.service, self._id, run_files.below(folder, base))

    def get_all_logs(self, destination: Optional[str] = None) -> List[str]:
        """Write all logs to disk and give their paths.

        Args:
            destination: The folder; None is one named after the run's id here.
        """
        from runyard.protocol.files import LOG_KIND
        from runyard.sdk import run_files

        rows = run_files.records(self.service, self._id)
        names = sorted(row.path for row in rows if row.kind == LOG_KIND)
        pairs = run_files.places(names, destination or self._id, None, "", append_prefix=True)
        with naming("destination", destination or self._id):
            run_files.download_many(self.service, pairs, self._id, rows)
        return [str(place) for _, place in pairs]

    def register_model(
        self,
        model_name: str,
        model_path: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        model_framework: Optional[str] = None,
        model_framework_version: Optional[str] = None,
        description: Optional[str] = None,
        datasets: Any = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
        **_: Any,
    ) -> Model:
        """Register files of the run as the next version of a model; nothing is copied.

        In the run's own job, files that are still only in the working folder are sent first.

        Args:
            model_name: The model.
            model_path: A file or folder of the run, such as `outputs/model`; None is `model_name`.
            tags: The version's tags.
            properties: The version's properties, written once.
            model_framework: Such as `Model.Framework.TENSORFLOW`.
            model_framework_version: Its version.
            description: A description.
            datasets: Pairs such as `(Dataset.Scenario.TRAINING, dataset)`: what it was made with.
            sample_input_dataset: A dataset like what it is asked.
            sample_output_dataset: A dataset like what it answers.
            resource_configuration: What it would like to have where it is served without code.

        Raises:
            ModelPathNotFoundException: Nothing in the run matches; the message lists the nearest.
            WebserviceException: The name breaks the rule for names.
        """
        from runyard.sdk import model_orders, models

        order = model_orders.order(
            model_name,
            model_path if model_path is not None else model_name,
            tags,
            properties,
            description,
            model_framework,
            model_framework_version,
            resource_configuration,
        )
        if datasets or sample_input_dataset or sample_output_dataset:
            from runyard.sdk import model_datasets

            samples = (sample_input_dataset, sample_output_dataset)
            workspace = self.experiment.workspace
            order = model_datasets.added(order, workspace, datasets, samples)
        return models.register_from_run(self, order)

    # Snapshots

    def get_snapshot_id(self) -> Optional[str]:
        """Return the id of the run's snapshot, or None."""
        return self.get_properties().get("ContentSnapshotId")

    def take_snapshot(self, file_or_folder_path: str, **_: Any) -> str:
        """Keep a folder with the run and give the snapshot's id."""
        from runyard.sdk.source_snapshots import take_snapshot

        made = take_snapshot(self.service, file_or_folder_path)
        self.add_properties({"ContentSnapshotId": made})
        return made

    def restore_snapshot(
        self, snapshot_id: Optional[str] = None, path: Optional[str] = None
    ) -> str:
        """Write the run's snapshot here and give where it is.

        Args:
            snapshot_id: The snapshot; None is the run's.
            path: A folder to fill, or the name of a zip file to write; None is
                `<snapshot id>.zip` here.
        """
        from runyard.sdk import run_snapshots

        wanted = snapshot_id or self.get_snapshot_id()
        if wanted is None:
            raise UserErrorException(f"run {self._id} has no snapshot")
        with naming("path", path):
            return run_snapshots.restore(self.service, wanted, path)
