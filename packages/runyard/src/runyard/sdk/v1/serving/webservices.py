"""`Webservice`: a model that answers over HTTP, whatever kind of service it was deployed as."""

from __future__ import annotations

import time
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
    cast,
)

from runyard.sdk import checks, paging
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.serving import (
    changing,
    deploying,
    documents,
    image_deployment,
    queries,
    refusals,
    scoring,
    waiting,
)
from runyard.sdk.v1.serving.settings import COMPUTE_TYPES
from runyard.sdk.v1.serving.shown import Shown

if TYPE_CHECKING:
    import datetime as dt

    from typing_extensions import Self

    from runyard.protocol.endpoints import EndpointRecord
    from runyard.sdk.v1.serving.configurations import WebserviceDeploymentConfiguration
    from runyard.sdk.v1.serving.parts import WebServiceAccessToken
    from runyard.sdk.workspaces import Workspace

_CLASSES: Dict[str, Type[Webservice]] = {}


class Webservice(Shown):
    """A web service of a workspace, as an object of the class that stands for its kind.

    Args:
        workspace: The workspace.
        name: The service's name.

    Raises:
        WebserviceException: There is none; the message begins with `WebserviceNotFound`.
    """

    # v1's scripts make a Webservice of a name, and are given an AciWebservice.
    def __new__(cls, workspace: Workspace, name: str, **_: Any) -> Self:
        """Make an object of the class that stands for the service's kind."""
        checks.workspace(workspace)
        with refusals.told():
            record = workspace.service.endpoints.get(name)
        return cast("Self", cls._of(workspace, record))

    def __init__(self, workspace: Workspace, name: str) -> None:
        # `__new__` has read everything.
        del workspace, name

    def __init_subclass__(cls, kind: str = "", **kwargs: Any) -> None:
        """Register the class that services of a kind are made of.

        Args:
            kind: The kind, as the protocol names it.
            kwargs: What other base classes take.
        """
        super().__init_subclass__(**kwargs)
        # Versions, and classes that users derive, stand for no kind of their own.
        if kind:
            _CLASSES[kind] = cls

    @classmethod
    def _of(cls, workspace: Workspace, record: EndpointRecord) -> Webservice:
        # Endpoints that were made by `runyard.Endpoint` are listed as well, and are of no kind of
        # v1's.
        kind = _CLASSES.get(record.kind, Webservice)
        if not issubclass(kind, cls):
            shown = COMPUTE_TYPES.get(record.kind, record.kind)
            raise WebserviceException(
                f"service {record.name!r} is no {cls.__name__}, it is of the kind {shown}: use "
                f"Webservice(workspace, {record.name!r})"
            )
        made = object.__new__(kind)
        made.workspace = workspace
        made._record = record
        made._authorization = ""
        made._settled = False
        return made

    # Deployment, as in 2019.

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        model_paths: Any,
        image_config: Any,
        deployment_config: Optional[WebserviceDeploymentConfiguration] = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> Webservice:
        """Register local models, make an image with them, and deploy it.

        Args:
            workspace: The workspace.
            name: The service's name.
            model_paths: Local files and folders.
            image_config: What `ContainerImage.image_configuration` gives.
            deployment_config: How the service is to run; None as an AciWebservice.
            deployment_target: An AKS target.
            overwrite: Replace a service of that name.
        """
        return Webservice.deploy_from_model(
            workspace,
            name,
            model_paths,
            image_config,
            deployment_config,
            deployment_target,
            overwrite,
        )

    @staticmethod
    def deploy_from_model(
        workspace: Workspace,
        name: str,
        models: Any,
        image_config: Any,
        deployment_config: Optional[WebserviceDeploymentConfiguration] = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> Webservice:
        """Make an image with models, and deploy it; returns at once.

        Args:
            workspace: The workspace.
            name: The service's name, and the image's.
            models: Models, ids and local paths.
            image_config: What `ContainerImage.image_configuration` gives, or an InferenceConfig.
            deployment_config: How the service is to run; None as an AciWebservice.
            deployment_target: An AKS target.
            overwrite: Replace a service of that name.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        record = image_deployment.from_models(
            workspace, name, models, image_config, deployment_config, deployment_target, overwrite
        )
        return Webservice._of(workspace, record)

    @staticmethod
    def deploy_from_image(
        workspace: Workspace,
        name: str,
        image: Any,
        deployment_config: Optional[WebserviceDeploymentConfiguration] = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> Webservice:
        """Deploy an image; returns at once.

        Args:
            workspace: The workspace.
            name: The service's name.
            image: The image.
            deployment_config: How the service is to run; None as an AciWebservice.
            deployment_target: An AKS target.
            overwrite: Replace a service of that name.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        record = image_deployment.from_image(
            workspace, name, image, deployment_config, deployment_target, overwrite
        )
        return Webservice._of(workspace, record)

    @staticmethod
    def list(
        workspace: Workspace,
        compute_type: Optional[str] = None,
        image_name: Optional[str] = None,
        image_id: Optional[str] = None,
        model_name: Optional[str] = None,
        model_id: Optional[str] = None,
        tags: Optional[Sequence[Any]] = None,
        properties: Optional[Sequence[Any]] = None,
        image_digest: Optional[str] = None,
    ) -> List[Webservice]:
        """List the services of a workspace, newest first.

        Args:
            workspace: The workspace.
            compute_type: Only `ACI`, `AKS`, `AKSENDPOINT` or `Local`.
            image_name: Only those of an image of this name.
            image_id: Only those of this image.
            model_name: Only those with a model of this name.
            model_id: Only those with this model, `name:version`.
            tags: `["key", ["key", "value"]]`: only those that have them all.
            properties: The same for properties.
            image_digest: Only those of the image with this digest.
        """
        checks.workspace(workspace)
        query = queries.query(compute_type, model_name, model_id, tags, properties)
        found = paging.items(workspace.service.endpoints.list(query))
        images = (image_name, image_id, image_digest)
        return [
            Webservice._of(workspace, one) for one in found if queries.is_of_image(one, *images)
        ]

    # What it is doing.

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: Optional[float] = None
    ) -> None:
        """Wait until the last thing that was asked for is done.

        Args:
            show_output: Print states.
            timeout_sec: Seconds after which to give up; the deployment goes on.

        Raises:
            WebserviceException: It failed: state, error and the end of the log are in the message.
        """
        waiting.hosted(self, show_output, timeout_sec)

    def run(self, input_data: Union[str, bytes]) -> Any:
        """Call the service and give its answer as parsed JSON.

        Args:
            input_data: The body: a text or bytes.

        Raises:
            WebserviceException: It has no address yet, or refused.
        """
        if not self.scoring_uri:
            self.update_deployment_state()
        if not self.scoring_uri:
            raise WebserviceException(
                "Error attempting to call webservice, scoring_uri unavailable. This could be due "
                "to a failed deployment, or the service is not ready yet.\n"
                f"Current State: {self.state}\nErrors: {self.error}"
            )
        answer = self._post(input_data)
        if answer.status == scoring.UNAUTHORIZED:
            # Meanwhile a key has been replaced, or somebody has switched keys on.
            self.update_deployment_state()
            self._authorization = ""
            answer = self._post(input_data)
        self._answered = time.monotonic()
        return scoring.parsed(answer)

    def _post(self, input_data: Union[str, bytes]) -> scoring.Answer:
        return scoring.post(str(self.scoring_uri), input_data, self._authorized(), self._only)

    def _authorized(self) -> str:
        """The Authorization header, with the service's own key or token."""
        if not self._authorization:
            secret = ""
            if self.auth_enabled:
                secret = self.get_keys()[0]
            elif self.token_auth_enabled:
                secret = self._token().access_token
            self._authorization = f"Bearer {secret}" if secret else ""
        return self._authorization

    def _token(self) -> WebServiceAccessToken:
        raise NotImplementedError(f"{type(self).__name__} has no tokens: use get_keys()")

    # Keys.

    def get_keys(self) -> Tuple[str, str]:
        """Read the primary and the secondary key.

        Raises:
            WebserviceException: The service asks for no key.
        """
        with refusals.told():
            keys = self.workspace.service.endpoints.keys(self._endpoint_name)
        return keys.primary, keys.secondary

    def regen_key(self, key: str, set_key: Optional[str] = None) -> None:
        """Replace a key; the new one counts when this returns.

        Args:
            key: `Primary` or `Secondary`.
            set_key: The new key; None makes one.

        Raises:
            WebserviceException: It is neither.
        """
        which = str(key or "").lower()
        if which not in {"primary", "secondary"}:
            raise WebserviceException(f"key is {key!r}; there are Primary and Secondary")
        with refusals.told():
            self.workspace.service.endpoints.regenerate(self._endpoint_name, which, set_key)
        self._authorization = ""

    def get_token(self) -> Tuple[str, dt.datetime]:
        """Read a token and when to fetch the next; services of AKS alone have one.

        Raises:
            NotImplementedError: This kind of service has keys.
        """
        found = self._token()
        return found.access_token, found.refresh_after

    # Changes.

    def update(self, *args: Any) -> None:
        """Change the service; each kind has arguments of its own."""
        raise NotImplementedError(f"{type(self).__name__} cannot be updated by this name")

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags."""
        changing.add_tags(self, tags)

    def remove_tags(self, tags: Union[str, Sequence[str]]) -> None:
        """Remove tags by name."""
        changing.remove_tags(self, tags)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties; each is written once."""
        changing.add_properties(self, properties)

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the v1 SDK."""
        return documents.of(self)

    def delete(self) -> None:
        """Delete the service, and wait until it is gone; one that is gone already is named."""
        changing.delete(self)


def deployed(
    workspace: Workspace,
    name: str,
    models: Any,
    inference_config: Any = None,
    deployment_config: Optional[WebserviceDeploymentConfiguration] = None,
    deployment_target: Any = None,
    overwrite: bool = False,
    show_output: bool = False,
) -> Webservice:
    """Deploy models; see `Model.deploy`.

    Args:
        workspace: The workspace.
        name: The service's name.
        models: Models, ids and local paths.
        inference_config: The script and what it needs; None: the model's framework says it.
        deployment_config: How the service is to run.
        deployment_target: An AKS target.
        overwrite: Replace a service of that name.
        show_output: Print how the service is to run.
    """
    if show_output and deployment_config is not None:
        deployment_config.print_deploy_configuration()
    record = deploying.deploy(
        workspace,
        name,
        models,
        inference_config,
        deployment_config,
        deployment_target,
        overwrite,
    )
    made = Webservice._of(workspace, record)
    made._announce()
    return made
