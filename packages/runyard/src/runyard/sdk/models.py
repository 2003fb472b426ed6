"""The model: a named, versioned set of files in a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Dict,
    List,
    Mapping,
    NoReturn,
    Optional,
    Sequence,
)

from runyard.protocol.errors import NotFound, RunNotFound
from runyard.protocol.suggestions import nearest
from runyard.sdk import checks, deployment, model_orders, paging, times
from runyard.sdk.exceptions import (
    NotOfferedYet,
    UserErrorException,
    WebserviceException,
    translated,
)
from runyard.sdk.model_changes import ModelChanges
from runyard.sdk.model_registry import RegistryEntry
from runyard.sdk.resources import ResourceConfiguration

if TYPE_CHECKING:
    import datetime as dt

    from runyard.protocol.models import ModelRecord, RegisterModel
    from runyard.sdk.run_base import RunBase
    from runyard.sdk.workspaces import Workspace

PORTAL = "models"


class Framework:
    """Names of the frameworks that a model may be of."""

    CUSTOM: ClassVar[str] = "Custom"
    MULTI: ClassVar[str] = "Multi"
    ONNX: ClassVar[str] = "Onnx"
    PYTORCH: ClassVar[str] = "PyTorch"
    SCIKITLEARN: ClassVar[str] = "ScikitLearn"
    TENSORFLOW: ClassVar[str] = "TensorFlow"
    TFKERAS: ClassVar[str] = "TfKeras"


class Model(RegistryEntry, ModelChanges):
    """A version of a registered model.

    Args:
        workspace: The workspace.
        name: Its name; the newest version that fits is taken. `name@alias` is the alias's.
        id: `name:version` in place of the name.
        tags: Tags it must have: `["key", ["key", "value"]]`.
        properties: Properties it must have, likewise.
        version: Its version; None is the newest.
        run_id: The run it must come from.
        model_framework: The framework it must be of.

    Raises:
        WebserviceException: There is none; the message begins with `ModelNotFound`.
    """

    Framework = Framework

    def __init__(
        self,
        workspace: Workspace,
        name: Optional[str] = None,
        id: Optional[str] = None,  # noqa: A002 - the v1 name
        tags: Optional[Sequence[Any]] = None,
        properties: Optional[Sequence[Any]] = None,
        version: Optional[int] = None,
        run_id: Optional[str] = None,
        model_framework: Optional[str] = None,
        expand: bool = True,
        _record: Optional[ModelRecord] = None,
        **_: Any,
    ) -> None:
        self._workspace = workspace
        if _record is None:
            key = id or (f"{name}:{version}" if name and version is not None else None)
            key = key or (name if name and "@" in name else None)
            wanted = model_orders.query(
                name, tags, properties, run_id, model_framework, latest=False
            )
            _record = _get(workspace, key) if key else _newest(workspace, wanted)
        self._record = _record

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self._workspace!r}, name={self.name}, id={self.id}, "
            f"version={self.version}, tags={self.tags}, properties={self.properties})"
        )

    def _repr_html_(self) -> str:
        from runyard.sdk import cards

        cells = {
            "Name": self.name,
            "Version": self.version,
            "Run": self.run_id,
            "Description": self.description,
            "Tags": cards.tags(self.tags),
        }
        return cards.row(cells)

    @property
    def workspace(self) -> Workspace:
        """The workspace."""
        return self._workspace

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def version(self) -> int:
        """The version, counting from 1."""
        return self._record.version

    @property
    def id(self) -> str:
        """`name:version`."""
        return self._record.id

    @property
    def properties(self) -> Dict[str, str]:
        """The properties as they were last read."""
        return dict(self._record.properties)

    @property
    def description(self) -> str:
        """The description."""
        return self._record.description

    @property
    def run_id(self) -> Optional[str]:
        """The run it came from, or None."""
        return self._record.run

    @property
    def run(self) -> Any:
        """The run it came from, or None."""
        return self._workspace.get_run(self._record.run) if self._record.run else None

    @property
    def experiment_name(self) -> Optional[str]:
        """The experiment of that run, or None."""
        return self._record.experiment

    @property
    def created_time(self) -> dt.datetime:
        """When it was registered, in UTC."""
        return times.moment(self._record.created_at)

    @property
    def model_framework(self) -> Optional[str]:
        """The framework, or None."""
        return self._record.framework or None

    @property
    def model_framework_version(self) -> Optional[str]:
        """The framework's version, or None."""
        return self._record.framework_version or None

    @property
    def url(self) -> str:
        """The model's address in the form of the v1 SDK."""
        return f"aml://asset/{self.id}"

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return self._record.size

    @property
    def resource_configuration(self) -> Optional[ResourceConfiguration]:
        """What it would like to have where it is served; None where it does not say."""
        found = self._record.resources
        if found.cpus is None and found.memory_gb is None and found.gpus is None:
            return None
        return ResourceConfiguration(found.cpus, found.memory_gb, found.gpus)

    @property
    def datasets(self) -> Dict[str, List[Any]]:
        """The datasets that it was registered with, by what they were for."""
        from runyard.sdk import model_datasets

        return model_datasets.of(self.workspace, self.id)

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str,
        model_name: str,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        datasets: Any = None,
        model_framework: Optional[str] = None,
        model_framework_version: Optional[str] = None,
        child_paths: Optional[Sequence[str]] = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
    ) -> Model:
        """Register a local file or folder as the next version of a model.

        Args:
            workspace: The workspace.
            model_path: The local file or folder.
            model_name: The model.
            tags: The version's tags.
            properties: The version's properties, written once.
            description: A description.
            datasets: Pairs such as `(Dataset.Scenario.TRAINING, dataset)`: what it was made with.
            model_framework: Such as `Model.Framework.TENSORFLOW`.
            model_framework_version: Its version.
            child_paths: Only these files and folders below `model_path`.
            sample_input_dataset: A dataset like what it is asked.
            sample_output_dataset: A dataset like what it answers.
            resource_configuration: What it would like to have where it is served without code.

        Raises:
            WebserviceException: The path does not exist, or the name breaks the rule for names.
        """
        from runyard.sdk import model_files

        made = model_orders.order(
            model_name,
            "",
            tags,
            properties,
            description,
            model_framework,
            model_framework_version,
            resource_configuration,
        )
        samples = (sample_input_dataset, sample_output_dataset)
        if datasets or any(samples):
            from runyard.sdk import model_datasets

            made = model_datasets.added(made, workspace, datasets, samples)
        files = model_files.local(model_path, child_paths)
        print(f"Registering model {model_name}")  # noqa: T201 - v1 users see this line
        record = model_files.register(workspace.service, made, model_path, files)
        return Model(workspace, _record=record)

    @staticmethod
    def list(
        workspace: Workspace,
        name: Optional[str] = None,
        tags: Optional[Sequence[Any]] = None,
        properties: Optional[Sequence[Any]] = None,
        run_id: Optional[str] = None,
        latest: bool = False,
        dataset_id: Optional[str] = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: Optional[str] = None,
    ) -> List[Model]:
        """List model versions, newest first.

        Args:
            workspace: The workspace.
            name: Only this model.
            tags: `["key", ["key", "value"]]`: only those that have them all.
            properties: The same for properties.
            run_id: Only those from this run.
            latest: Only the newest version of each model.
            dataset_id: Only those that were registered with this dataset.
            expand: Taken for old scripts' sake.
            page_count: Taken for old scripts' sake.
            model_framework: Only those of this framework.
        """
        checks.workspace(workspace)
        query = model_orders.query(name, tags, properties, run_id, model_framework, latest)
        rows = paging.items(workspace.service.models.list(query))
        if dataset_id:
            from runyard.sdk import model_datasets

            wanted = model_datasets.with_dataset(workspace, dataset_id)
            return [Model(workspace, _record=row) for row in rows if row.id in wanted]
        return [Model(workspace, _record=row) for row in rows]

    @staticmethod
    def get_model_path(
        model_name: str, version: Optional[int] = None, _workspace: Optional[Workspace] = None
    ) -> str:
        """Find where a model's files are, bringing them here in a job.

        In a job the model is downloaded to `azureml-models/<name>/<version>/`; where a model is
        served, its folder is found. In a notebook there is neither: use `download`.

        Args:
            model_name: The model.
            version: Its version; None is the newest.

        Returns:
            The model's one file or folder.

        Raises:
            ModelNotFoundException: There is none; the message says where was looked.
        """
        from runyard.sdk import model_paths

        def look_up(workspace: Workspace) -> Model:
            return Model(workspace, model_name, version=version)

        return model_paths.find(model_name, version, _workspace, look_up)

    def download(
        self, target_dir: str = ".", exist_ok: bool = False, exists_ok: Optional[bool] = None
    ) -> str:
        """Bring the model's files here: `outputs/model` becomes `<target_dir>/model/…`.

        Args:
            target_dir: The folder; it is made.
            exist_ok: Replace files that are there.
            exists_ok: An older name of `exist_ok`.

        Returns:
            The path of the file or folder.

        Raises:
            WebserviceException: A file is there and `exist_ok` is not given.
        """
        from runyard.sdk import model_files

        replace_ = exist_ok if exists_ok is None else exists_ok
        return model_files.download(self._workspace.service, self._files(), target_dir, replace_)

    def get_sas_urls(self) -> NoReturn:
        """Refuse: no address of a file is open to whoever knows it.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet("Model.get_sas_urls", "model.download(target_dir)")

    def serialize(self) -> Dict[str, Any]:
        """Return the model as a dict in the names of the v1 SDK."""
        record, wishes = self._record, self.resource_configuration
        return {
            "id": record.id,
            "name": record.name,
            "version": record.version,
            "createdTime": record.created_at,
            "description": record.description,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "properties": dict(record.properties),
            "tags": dict(record.tags),
            "url": self.url,
            "runId": record.run,
            "experimentName": record.experiment,
            "resourceRequirements": wishes.serialize() if wishes else None,
        }

    @staticmethod
    def package(
        workspace: Workspace,
        models: Sequence[Any],
        inference_config: Any = None,
        generate_dockerfile: bool = False,
        image_name: Optional[str] = None,
        image_label: Optional[str] = None,
    ) -> Any:
        """Pack models with what serves them, and return at once.

        Args:
            workspace: The workspace.
            models: Models, ids (`name` or `name:version`), and local paths to be registered.
            inference_config: An InferenceConfig: the script and what it needs. None: the one
                model's framework says how it is served.
            generate_dockerfile: Make a Dockerfile with all that it needs, which `save` writes into
                a folder, in place of an image, which this machine's Docker or Podman builds.
            image_name: What the image is called; None: `package`.
            image_label: Its label; None: `latest`.

        Returns:
            A ModelPackage; `wait_for_creation` waits for it.

        Raises:
            WebserviceException: Something makes no sense, or there is no container engine; all of
                it is named.
        """
        return deployment.verb("package", "Model.package")(
            workspace, models, inference_config, image_name, image_label, generate_dockerfile
        )

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        models: Sequence[Any],
        inference_config: Any = None,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> Any:
        """Deploy models as a web service, and return at once.

        Args:
            workspace: The workspace.
            name: The service's name: 3 to 32 lower-case letters, digits and dashes.
            models: Models, ids (`name` or `name:version`), and local paths to be registered.
            inference_config: An InferenceConfig: the script and what it needs. None: the one
                model's framework says how it is served.
            deployment_config: What `deploy_configuration` of a kind of web service gives; None: an
                AciWebservice, on an AKS target an AksWebservice.
            deployment_target: An AKS target.
            overwrite: Replace a service of that name, without a failed request.
            show_output: Print what is deployed.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        return deployment.verb("deploy", "Model.deploy")(
            workspace,
            name,
            models,
            inference_config,
            deployment_config,
            deployment_target,
            overwrite,
            show_output,
        )

    @staticmethod
    def profile(*arguments: Any, **named: Any) -> Any:
        """Measure what CPU and memory models need behind a script; see the guide of v1's services.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        return deployment.verb("profile", "Model.profile")(*arguments, **named)

    @staticmethod
    def print_configuration(
        models: Sequence[Any],
        inference_config: Any,
        deployment_config: Any,
        deployment_target: Any,
    ) -> None:
        """Print what a deployment is made of.

        Args:
            models: Its models.
            inference_config: The script and what it needs.
            deployment_config: How it is to run.
            deployment_target: Where.
        """
        deployment.verb("print_configuration", "Model.print_configuration")(
            models, inference_config, deployment_config, deployment_target
        )

    def _files(self) -> ModelRecord:
        """Read the record with its files, which lists leave out."""
        if not self._record.files:
            self._record = _get(self._workspace, self.id)
        return self._record


def register_from_run(run: RunBase, made: RegisterModel) -> Model:
    """Register files of a run; while it goes on, here or in its own job, live ones are sent first.

    Raises:
        ModelPathNotFoundException: Nothing matches; the message lists the nearest.
    """
    from dataclasses import replace

    from runyard.sdk import run_files

    path = _model_path(made.path)
    if run._in_own_job():
        # Outputs of a job are sent at its end, and a script registers its model before that.
        run_files.live(run.service, run.id, path)
    elif run._interactive is not None:
        run._interactive.send(path)
    with translated():
        try:
            record = run.service.models.register(replace(made, run=run.id, path=path or "."))
        except RunNotFound:
            # A missing run says so itself, and not that the path matches nothing.
            raise
        except NotFound as error:
            names = [row.path for row in run_files.records(run.service, run.id)]
            raise run_files.no_model_path(made.path, names) from error
    return Model(run.experiment.workspace, _record=record)


def _model_path(path: str) -> str:
    """Normalize a path of a run's files; `./` and "" mean all of them."""
    from runyard.sdk import run_files

    if not isinstance(path, (str, Path)):
        raise UserErrorException(f"model_path is a text such as 'outputs/model', not {path!r}")
    return "" if str(path).strip() in {"", ".", "./"} else run_files.run_path(path)


def _get(workspace: Workspace, key: str) -> ModelRecord:
    with translated():
        return workspace.service.models.get(key)


def _newest(workspace: Workspace, query: Any) -> ModelRecord:
    # Newest first, so the first page has it.
    found = next(paging.items(workspace.service.models.list(query)), None)
    if found is None:
        raise _not_found(workspace, query.name)
    record: ModelRecord = found
    return record


def _not_found(workspace: Workspace, name: Optional[str]) -> WebserviceException:
    names = sorted(workspace.models)
    near = nearest(name or "", names) or names[:10]
    there = f"there are: {', '.join(near)}" if near else "there is none yet"
    what = f"no model {name!r}" if name else "no model"
    # As v1's message begins.
    return WebserviceException(
        f"ModelNotFound: {what} that fits in workspace {workspace.name!r}; {there}", 404
    )
