"""`Endpoint`: a model that answers over HTTP, and what may be changed while it does.

    endpoint = Endpoint.deploy(workspace, "digits", "model.joblib")
    endpoint.wait(show_output=True)
    endpoint.predict([[0, 0, 12, 13, 5]])

An endpoint has an address, keys and one or more deployments, which share its traffic. Changing what
a deployment runs starts replicas of the new beside those of the old, and no request fails of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from runyard.protocol.endpoints import (
    MAIN_DEPLOYMENT,
    Access,
    ChangeEndpoint,
    CreateEndpoint,
    Deploy,
    EndpointQuery,
)
from runyard.protocol.errors import NotFound
from runyard.sdk import (
    checks,
    endpoint_calls,
    endpoint_data,
    endpoint_progress,
    endpoint_specs,
    endpoint_words,
    promotions,
)
from runyard.sdk.endpoint_base import EndpointBase
from runyard.sdk.exceptions import UserErrorException, WebserviceException, translated

if TYPE_CHECKING:
    from runyard.protocol.endpoints import EndpointRecord
    from runyard.sdk.workspaces import Workspace


class Endpoint(EndpointBase):
    """An endpoint that exists.

    Args:
        workspace: The workspace.
        name: Its name.

    Raises:
        UserErrorException: There is none of that name; the nearest are named.
    """

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        model: Any = None,
        script: Optional[str] = None,
        source: Optional[str] = None,
        environment: Any = None,
        replicas: Any = 1,
        gpus: int = 0,
        deployment: str = MAIN_DEPLOYMENT,
        replace: bool = False,
        tags: Optional[Mapping[str, str]] = None,
        description: str = "",
        **more: Any,
    ) -> Endpoint:
        """Serve a model; returns at once, `wait` waits until it is ready.

        Args:
            workspace: The workspace.
            name: The endpoint's name: 3 to 32 small letters, digits and `-`.
            model: A registered Model, `name` or `name:version`, a file or folder here, or a list.
            script: A script with `init()` and `run(data)`; None: the model serves itself.
            source: The folder that the script is in, sent with it; None: the script alone.
            environment: An Environment, the name of one, a requirements or conda file, or a list of
                packages; None: what the model was made in, else what fits it.
            replicas: How many; or the fewest and the most, as in `(1, 4)`. With `(0, 4)` there is
                none while there are no requests.
            gpus: Whole GPUs of each replica.
            deployment: What the first deployment is called.
            replace: One of that name that exists becomes this one, without a failed request.
            tags: Tags of the endpoint.
            description: For people.
            **more: `cpus` and `memory_gb` of each replica, `target`; `concurrency`, `queue`,
                `timeout` (seconds), `batch` (rows, or rows and milliseconds), `idle_minutes`,
                `utilization`; `environment_variables`, `options` (the flavor's own); `auth`
                (`key`, `token`, `none`), `port`, `protocols`, `origins`, `log_requests` (a share).

        Raises:
            UserErrorException: Something makes no sense, or the name is taken.
        """
        checks.workspace(workspace)
        code = {"model": model, "script": script, "source": source, "environment": environment}
        given, faults = endpoint_specs.read({**code, "replicas": replicas, "gpus": gpus, **more})
        endpoint_specs.check_name(name, faults)
        access = endpoint_specs.access_of(given, Access(), faults)
        made = endpoint_specs.spec_of(workspace, name, given, faults)
        order = CreateEndpoint(
            name=name,
            spec=made.spec,
            deployment=deployment,
            access=access,
            description=description,
            tags=_texts(tags),
            replace=replace,
        )
        with translated():
            endpoint = Endpoint(workspace, name, workspace.service.endpoints.create(order))
        endpoint._changed, endpoint._environment = deployment, made.environment
        return endpoint

    @staticmethod
    def list(
        workspace: Workspace, model: Optional[str] = None, tags: Optional[Sequence[str]] = None
    ) -> List[Endpoint]:
        """List endpoints, newest first.

        Args:
            workspace: The workspace.
            model: Only those that serve it: `name` or `name:version`.
            tags: Only those that have them all: `key` or `key=value`.
        """
        checks.workspace(workspace)
        wanted = checks.texts("tags", tags, '["team=vision"]')
        query = EndpointQuery(model=checks.name_of("model", model), tags=wanted)
        with translated():
            found = [*workspace.service.endpoints.list(query)]
        return [Endpoint(workspace, each.name, _record=each) for each in found]

    def add(
        self,
        deployment: str,
        model: Any = None,
        script: Optional[str] = None,
        source: Optional[str] = None,
        environment: Any = None,
        percent: int = 0,
        **more: Any,
    ) -> Endpoint:
        """Add a deployment beside those there are.

        Args:
            deployment: Its name.
            model: As of `deploy`.
            script: As of `deploy`.
            source: As of `deploy`.
            environment: As of `deploy`.
            percent: Its share of the traffic; the default gives it up.
            **more: As of `deploy`, but what is the endpoint's own.

        Returns:
            This endpoint.

        Raises:
            UserErrorException: Something makes no sense, or there is one of this name.
        """
        if endpoint_words.deployment_of(self._refresh(), deployment) is not None:
            raise UserErrorException(
                f"{self.name} has a deployment {deployment!r} already; update that one, or choose "
                "another name"
            )
        code = {"model": model, "script": script, "source": source, "environment": environment}
        given, faults = endpoint_specs.read({**code, **more}, access=False)
        made = endpoint_specs.spec_of(self._workspace, self.name, given, faults)
        self._deploy(deployment, Deploy(made.spec, percent=percent))
        self._environment = made.environment
        return self

    def update(
        self,
        model: Any = None,
        script: Optional[str] = None,
        source: Optional[str] = None,
        environment: Any = None,
        deployment: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        **more: Any,
    ) -> Endpoint:
        """Change what a deployment runs, or how the endpoint is reached; `wait` waits for it.

        The old replicas serve until the new ones are ready. What is not given stays.

        Args:
            model: As of `deploy`.
            script: As of `deploy`; the source is read again.
            source: As of `deploy`.
            environment: As of `deploy`.
            deployment: Which; None: the default.
            description: Of the endpoint.
            tags: Of the endpoint; others stay.
            **more: As of `deploy`.

        Returns:
            This endpoint.

        Raises:
            UserErrorException: Something makes no sense.
        """
        code = {"model": model, "script": script, "source": source, "environment": environment}
        given, faults = endpoint_specs.read({**code, **more})
        own = {key: value for key, value in given.items() if key not in endpoint_specs.ACCESS}
        access = endpoint_specs.access_of(given, self._refresh().access, faults)
        change = ChangeEndpoint(
            tags=_texts(tags),
            description=description,
            access=None if access == self._record.access else access,
        )
        changes = any(value is not None for value in own.values())
        if not changes and change == ChangeEndpoint():
            raise UserErrorException("update: say what is to change, such as model= or script=")
        if changes:
            now = self._deployment(deployment)
            made = endpoint_specs.spec_of(self._workspace, self.name, own, faults, now.spec)
            self._deploy(now.name, Deploy(made.spec))
            self._environment = made.environment
        faults.raise_all(self.name)
        if change != ChangeEndpoint():
            self._change(change)
        return self

    def wait(self, show_output: bool = False, timeout: Optional[float] = None) -> Endpoint:
        """Wait until what was asked of it last is done.

        Args:
            show_output: Show how far it is and why it is not ready yet.
            timeout: Seconds; None waits for ever.

        Returns:
            This endpoint.

        Raises:
            WebserviceException: It failed, with the reason and the end of the log; or the time is
                over, and it goes on.
        """
        self._record = endpoint_progress.wait(
            self._service, self.name, show_output, timeout, self._changed
        )
        return self

    def call(
        self, data: Any = None, path: str = "/score", through_service: bool = False, **headers: str
    ) -> Any:
        """Call it, with its key.

        Args:
            data: What is sent: as JSON, texts and bytes as they are; None asks with GET.
            path: Another path, of one of the protocols.
            through_service: Have the service call it, for where its own port is not reached; what
                is sent is a text then, and of headers there is only `deployment`.
            **headers: Headers; `_` stands for `-`, and `deployment` chooses one by hand.

        Returns:
            The answer's JSON; its text or bytes where it is none.

        Raises:
            WebserviceException: It cannot be reached, or answered with an error.
        """
        body = None if data is None else endpoint_data.encoded(data)
        if through_service:
            deployment = headers.pop("deployment", None)
            if headers:
                raise UserErrorException(
                    f"through the service no headers are sent, and {', '.join(headers)} is given"
                )
            return endpoint_data.decoded(self._caller.send_through_service(path, body, deployment))
        sent = {"Content-Type": "application/json"} if data is not None else {}
        for key, value in headers.items():
            name = endpoint_calls.DEPLOYMENT_HEADER if key == "deployment" else key
            sent[name.replace("_", "-")] = value
        # The address stays, so a loop of calls asks the service nothing.
        record = self._record if self._record.address else self._refresh()
        try:
            answer = self._caller.send(path, body, sent, record)
        except WebserviceException as error:
            if not self._has_changed(record, error):
                raise
            answer = self._caller.send(path, body, sent, self._record)
        return endpoint_data.decoded(answer)

    def predict(self, rows: Any, through_service: bool = False, **headers: str) -> Any:
        """Predict for rows: lists, an array, or a pandas table.

        Args:
            rows: One row for each prediction.
            through_service: As of `call`.
            **headers: As of `call`.

        Returns:
            The predictions, one for each row.

        Raises:
            WebserviceException: It cannot be reached, or answered with an error.
        """
        answer = self.call(endpoint_data.rows_of(rows), "/invocations", through_service, **headers)
        return answer["predictions"] if isinstance(answer, dict) else answer

    def scale(
        self,
        replicas: Any = None,
        deployment: Optional[str] = None,
        idle_minutes: Optional[float] = None,
        utilization: Optional[float] = None,
    ) -> Endpoint:
        """Change how many replicas there are.

        Args:
            replicas: How many; or the fewest and the most, as in `(0, 4)`.
            deployment: Of which deployment; None: the default.
            idle_minutes: After how long without a request the last one ends, where none may be.
            utilization: The share of busy calls above which there are more.

        Returns:
            This endpoint.
        """
        given = {"replicas": replicas, "idle_minutes": idle_minutes, "utilization": utilization}
        if all(value is None for value in given.values()):
            raise UserErrorException("scale: say how many, as in scale(2) or scale((0, 4))")
        return self.update(deployment=deployment, **given)

    @property
    def traffic(self) -> Dict[str, int]:
        """Percent of the requests by deployment; set it to change it, the default gets the rest."""
        return {each.name: each.percent for each in self._refresh().deployments}

    @traffic.setter
    def traffic(self, percent: Mapping[str, int]) -> None:
        self._change(ChangeEndpoint(traffic=dict(percent)))

    @property
    def mirror(self) -> Dict[str, int]:
        """Percent of the requests of which a deployment gets a copy, whose answer is dropped."""
        found = self._refresh().deployments
        return {each.name: each.mirror for each in found if each.mirror}

    @mirror.setter
    def mirror(self, percent: Mapping[str, int]) -> None:
        self._change(ChangeEndpoint(mirror=dict(percent)))

    @property
    def default(self) -> str:
        """The deployment that gets what no percent gives away; set it to choose another."""
        self._refresh()
        return self._deployment().name

    @default.setter
    def default(self, deployment: str) -> None:
        self._change(ChangeEndpoint(default=deployment))

    def promote(
        self,
        deployment: str,
        within: Any = "10m",
        max_error: float = 0.01,
        steps: Sequence[int] = promotions.STEPS,
        show_output: bool = True,
        max_p99: Any = None,
    ) -> Endpoint:
        """Move all the traffic to a deployment, step by step, and back where it does worse.

        In the end it is the default.

        It is watched by this process, which waits for as long as it takes. Who interrupts it has
        the traffic as it was.

        Args:
            deployment: Which.
            within: How long until it has all: seconds, or a text such as `10m`.
            max_error: The share of its requests that may fail.
            steps: Its percent of the traffic, step by step.
            show_output: Tell each step on stderr.
            max_p99: Within which time 99 of 100 of its requests are answered, seen from the
                gateway: seconds, or a text such as `200ms`; None: it does not matter.

        Returns:
            This endpoint.

        Raises:
            WebserviceException: Too many requests failed or took too long, or no replica is
                ready; the traffic is as it was before.
        """
        plan = promotions.plan_of(deployment, within, max_error, steps, max_p99)
        say = sys.stderr if show_output else None
        promotions.Promotion(plan, self._refresh, self._share, say).run()
        self._change(ChangeEndpoint(mirror={deployment: 0}, default=deployment))
        return self

    def rollback(
        self, deployment: Optional[str] = None, revision: Optional[int] = None
    ) -> Endpoint:
        """Go back to what a deployment ran before.

        Args:
            deployment: Which; None: the default.
            revision: To which revision; None: the one before.

        Returns:
            This endpoint.
        """
        self._refresh()
        name = self._deployment(deployment).name
        with translated():
            self._record = self._service.endpoints.rollback(self.name, name, revision)
        self._changed = name
        return self

    def remove(self, deployment: str) -> Endpoint:
        """Delete a deployment; what it has is finished, and the default gets its traffic.

        Args:
            deployment: Which.

        Returns:
            This endpoint.
        """
        with translated():
            self._record = self._service.endpoints.undeploy(self.name, deployment)
        return self

    def delete(self) -> None:
        """Delete the endpoint with its deployments; one that is gone already is no error."""
        self._caller.close()
        with translated():
            try:
                self._service.endpoints.delete(self.name)
            except NotFound:
                return

    def _deploy(self, deployment: str, order: Deploy) -> None:
        with translated():
            self._record = self._service.endpoints.deploy(self.name, deployment, order)
        self._changed = deployment

    def _has_changed(self, record: EndpointRecord, error: WebserviceException) -> bool:
        """Whether a call failed of what somebody else has changed since the endpoint was read."""
        refused = isinstance(error.__cause__, ConnectionRefusedError)
        # Of both it is known that the model has not seen the call.
        if not refused and error.status_code != endpoint_calls.UNAUTHORIZED:
            return False
        now = self._refresh()
        return (now.address, now.access.auth) != (record.address, record.access.auth)

    def _share(self, percent: Mapping[str, int]) -> None:
        self.traffic = dict(percent)


def _texts(tags: Optional[Mapping[str, str]]) -> Dict[str, str]:
    return {str(key): str(value) for key, value in (tags or {}).items()}
