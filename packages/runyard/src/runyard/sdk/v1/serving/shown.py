"""What a web service shows of itself: its record on the service, by v1 names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.protocol.endpoints import HEALTHY, EndpointLogQuery
from runyard.protocol.errors import NotFound
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.models import Model
from runyard.sdk.v1.serving import environments, refusals
from runyard.sdk.v1.serving.images import Image
from runyard.sdk.v1.serving.parts import ContainerResourceRequirements
from runyard.sdk.v1.serving.settings import COMPUTE_TYPES
from runyard.sdk.v1.serving.times import time_of

if TYPE_CHECKING:
    import datetime as dt

    from runyard.protocol.endpoints import DeploymentRecord, EndpointRecord
    from runyard.sdk.environments import Environment
    from runyard.sdk.workspaces import Workspace

FAILED, SUCCEEDED, WORKING = "Failed", "Succeeded", "Running"
_TRANSITIONING = "Transitioning"
# So long a line that a script prints may take to the log, which agents read in turns.
_LINES_SECONDS = 0.5


class Shown:
    """The attributes of a web service, as they were last read."""

    workspace: Workspace
    _record: EndpointRecord
    _authorization: str
    # Whether the last change needed no replica: then the operation on record is an older one's, and
    # is not waited for.
    _settled: bool
    # The one deployment that is shown and called; None: whichever the traffic decides.
    _only: Optional[str] = None
    # When it has answered this process last, by the monotonic clock.
    _answered = 0.0

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name}, "
            f"image_id={self.image_id}, compute_type={self.compute_type}, state={self.state}, "
            f"scoring_uri={self.scoring_uri}, tags={self.tags}, properties={self.properties}, "
            f"created_by={self.created_by})"
        )

    def _repr_html_(self) -> str:
        from runyard.sdk import cards

        cells = {
            "Name": self.name,
            "Compute type": self.compute_type,
            "State": self.state,
            "Scoring URI": self.scoring_uri,
            "Tags": cards.tags(self.tags),
        }
        return cards.row(cells)

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def _endpoint_name(self) -> str:
        """What the service knows it by; a version of an endpoint has another name."""
        return self._record.name

    @property
    def state(self) -> str:
        """`Transitioning`, `Healthy`, `Unhealthy`, `Failed` or `Deleting`, as last read."""
        return self._record.state

    @property
    def error(self) -> Optional[Dict[str, Any]]:
        """What went wrong: a dict with `code`, `message` and `details`; None when nothing did."""
        record = self._record
        text = record.error or (record.operation.error if record.operation else "")
        if not text:
            return None
        # Their first lines: what follows are tracebacks, which the log has.
        message = text.splitlines()[0]
        reasons = [(one.reason or one.error).splitlines()[:1] for one in record.deployments]
        told = [
            {"code": "Replica", "message": one[0]} for one in reasons if one and one[0] != message
        ]
        return {"code": "DeploymentFailed", "message": message, "details": told}

    @property
    def compute_type(self) -> str:
        """`ACI`, `AKS`, `AKSENDPOINT` or `Local`."""
        return COMPUTE_TYPES.get(self._record.kind, self._record.kind)

    @property
    def scoring_uri(self) -> Optional[str]:
        """Where requests go to; None before the service has an address."""
        return f"{self._base_uri()}/score" if self._record.address else None

    @property
    def swagger_uri(self) -> Optional[str]:
        """Where the description of its input and output is."""
        uri = self.scoring_uri
        return f"{uri.rpartition('/')[0]}/swagger.json" if uri else None

    def _base_uri(self) -> str:
        return self._record.address

    @property
    def tags(self) -> Dict[str, str]:
        """The tags as they were last read."""
        return dict(self._record.tags)

    @property
    def properties(self) -> Dict[str, str]:
        """The properties as they were last read."""
        return dict(self._record.properties)

    @property
    def description(self) -> str:
        """The description."""
        return self._record.description

    @property
    def auth_enabled(self) -> bool:
        """Whether it asks for a key."""
        return self._record.access.auth == "key"

    @property
    def token_auth_enabled(self) -> bool:
        """Whether it asks for a token."""
        return self._record.access.auth == "token"

    @property
    def enable_app_insights(self) -> bool:
        """Whether requests are logged."""
        return self._record.access.log_requests > 0

    @property
    def created_time(self) -> Optional[dt.datetime]:
        """When it was made, in UTC."""
        return time_of(self._record.created_at)

    @property
    def updated_time(self) -> Optional[dt.datetime]:
        """When it was changed last, in UTC."""
        return time_of(self._record.updated_at or self._record.created_at)

    @property
    def created_by(self) -> str:
        """Who made it."""
        return self._record.created_by

    @property
    def image_id(self) -> Optional[str]:
        """The image it was deployed from, `name:version`; None where there is none."""
        deployment = self._deployment()
        found = deployment.spec.v1.get("image") if deployment else None
        return str(found) if found else None

    @property
    def image_digest(self) -> Optional[str]:
        """None: an image is a definition here."""
        return None

    @property
    def image(self) -> Any:
        """The image it was deployed from; None where there is none, or none any more."""
        if not self.image_id:
            return None
        try:
            return Image(self.workspace, id=self.image_id)
        except WebserviceException as error:
            # Deleting an image leaves the services that run it, which are still to be shown.
            if isinstance(error.__cause__, NotFound):
                return None
            raise

    @property
    def environment(self) -> Optional[Environment]:
        """What its script needs; None of a service that was deployed from an image."""
        deployment = self._deployment()
        if deployment is None or self.image_id:
            return None
        return environments.from_document(deployment.spec.v1.get("environment"))

    @property
    def models(self) -> List[Model]:
        """Its models."""
        deployment = self._deployment()
        ids = deployment.spec.models if deployment else []
        return [Model(self.workspace, id=one) for one in ids]

    @property
    def container_resource_requirements(self) -> Optional[ContainerResourceRequirements]:
        """What each replica is given."""
        deployment = self._deployment()
        return None if deployment is None else requirements(deployment)

    def update_deployment_state(self) -> None:
        """Read the service's state again.

        Raises:
            WebserviceException: It is gone.
        """
        with refusals.told():
            self._record = self.workspace.service.endpoints.get(self._endpoint_name)

    def get_logs(self, num_lines: int = 5000, init: bool = False) -> str:
        """Read what the script has printed, with the lines of the server around it.

        Args:
            num_lines: The last lines, so many.
            init: Only what was printed before the service was ready.
        """
        query = EndpointLogQuery(self._only, int(num_lines), bool(init))
        # Of a call that failed, the answer is here before the lines that say why.
        time.sleep(max(0.0, self._answered + _LINES_SECONDS - time.monotonic()))
        with refusals.told():
            endpoints = self.workspace.service.endpoints
            # Readiness is told at once, and lines a moment later.
            if self._record.state == HEALTHY and not init:
                return endpoints.logs_when_ready(self._endpoint_name, query)
            return endpoints.logs(self._endpoint_name, query)

    def _deployment(self) -> Optional[DeploymentRecord]:
        """The deployment that is meant where none is named."""
        rows = self._record.deployments
        chosen = [one for one in rows if one.is_default] or list(rows)
        return chosen[0] if chosen else None

    def _settings(self) -> Dict[str, Any]:
        """What was given when it was deployed, by v1 names."""
        deployment = self._deployment()
        return dict(deployment.spec.v1.get("settings") or {}) if deployment else {}

    def _operation_state(self) -> str:
        """How the last thing that was asked for stands."""
        operation = self._record.operation
        if operation is not None and not self._settled:
            return operation.state
        if self._record.state == _TRANSITIONING:
            return WORKING
        return FAILED if self._record.state == FAILED else SUCCEEDED

    def _reason(self) -> str:
        """What is waited for; "" where nothing is."""
        reasons = [one.reason for one in self._record.deployments if one.reason]
        return self._record.reason or "; ".join(reasons)

    def _announce(self) -> None:
        """Print what a new deployment of this kind prints."""


def requirements(deployment: DeploymentRecord) -> ContainerResourceRequirements:
    """What each replica of a deployment is given."""
    given, settings = deployment.spec.resources, deployment.spec.v1.get("settings") or {}
    return ContainerResourceRequirements(
        given.cpus,
        given.memory_gb,
        given.gpus or None,
        settings.get("cpu_cores_limit"),
        settings.get("memory_gb_limit"),
    )
