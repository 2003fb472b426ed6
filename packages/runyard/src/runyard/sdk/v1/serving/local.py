"""`LocalWebservice`: a service to try a script with, that takes it from disk again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Optional, Sequence, Tuple, Union, cast

from runyard.protocol.endpoints import Access, Deploy, EndpointRecord
from runyard.protocol.errors import NotFound
from runyard.sdk import checks
from runyard.sdk.exceptions import NotOfferedYet, WebserviceException
from runyard.sdk.v1.serving import deploying, refusals, settings, sources, updating, waiting
from runyard.sdk.v1.serving.configurations import LocalWebserviceDeploymentConfiguration
from runyard.sdk.v1.serving.inference import parse
from runyard.sdk.v1.serving.times import localhost
from runyard.sdk.v1.serving.webservices import Webservice

if TYPE_CHECKING:
    from typing_extensions import Self

DEPLOYING, RUNNING, FAILED, DELETED, UNKNOWN = (
    "deploying",
    "running",
    "failed",
    "deleted",
    "unknown",
)
# v1's local services told their states in words of their own.
_STATES = {
    "Transitioning": DEPLOYING,
    "Healthy": RUNNING,
    "Unhealthy": FAILED,
    "Failed": FAILED,
    "Deleting": DELETED,
}


class LocalWebservice(Webservice, kind=settings.LOCAL):
    """A service to try a script with, without a key.

    Args:
        workspace: The workspace.
        name: The service's name.
        must_exist: Whether one that does not exist is refused; else its state is `unknown`.

    Raises:
        WebserviceException: There is none, and `must_exist` was not set to False.
    """

    STATE_DEPLOYING, STATE_RUNNING = DEPLOYING, RUNNING
    STATE_FAILED, STATE_DELETED, STATE_UNKNOWN = FAILED, DELETED, UNKNOWN

    _missing = False

    def __new__(cls, workspace: Any, name: str, must_exist: bool = True) -> Self:
        """Make the object; of a missing service one that says so, if that was allowed."""
        checks.workspace(workspace)
        if must_exist or deploying.existing(workspace, name) is not None:
            return super().__new__(cls, workspace, name)

        # The service knows nothing of it; attributes of the object are to be read all the same.
        record = EndpointRecord(
            name, workspace.name, settings.LOCAL, "Deleting", "", Access("none")
        )
        made = cls._of(workspace, record)
        assert isinstance(made, LocalWebservice)
        made._missing = True
        return cast("Self", made)

    def __init__(self, workspace: Any, name: str, must_exist: bool = True) -> None:
        super().__init__(workspace, name)
        del must_exist

    @staticmethod
    def deploy_configuration(port: Optional[int] = None) -> LocalWebserviceDeploymentConfiguration:
        """Describe how the service is to run.

        Args:
            port: The port to listen at; None for a free one.

        Raises:
            WebserviceException: It is no port.
        """
        return LocalWebserviceDeploymentConfiguration(port)

    @property
    def state(self) -> str:
        """`deploying`, `running`, `failed`, `deleted` or `unknown`, as last read."""
        if self._missing:
            return UNKNOWN
        operation = self._record.operation
        if operation is not None and operation.state == waiting.WORKING and not self._settled:
            return DELETED if self._record.state == "Deleting" else DEPLOYING
        return _STATES.get(self._record.state, UNKNOWN)

    @property
    def port(self) -> Optional[int]:
        """The port it listens at; None before it has one."""
        found = localhost(self._record.address).rpartition(":")[2] if self._record.address else ""
        return int(found) if found else self._record.access.port

    def _base_uri(self) -> str:
        return localhost(self._record.address)

    def _announce(self) -> None:
        deployment = self._deployment()
        for model in deployment.spec.models if deployment else []:
            print(f"Using model {model}")  # noqa: T201 - v1 tells of each model

    def update_deployment_state(self, must_exist: bool = False) -> None:
        """Read the service's state again.

        Args:
            must_exist: Whether a missing one is an error; else its state is `unknown`.

        Raises:
            WebserviceException: It is gone, and must not be.
        """
        try:
            super().update_deployment_state()
            self._missing = False
        except WebserviceException as error:
            if must_exist or not isinstance(error.__cause__, NotFound):
                raise
            self._missing = True

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: Optional[float] = None
    ) -> None:
        """Wait until it runs, and print where.

        Args:
            show_output: Accepted; the lines are the same.
            timeout_sec: Accepted; the wait lasts as long as the script loads.

        Raises:
            WebserviceException: It failed; its log is printed first.
        """
        # v1 gave up after thirty tries, in the midst of an `init()` that loads a large model.
        del show_output, timeout_sec
        self._need("wait_for_deployment", DEPLOYING, RUNNING)
        waiting.local(self)

    def run(self, input_data: Union[str, bytes]) -> Any:
        """Call the service and give its answer as parsed JSON; waits while it is being deployed.

        Args:
            input_data: The body: a text or bytes.

        Raises:
            WebserviceException: It is not running, or refused.
        """
        self._need("run", DEPLOYING, RUNNING)
        if self.state == DEPLOYING:
            self.wait_for_deployment()
        return super().run(input_data)

    def get_logs(  # type: ignore[override] # v1's other order
        self, num_lines: int = 5000, raw: bool = False, init: bool = False
    ) -> str:
        """Read what the script has printed, with the lines of the server around it.

        Args:
            num_lines: The last lines, so many.
            raw: Accepted; lines are given as they were printed.
            init: Only what was printed before the service was ready.
        """
        del raw
        self._need("get_logs", DEPLOYING, RUNNING, FAILED)
        return super().get_logs(num_lines, init)

    def reload(self, wait: bool = False) -> None:
        """Take script and source directory from disk again, and begin anew; models stay.

        Args:
            wait: Wait until it runs.

        Raises:
            WebserviceException: There is no such service, or a file is gone.
        """
        self._need("reload", DEPLOYING, RUNNING, FAILED)
        deployment = self._deployment()
        assert deployment is not None
        spec = deployment.spec
        if spec.v1.get("source"):
            source = sources.Source.from_json(spec.v1["source"])
            # The old replica would serve on beside a new one that never comes up.
            parse(source.path)
            snapshot = sources.send(self.workspace.service, source)
        else:
            snapshot = spec.snapshot
        # The same files begin anew, too: what else would a reload be for.
        options = {**spec.options, "reloads": int(spec.options.get("reloads", 0)) + 1}
        with refusals.told():
            self._record = self.workspace.service.endpoints.deploy(
                self.name,
                deployment.name,
                Deploy(replace(spec, snapshot=snapshot, options=options)),
            )
        self._settled = False
        if wait:
            self.wait_for_deployment()

    def update(
        self,
        models: Any = None,
        image_config: Any = None,
        deployment_config: Any = None,
        wait: bool = False,
        inference_config: Any = None,
    ) -> None:
        """Change models, script, environment or port.

        Args:
            models: Other models.
            image_config: Another script, in the form of 2019.
            deployment_config: Another port.
            wait: Wait until it runs.
            inference_config: Another script, or another environment.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        self._need("update", DEPLOYING, RUNNING, FAILED, UNKNOWN)
        if image_config is not None:
            raise NotOfferedYet("LocalWebservice.update(image_config=…)", "inference_config")
        arguments = {"models": models, "inference_config": inference_config}
        if deployment_config is not None:
            arguments.update(deploying.configuration(deployment_config, None).settings())
        updating.update(self, arguments)
        if wait:
            self.wait_for_deployment()

    def delete(
        self, delete_cache: bool = True, delete_image: bool = False, delete_volume: bool = True
    ) -> None:
        """Delete the service.

        Args:
            delete_cache: Accepted; models are not copied for it.
            delete_image: Accepted; the environment stays, for runs and other services.
            delete_volume: Accepted.
        """
        del delete_cache, delete_image, delete_volume
        self._need("delete", DEPLOYING, RUNNING, FAILED)
        super().delete()

    def deploy_to_cloud(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of it."""
        raise NotOfferedYet("LocalWebservice.deploy_to_cloud", "Model.deploy with another config")

    def get_keys(self) -> Tuple[str, str]:
        """Refuse: a local service has no keys.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("a LocalWebservice has no keys: call it without")

    def regen_key(self, key: str, set_key: Optional[str] = None) -> None:
        """Refuse: a local service has no keys.

        Raises:
            NotImplementedError: Always.
        """
        del key, set_key
        self.get_keys()

    @staticmethod
    def list(  # type: ignore[override] # v1's other signature
        workspace: Any,
        model_name: Optional[str] = None,
        model_id: Optional[str] = None,
        all: Optional[bool] = None,  # noqa: A002 - the v1 name
    ) -> Sequence[Webservice]:
        """List the local services of a workspace, newest first.

        Args:
            workspace: The workspace.
            model_name: Only those with a model of this name.
            model_id: Only those with this model.
            all: Accepted.
        """
        del all
        return Webservice.list(workspace, "Local", model_name=model_name, model_id=model_id)

    def _need(self, method: str, *states: str) -> None:
        """Refuse a method that makes no sense in the state the service is in."""
        if self.state in states:
            return
        self.update_deployment_state()
        # Only what was just read refuses: the state that the object has may be minutes old.
        if self.state not in states:
            raise WebserviceException(f"Cannot call {method}() when service is {self.state}.")
