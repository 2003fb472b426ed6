"""What an endpoint tells of itself: its state, its deployments, its log, its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from runyard.protocol.endpoints import HEALTHY, ChangeEndpoint, EndpointLogQuery
from runyard.protocol.feed import FeedQuery
from runyard.protocol.suggestions import suggest
from runyard.sdk import (
    cards,
    checks,
    endpoint_calls,
    endpoint_progress,
    endpoint_samples,
    endpoint_words,
)
from runyard.sdk.exceptions import UserErrorException, translated

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.endpoints import DeploymentRecord, EndpointRecord
    from runyard.protocol.feed import FeedEvent
    from runyard.sdk.workspaces import Workspace


class EndpointBase:
    """An endpoint that exists, as it can be looked at.

    Args:
        workspace: The workspace.
        name: Its name.

    Raises:
        UserErrorException: There is none of that name; the nearest are named.
    """

    def __init__(
        self, workspace: Workspace, name: str, _record: Optional[EndpointRecord] = None
    ) -> None:
        checks.workspace(workspace)
        self._workspace = workspace
        self._name = name
        self._record = _record if _record is not None else self._refresh()
        # Kept with the object: its connection and its key serve all calls.
        self._caller = endpoint_calls.Caller(workspace.service, name)
        # The deployment that was changed last from here: others may have failed before.
        self._changed: Optional[str] = None
        self._environment = ""

    def __repr__(self) -> str:
        record = self._refresh()
        # Read just now: a notebook shows the object long after it was made.
        lines = [f"Endpoint({self.name}: {endpoint_words.line_of(record)}"]
        for each in record.deployments:
            share = f"{each.percent} %, " if len(record.deployments) > 1 else ""
            lines.append(f"  {each.name}: {share}{endpoint_words.what_of(each)}")
        return "\n".join(lines) + ")"

    def _repr_html_(self) -> str:
        record = self._refresh()
        default = endpoint_words.deployment_of(record)
        cells = {
            "Endpoint": record.name,
            "State": record.state,
            "Why": endpoint_words.first_line(endpoint_words.why_of(record)),
            "Serves": endpoint_words.what_of(default) if default is not None else "",
            "Replicas": endpoint_words.replicas_of(record),
            "Traffic": endpoint_words.traffic_of(record),
            "Requests": f"{record.requests:,}" if record.requests else "",
        }
        shown = {key: value for key, value in cells.items() if value}
        link = ("Address", record.address, record.address) if record.address else None
        return cards.row(shown, link)

    @property
    def workspace(self) -> Workspace:
        """The workspace."""
        return self._workspace

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def state(self) -> str:
        """`Transitioning`, `Healthy`, `Unhealthy`, `Failed` or `Deleting`, read now."""
        return self._refresh().state

    @property
    def reason(self) -> str:
        """Why it is not ready, or what its last change failed of, read now; "" for neither."""
        return endpoint_words.why_of(self._refresh())

    @property
    def address(self) -> str:
        """`http://host:port`; "" before a port is known."""
        # A port is kept for the endpoint's life, so that nothing is asked for what is known.
        return self._record.address or self._refresh().address

    @property
    def environment_from(self) -> str:
        """What the environment was taken from that was found last from here; "" before."""
        return self._environment

    @property
    def tags(self) -> Dict[str, str]:
        """The tags, read now."""
        return dict(self._refresh().tags)

    @property
    def description(self) -> str:
        """The description, read now."""
        return self._refresh().description

    @property
    def deployments(self) -> Dict[str, DeploymentRecord]:
        """The deployments by name, read now, with spec, state, replicas and counts."""
        return {each.name: each for each in self._refresh().deployments}

    def curl(self) -> str:
        """A line that calls it from a shell with a sample, and its key in the variable KEY."""
        record = self._refresh()
        return endpoint_words.curl_of(record, endpoint_samples.sample_of(self._caller, record))

    def save(self, to: Any, deployment: Optional[str] = None) -> Path:
        """Write what it serves into a folder, which any machine with Docker or Podman builds.

        The container answers as the endpoint does, without keys and without a service.

        Args:
            to: The folder; it is made. One that was written so before is written anew.
            deployment: Which; None: the default.

        Returns:
            The folder.

        Raises:
            UserErrorException: There is no such deployment, its environment is a Python as it is,
                or something else is in the folder.
        """
        from runyard.sdk import model_packages

        folder = model_packages.target(to)
        self._refresh()
        found = self._deployment(deployment)
        package = model_packages.of_deployment(self._service, self.name, found)
        model_packages.write(self._service, folder, package)
        return folder

    def logs(self, lines: int = 5000, deployment: Optional[str] = None, init: bool = False) -> str:
        """Read what its workers have printed; also after a failure.

        Args:
            lines: The last so many.
            deployment: Only of this one.
            init: Only until readiness.
        """
        query = EndpointLogQuery(deployment, checks.count("lines", lines) or 0, init)
        with translated():
            # Readiness is told at once, and lines a moment later: only of one that is ready are
            # those of `init()` waited for.
            if self._refresh().state == HEALTHY and not init:
                return self._service.endpoints.logs_when_ready(self.name, query)
            return self._service.endpoints.logs(self.name, query)

    def events(self, limit: int = 100) -> List[FeedEvent]:
        """What happened to it, oldest first: made, ready, updated, scaled, died, restarted.

        Args:
            limit: The newest so many.
        """
        subject = endpoint_progress.SUBJECT
        query = FeedQuery(last=limit, subject_kind=subject, subject=self.name)
        with translated():
            return list(self._service.feed.list(query).items)

    def keys(self) -> Tuple[str, str]:
        """The two keys, each of which opens it.

        Raises:
            UserErrorException: It is opened by tokens, or by nothing.
        """
        with translated():
            found = self._service.endpoints.keys(self.name)
        return found.primary, found.secondary

    def new_key(self, which: str = "primary", key: Optional[str] = None) -> Tuple[str, str]:
        """Replace a key; the old one opens nothing any more when this returns.

        Args:
            which: `primary` or `secondary`.
            key: The new one; None makes one.

        Returns:
            Both keys.
        """
        with translated():
            found = self._service.endpoints.regenerate(self.name, which, key)
        return found.primary, found.secondary

    def token(self) -> str:
        """A token that opens it for some hours, where `auth` is `token`."""
        with translated():
            return self._service.endpoints.token(self.name).token

    @property
    def _service(self) -> WorkspaceClient:
        return self._workspace.service

    def _refresh(self) -> EndpointRecord:
        with translated():
            self._record = self._service.endpoints.get(self._name)
        return self._record

    def _deployment(self, name: Optional[str] = None) -> DeploymentRecord:
        """A deployment as it was last read; the default without a name.

        Raises:
            UserErrorException: There is none.
        """
        found = endpoint_words.deployment_of(self._record, name)
        if found is not None:
            return found
        known = [each.name for each in self._record.deployments]
        raise UserErrorException(
            f"{self.name} has no deployment {name!r}; "
            f"{suggest(name or '', known, 'it has none').sentence}"
        )

    def _change(self, change: ChangeEndpoint) -> None:
        with translated():
            self._record = self._service.endpoints.change(self.name, change)
