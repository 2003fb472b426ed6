"""The workspace: the top-level place that holds everything a team creates.

`Workspace.from_config()` finds the project's workspace, and where there is no config file the
embedded default one, so that a first script needs no preparation.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, ClassVar, Dict, List, Mapping, Optional

from runyard.sdk import checks, deployment, workspace_config, workspace_details, workspace_lookup
from runyard.sdk.default_clusters import DefaultCluster
from runyard.sdk.exceptions import (
    NotOfferedYet,
    UserErrorException,
    WorkspaceException,
    translated,
)
from runyard.sdk.workspace_config import WorkspaceConfig
from runyard.sdk.workspace_refusals import WorkspaceRefusals

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.connection import Connection
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.workspaces import ChangeWorkspace, WorkspaceRecord
    from runyard.sdk.compute import ComputeTarget
    from runyard.sdk.datastores import Datastore
    from runyard.sdk.endpoints import Endpoint
    from runyard.sdk.environments import Environment
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.models import Model
    from runyard.sdk.runs import Run
    from runyard.sdk.secrets import Keyvault
    from runyard.sdk.trash import Deleted


class Workspace(WorkspaceRefusals):
    """A workspace that exists.

    Args:
        subscription_id: Its subscription, a name like any other here.
        resource_group: Its resource group, likewise.
        workspace_name: Its name.
        auth: Taken for old scripts' sake; the service's own token is what counts.

    Raises:
        WorkspaceException: There is no such workspace; the message lists the nearest.
    """

    DEFAULT_CPU_CLUSTER_NAME: ClassVar[str] = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_NAME: ClassVar[str] = "gpu-cluster"
    DEFAULT_CPU_CLUSTER_CONFIGURATION = DefaultCluster("STANDARD_D2_V2", max_nodes=2)
    DEFAULT_GPU_CLUSTER_CONFIGURATION = DefaultCluster("STANDARD_NC6", max_nodes=2)

    def __init__(
        self,
        subscription_id: str,
        resource_group: str,
        workspace_name: str,
        auth: Any = None,
        _record: Optional[WorkspaceRecord] = None,
        _connection: Optional[Connection] = None,
        _id: Optional[str] = None,
        **_: Any,
    ) -> None:
        from runyard.client import home
        from runyard.client.workspace import WorkspaceClient

        self._auth = auth
        connection = _connection or workspace_lookup.connect()
        # The embedded default one is known by its id: nothing is asked before it is used.
        if _record is None and _id is None:
            wanted = WorkspaceConfig(workspace_name, subscription_id, resource_group)
            _record = workspace_lookup.existing(connection, wanted)
        self._known = _record
        self._service = WorkspaceClient(connection, _record.id if _record else str(_id))
        with contextlib.suppress(FileNotFoundError):
            # Mostly there is nothing: looking costs less than importing what brings it.
            if any((home.locate() / "spool").iterdir()):
                from runyard.sdk import sessions

                sessions.bring_leftovers(self._service)

    def __repr__(self) -> str:
        return (
            f"Workspace.create(name={self.name!r}, subscription_id={self.subscription_id!r}, "
            f"resource_group={self.resource_group!r})"
        )

    def _repr_html_(self) -> str:
        from runyard.sdk import cards

        cells = {
            "Name": self.name,
            "Subscription": self.subscription_id,
            "Resource group": self.resource_group,
            "Location": self.location,
            "Service": self.discovery_url,
        }
        return cards.row(cells)

    @property
    def service(self) -> WorkspaceClient:
        """What speaks to this workspace on its service."""
        return self._service

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def subscription_id(self) -> str:
        """The subscription."""
        return self._record.subscription_id

    @property
    def resource_group(self) -> str:
        """The resource group."""
        return self._record.resource_group

    @property
    def location(self) -> str:
        """The location; `local` for a service of one's own."""
        return self._record.location

    @property
    def sku(self) -> str:
        """The edition, as v1 users know it."""
        return self._record.sku

    @property
    def tags(self) -> Dict[str, str]:
        """The tags."""
        return dict(self._record.tags)

    @property
    def as_of(self) -> Optional[str]:
        """The day of packages where nothing else has one; None for that of the service."""
        return self._refresh().as_of or None

    @property
    def discovery_url(self) -> str:
        """Where the service listens."""
        return self._service.connection.url

    @property
    def default_datastore_name(self) -> str:
        """The name of the default datastore."""
        return self._refresh().default_datastore

    # Private in v1, too; its samples and its users' scripts read them all the same.
    _workspace_name, _subscription_id, _resource_group = name, subscription_id, resource_group

    @property
    def _workspace_id(self) -> str:
        return self._service.id

    @property
    def _auth_object(self) -> Any:
        return self._auth

    @staticmethod
    def from_config(
        path: Optional[str] = None,
        auth: Any = None,
        _logger: Any = None,
        _file_name: Optional[str] = None,
    ) -> Workspace:
        """Find the workspace that the project's config file names.

        Looked for from `path` upwards: `.azureml/config.json` first, at any height, then
        `aml_config/config.json`, then a plain `config.json`. A workspace that this service does
        not have yet is created. Without a file and without `path`: the embedded default workspace
        (in a job, the job's own).

        Args:
            path: A config file, or the folder to look from.
            auth: Taken for old scripts' sake.

        Raises:
            UserErrorException: No config file was found from `path`, or it makes no sense.
        """
        found = workspace_config.find(path, _file_name)
        if found is not None:
            return _configured(workspace_config.read(found), found, auth)
        if path is not None or _file_name is not None:
            raise UserErrorException(
                f"no workspace config file was found from {os.path.abspath(path or '.')!r} "  # noqa: PTH100 - for show
                "upwards; write one with ws.write_config(), or leave the path away to use the "
                "embedded default workspace"
            )
        return _job_workspace() or _default_workspace(auth)

    @staticmethod
    def create(
        name: str,
        auth: Any = None,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        location: Optional[str] = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: Optional[Dict[str, str]] = None,
        friendly_name: Optional[str] = None,
        exist_ok: bool = False,
        show_output: bool = True,
        **_: Any,
    ) -> Workspace:
        """Make a workspace.

        Args:
            name: Its name.
            auth: Taken for old scripts' sake.
            subscription_id: Its subscription, any text.
            resource_group: Its resource group, any text.
            location: Its location, any text.
            create_resource_group: Taken for old scripts' sake; a group is only a name here.
            sku: Taken for old scripts' sake.
            tags: Its tags.
            friendly_name: A name for people.
            exist_ok: An existing workspace of that name is the answer.
            show_output: Taken for old scripts' sake; there is nothing to wait for.

        Raises:
            UserErrorException: The name is wrong or taken.
        """
        from runyard.client.workspaces import Workspaces
        from runyard.protocol import workspaces as protocol

        order = protocol.CreateWorkspace(
            name=name,
            subscription_id=subscription_id or protocol.DEFAULT_SUBSCRIPTION,
            resource_group=resource_group or protocol.DEFAULT_RESOURCE_GROUP,
            location=location or protocol.DEFAULT_LOCATION,
            friendly_name=friendly_name or "",
            tags=dict(tags or {}),
            exist_ok=exist_ok,
        )
        connection = workspace_lookup.connect()
        with translated():
            record = Workspaces(connection).create(order)
        return of_record(record, connection, auth)

    @staticmethod
    def get(
        name: str,
        auth: Any = None,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        location: Optional[str] = None,
        **_: Any,
    ) -> Workspace:
        """Get a workspace by name, and by subscription and resource group where it is ambiguous.

        Args:
            name: The workspace's name.
            auth: Without effect.
            subscription_id: Only of this subscription; None for any.
            resource_group: Only of this group; None for any.
            location: Only at this location; None for any.
            **_: Taken for old scripts' sake.

        Raises:
            WorkspaceException: There is none, or there are several.
        """
        connection = workspace_lookup.connect()
        found = workspace_lookup.matching(connection, name, subscription_id, resource_group)
        found = [record for record in found if location in (None, record.location)]
        if len(found) > 1:
            places = ", ".join(f"{r.subscription_id}/{r.resource_group}" for r in found)
            raise WorkspaceException(
                f"several workspaces are named {name!r}: {places}; give subscription_id and "
                "resource_group"
            )
        if not found:
            raise workspace_lookup.unknown(connection, name)
        return of_record(found[0], connection, auth)

    @staticmethod
    def list(
        subscription_id: Optional[str] = None,
        auth: Any = None,
        resource_group: Optional[str] = None,
    ) -> Dict[str, List[Workspace]]:
        """List all workspaces, by name; one name may stand in several resource groups.

        Args:
            subscription_id: Only of this subscription; None for any.
            auth: Without effect.
            resource_group: Only of this group; None for any.
        """
        connection = workspace_lookup.connect()
        found: Dict[str, List[Workspace]] = {}
        for record in workspace_lookup.matching(connection, None, subscription_id, resource_group):
            found.setdefault(record.name, []).append(of_record(record, connection, auth))
        return found

    def get_details(self) -> Dict[str, Any]:
        """Read what is known of this workspace, in the names of the v1 SDK."""
        record = self._refresh()
        return workspace_details.of(record, self.discovery_url)

    def write_config(self, path: Optional[str] = None, file_name: Optional[str] = None) -> None:
        """Write the config file that `from_config` finds.

        Args:
            path: The project's folder; None for the current one.
            file_name: The file's name; None for `config.json`.
        """
        config = WorkspaceConfig(self.name, self.subscription_id, self.resource_group)
        workspace_config.write(config, path, file_name)

    def get_default_datastore(self) -> Datastore:
        """Find the default datastore."""
        from runyard.sdk.datastores import Datastore

        return Datastore(self)

    def set_default_datastore(self, name: str) -> None:
        """Choose the default datastore.

        Raises:
            UserErrorException: There is no datastore of that name.
        """
        from runyard.protocol.workspaces import ChangeWorkspace

        self._change(ChangeWorkspace(default_datastore=name))

    def update(
        self,
        friendly_name: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        *,
        as_of: Optional[str] = None,
        **_: Any,
    ) -> Dict[str, Any]:
        """Change the name for people, the tags or the day of packages; give the details.

        Args:
            friendly_name: The name for people; None leaves it.
            description: Not offered: None.
            tags: All tags from now on; None leaves them.
            as_of: The day, as `2019-08-01`, of which packages without a version are where neither
                an environment nor its framework has a day; `now` for the newest, "" for what the
                service's settings say, None leaves it.
            **_: Taken for old scripts' sake.

        Raises:
            UserErrorException: The day is none.
        """
        from runyard.protocol.workspaces import ChangeWorkspace

        if description is not None:
            raise NotOfferedYet("Workspace.update(description=…)", "tags")
        day = checks.day("as_of", as_of) if as_of else as_of
        self._change(ChangeWorkspace(friendly_name=friendly_name, tags=tags, as_of=day))
        return self.get_details()

    def get_run(self, run_id: str) -> Run:
        """Get a run of this workspace by its id.

        Raises:
            UserErrorException: There is none.
        """
        from runyard.sdk.runs import Run

        return Run.get(self, run_id)

    def get_default_compute_target(self, type: str) -> Optional[ComputeTarget]:  # noqa: A002 - v1
        """Find the cluster named `cpu-cluster` or `gpu-cluster`, or None.

        Args:
            type: `CPU` or `GPU`.
        """
        names = {"CPU": self.DEFAULT_CPU_CLUSTER_NAME, "GPU": self.DEFAULT_GPU_CLUSTER_NAME}
        if str(type).upper() not in names:
            raise UserErrorException(f"type is {type!r}; it is 'CPU' or 'GPU'")
        return self.compute_targets.get(names[str(type).upper()])

    def _experiment(self, name: str) -> Experiment:
        """The experiment of that name, which is certain to be there: a run is in it."""
        from runyard.sdk.experiments import Experiment

        return Experiment(self, name, _skip_name_validation=True, _create_in_cloud=False)

    @property
    def experiments(self) -> Dict[str, Experiment]:
        """All experiments, by name."""
        from runyard.sdk.experiments import Experiment

        return {experiment.name: experiment for experiment in Experiment.list(self)}

    @property
    def datastores(self) -> Dict[str, Datastore]:
        """All datastores, by name."""
        from runyard.sdk.datastores import Datastore

        return Datastore._list(self)

    @property
    def models(self) -> Dict[str, Model]:
        """The latest version of each model, by name."""
        from runyard.sdk.models import Model

        return {model.name: model for model in Model.list(self, latest=True)}

    @property
    def compute_targets(self) -> Dict[str, ComputeTarget]:
        """All compute targets, by name."""
        from runyard.sdk.compute import ComputeTarget

        return {target.name: target for target in ComputeTarget.list(self)}

    @property
    def environments(self) -> Dict[str, Environment]:
        """The latest version of each environment, by name."""
        from runyard.sdk.environments import Environment

        return dict(Environment.list(self))

    @property
    def endpoints(self) -> Dict[str, Endpoint]:
        """All endpoints, by name."""
        from runyard.sdk.endpoints import Endpoint

        return {endpoint.name: endpoint for endpoint in Endpoint.list(self)}

    @property
    def webservices(self) -> Dict[str, Any]:
        """All web services, by name."""
        found: Dict[str, Any] = deployment.verb("webservices", "Workspace.webservices")(self)
        return found

    @property
    def images(self) -> Dict[str, Any]:
        """The newest version of each image, by name."""
        found: Dict[str, Any] = deployment.verb("images", "Workspace.images")(self)
        return found

    @property
    def datasets(self) -> Mapping[str, Any]:
        """The latest version of each registered dataset, by name."""
        from runyard.sdk.dataset_factories import RegisteredDatasets

        return RegisteredDatasets(self)

    def get_default_keyvault(self) -> Keyvault:
        """The workspace's secrets."""
        from runyard.sdk.secrets import Keyvault

        return Keyvault(self)

    def get_mlflow_tracking_uri(self, _with_auth: bool = False) -> str:
        """Where MLflow's client finds this workspace: for `mlflow.set_tracking_uri`.

        The token that it has to show is put into this process's environment, where it looks.

        Args:
            _with_auth: Taken for old scripts' sake.
        """
        from runyard.protocol import mlflow

        address = self._service.connection
        given = mlflow.variables(address.url, self._service.id, address.token)
        os.environ[mlflow.TOKEN_VARIABLE] = given[mlflow.TOKEN_VARIABLE]
        # Else the client would send these, which are of another server.
        for name in mlflow.OTHERS:
            os.environ.pop(name, None)
        return given[mlflow.URI_VARIABLE]

    def trash(self) -> List[Deleted]:
        """List what was deleted and may come back, the last deleted first."""
        from runyard.sdk import trash

        return trash.everything(self._service)

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Delete the workspace with all that it holds.

        `runyard workspaces restore NAME` brings it back for a week.

        Args:
            delete_dependent_resources: Taken for old scripts' sake: all is deleted.
            no_wait: Taken for old scripts' sake.

        Raises:
            UserErrorException: Runs go on in it, or it has endpoints.
        """
        from runyard.client.workspaces import Workspaces

        with translated():
            Workspaces(self._service.connection).delete(self._service.id)

    @property
    def _record(self) -> WorkspaceRecord:
        """What was read last; of a workspace that is certain to exist it is read when needed."""
        return self._refresh() if self._known is None else self._known

    def _refresh(self) -> WorkspaceRecord:
        from runyard.client.workspaces import Workspaces

        with translated():
            self._known = Workspaces(self._service.connection).get(self._service.id)
        return self._known

    def _change(self, change: ChangeWorkspace) -> None:
        from runyard.client.workspaces import Workspaces

        with translated():
            self._known = Workspaces(self._service.connection).change(self._service.id, change)


def of_record(record: WorkspaceRecord, connection: Connection, auth: Any = None) -> Workspace:
    """Make the workspace of a record that has been read already.

    Args:
        record: The record.
        connection: The service that has it.
        auth: Taken for old scripts' sake.
    """
    return Workspace(
        record.subscription_id,
        record.resource_group,
        record.name,
        auth,
        _record=record,
        _connection=connection,
    )


def _configured(config: WorkspaceConfig, path: Path, auth: Any) -> Workspace:
    """Find the workspace that a config file names, created if the service does not have it."""
    from runyard.client.workspaces import Workspaces
    from runyard.protocol.workspaces import CreateWorkspace

    own = _job_workspace()
    if own is not None:
        if (own.name, own.resource_group) == (config.name, config.resource_group):
            return own
        raise UserErrorException(
            f"{path} names the workspace {config.name!r}, and this job belongs to {own.name!r}; a "
            "job reaches its own workspace alone: use Run.get_context().experiment.workspace"
        )
    connection = workspace_lookup.connect(config.url)
    found = workspace_lookup.find(connection, config)
    if found is None:
        # Two scripts may come with one new file at once.
        order = CreateWorkspace(
            config.name, config.subscription_id, config.resource_group, exist_ok=True
        )
        with translated():
            found = Workspaces(connection).create(order)
    return of_record(found, connection, auth)


def _default_workspace(auth: Any) -> Workspace:
    """Find the embedded default workspace, made if it is not there."""
    connection = workspace_lookup.connect()

    from runyard.protocol import workspaces as protocol
    from runyard.protocol.service import URL_VARIABLE

    triple = (
        protocol.DEFAULT_SUBSCRIPTION,
        protocol.DEFAULT_RESOURCE_GROUP,
        protocol.DEFAULT_WORKSPACE,
    )
    if not os.environ.get(URL_VARIABLE):
        # A service of one's own has it from its first start on, so nobody waits to ask for it.
        return Workspace(*triple, auth, _connection=connection, _id=protocol.DEFAULT_WORKSPACE)
    subscription, group, name = triple
    found = workspace_lookup.find(connection, WorkspaceConfig(name, subscription, group))
    if found is not None:
        return of_record(found, connection, auth)
    return Workspace.create(name, auth, exist_ok=True)


def _job_workspace() -> Optional[Workspace]:
    """Find the workspace of the job in which this runs; None outside a job."""
    if not os.environ.get("RUNYARD_RUN_ID"):
        return None
    from runyard.protocol.jobs import WORKSPACE_VARIABLE

    own = os.environ.get(WORKSPACE_VARIABLE)
    if not own:
        return None
    from runyard.client.workspaces import Workspaces

    connection = workspace_lookup.connect()
    with translated():
        return of_record(Workspaces(connection).get(own), connection)
