"""The compute target whatever its kind: what all kinds of them share.

`ComputeTarget(workspace, name)` gives the existing target of that name, as an instance of the
class that stands for its kind (a kind says so by `stands_for=`); `ComputeTarget.create` makes a
new one. Each object holds the last state it read from the service; `get_status`, `refresh_state`
and the waits read it again. Import it from `sdk.compute`, which knows the kinds.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, ClassVar, Dict, Iterator, List, Optional, Type, TypeVar, cast

from runyard.client import callers
from runyard.protocol.errors import RunyardError
from runyard.sdk import checks
from runyard.sdk.exceptions import (
    ComputeTargetException,
    NotOfferedYet,
    UserErrorException,
    translated,
)

if TYPE_CHECKING:
    from runyard.protocol.compute import ComputeRecord, CreateCompute
    from runyard.sdk.runs import Run
    from runyard.sdk.tags import Tags

Target = TypeVar("Target", bound="ComputeTarget")

CLUSTER = "AmlCompute"
# The tag of a cluster that scripts know as a target of another kind.
COMPUTE_TYPE = "azureml.computeType"
# On this machine a cluster is there in a moment, at a site with a queue after minutes.
_FIRST_DELAY, _LONGEST_DELAY = 0.05, 2.0

_KINDS: Dict[str, Type[ComputeTarget]] = {}


class ComputeTarget:
    """A compute target of a workspace.

    Args:
        workspace: The workspace.
        name: The name of an existing target.

    Raises:
        ComputeTargetException: There is none of that name; the message begins
            `ComputeTargetNotFound` and lists those there are.
    """

    type: ClassVar[str] = CLUSTER

    def __new__(cls: Type[Target], workspace: Any, name: str) -> Target:
        """Make an object of the class that stands for the target's kind."""
        refuse_reserved(name)
        return cast("Target", cls._of(workspace, _read(workspace, name)))

    def __init__(self, workspace: Any, name: str) -> None:
        # `__new__` has read everything.
        del workspace, name

    def __init_subclass__(cls, stands_for: str = "", **kwargs: Any) -> None:
        """Register the class that objects of a kind are made of.

        Args:
            stands_for: The kind, as `type` names it; "" for a class that users make themselves.
            kwargs: What other base classes take.
        """
        super().__init_subclass__(**kwargs)
        if stands_for:
            _KINDS[stands_for] = cls

    workspace: Any
    _record: ComputeRecord

    @classmethod
    def _of(cls, workspace: Any, record: ComputeRecord) -> ComputeTarget:
        named = record.tags.get(COMPUTE_TYPE) or record.kind
        kind = _KINDS.get(named, _KINDS[CLUSTER])
        if not issubclass(kind, cls) and not issubclass(cls, kind):
            raise ComputeTargetException(
                f"compute target {record.name!r} is no {cls.__name__}, it is of the kind "
                f"{named}: use ComputeTarget(workspace, {record.name!r})"
            )
        # Classes of the user's own stand for what they are asked for.
        target = object.__new__(cls if issubclass(cls, kind) else kind)
        target.workspace = workspace
        target._record = record
        return target

    @staticmethod
    def create(workspace: Any, name: str, provisioning_configuration: Any) -> ComputeTarget:
        """Create a target and return at once.

        Args:
            workspace: The workspace.
            name: 2 to 32 letters, digits, `-` and `_`, the first a letter.
            provisioning_configuration: What `AmlCompute.provisioning_configuration` gives.

        Raises:
            ComputeTargetException: The configuration or the name is not accepted.
        """
        refuse_reserved(name)
        order = getattr(provisioning_configuration, "_order", None)
        if order is None:
            raise ComputeTargetException(
                f"cannot create compute target {name!r} from a "
                f"{type(provisioning_configuration).__name__}: give what "
                "AmlCompute.provisioning_configuration(vm_size=…, max_nodes=…) returns"
            )
        return ComputeTarget._of(workspace, _ordered(workspace, order(name)))

    @staticmethod
    def attach(workspace: Any, name: str, attach_configuration: Any) -> ComputeTarget:
        """Attach a machine that exists already.

        Args:
            workspace: The workspace.
            name: The target's name.
            attach_configuration: What `RemoteCompute.attach_configuration` gives.

        Raises:
            NotOfferedYet: It describes something else than a machine that is reached by ssh.
            ComputeTargetException: The machine cannot be reached; with what to do about that.
        """
        refuse_reserved(name)
        order = getattr(attach_configuration, "_order", None)
        if order is None:
            raise NotOfferedYet(
                f"ComputeTarget.attach (for {name!r})",
                "RemoteCompute.attach_configuration, or ComputeTarget.create with "
                "AmlCompute.provisioning_configuration",
            )
        with _refused():
            record = workspace.service.compute.attach(order(name))
        return ComputeTarget._of(workspace, record)

    @staticmethod
    def list(workspace: Any) -> List[ComputeTarget]:
        """List all compute targets of a workspace, by name."""
        checks.workspace(workspace)
        with translated():
            records = workspace.service.compute.list()
        return [ComputeTarget._of(workspace, record) for record in records]

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def id(self) -> str:
        """The resource id in the form of the hosted service."""
        return (
            f"/subscriptions/{self.workspace.subscription_id}"
            f"/resourceGroups/{self.workspace.resource_group}"
            "/providers/Microsoft.MachineLearningServices"
            f"/workspaces/{self.workspace.name}/computes/{self.name}"
        )

    @property
    def cluster_resource_id(self) -> str:
        """The same as `id`: the cluster has no other resource behind it."""
        return self.id

    @property
    def provisioning_state(self) -> str:
        """`Creating`, `Succeeded`, `Failed` or `Deleting`, as last read."""
        return self._record.provisioning_state

    @property
    def provisioning_errors(self) -> Optional[List[str]]:
        """What went wrong while it was made; None when nothing did."""
        return None

    @property
    def location(self) -> str:
        """Where the workspace is."""
        return self._record.location or str(self.workspace.location)

    @property
    def site(self) -> str:
        """The site that its nodes are on."""
        return self._record.site

    @property
    def cluster_location(self) -> str:
        """Where the cluster is."""
        return self.location

    @property
    def vm_size(self) -> str:
        """The size of each node, as it was asked for."""
        return self._record.vm_size

    @property
    def description(self) -> str:
        """The description given at creation."""
        return self._record.description

    @property
    def tags(self) -> Dict[str, str]:
        """The tags given at creation."""
        return dict(self._record.tags)

    @property
    def created_on(self) -> str:
        """When it was created, ISO 8601."""
        return self._record.created_at

    @property
    def is_attached(self) -> bool:
        """Whether it is a machine of someone else; a cluster never is."""
        return False

    def detach(self) -> None:
        """Let go of the target; a machine that was attached stays as it is."""
        self.delete()

    @property
    def notices(self) -> List[str]:
        """What the service wants known about this target, such as an unknown size."""
        return [*self._record.warnings]

    @property
    def status(self) -> Any:
        """The state as last read."""
        return self._record

    def get_status(self) -> Any:
        """Read the state from the service and give it."""
        self.refresh_state()
        return self.status

    def refresh_state(self) -> None:
        """Read the state from the service."""
        self._record = _read(self.workspace, self.name)

    def serialize(self) -> Dict[str, Any]:
        """Return the target as a dict in the names of the hosted service."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "location": self.location,
            "tags": self.tags,
            "properties": {
                "description": self.description,
                "computeType": self.type,
                "computeLocation": self.location,
                "resourceId": self.id,
                "provisioningState": self.provisioning_state,
                "provisioningErrors": self.provisioning_errors,
                "isAttachedCompute": self.is_attached,
                "createdOn": self.created_on,
            },
        }

    def wait_for_completion(
        self, show_output: bool = False, is_delete_operation: bool = False
    ) -> None:
        """Wait until the target is made (or gone).

        Args:
            show_output: Print the states.
            is_delete_operation: Wait for the end of a deletion.
        """
        state = wait_for_state(self, show_output, None, gone=is_delete_operation)
        if show_output:
            print(f'Provisioning operation finished, operation "{state}"')  # noqa: T201 - v1 prints

    def update(
        self,
        min_nodes: Optional[int] = None,
        max_nodes: Optional[int] = None,
        idle_seconds_before_scaledown: Optional[int] = None,
    ) -> None:
        """Change how far the cluster grows and shrinks; None leaves a value as it is.

        Args:
            min_nodes: Nodes that are kept also when idle.
            max_nodes: The most nodes.
            idle_seconds_before_scaledown: Seconds that a node may idle.

        Raises:
            ComputeTargetException: The values contradict one another.
        """
        from runyard.protocol.compute import ChangeCompute

        change = ChangeCompute(
            min_nodes=whole("min_nodes", min_nodes),
            max_nodes=whole("max_nodes", max_nodes),
            idle_seconds=whole("idle_seconds_before_scaledown", idle_seconds_before_scaledown),
        )
        with _refused():
            self._record = self.workspace.service.compute.change(self.name, change)

    def delete(self) -> None:
        """Delete the target; one that runs still hold is refused by the service."""
        with _refused():
            self.workspace.service.compute.delete(self.name)

    def list_nodes(self) -> List[Dict[str, Any]]:
        """List the nodes, a dict each: `nodeId`, `nodeState`, `runId`, `since`.

        The keys by which v1 told how to reach a node are None: nobody logs in to these.
        """
        with translated():
            nodes = self.workspace.service.compute.nodes(self.name)
        unknown = dict.fromkeys(("port", "publicIpAddress", "privateIpAddress"))
        return [
            {"nodeId": n.id, "nodeState": n.state, "runId": n.run, "since": n.since, **unknown}
            for n in nodes
        ]

    def get_active_runs(
        self,
        type: Optional[str] = None,  # noqa: A002 - the v1 name
        tags: Tags = None,
        properties: Tags = None,
        status: Optional[str] = None,
    ) -> Iterator[Run]:
        """List the runs on this target that have not ended, newest first.

        Args:
            type: Only runs of this type.
            tags: A text: runs that have the tag; a dict: runs whose tags equal all of it.
            properties: The same for properties.
            status: The runs of this status instead, ended or not.
        """
        from runyard.sdk.runs import on_target

        return on_target(self, type, tags, properties, status, active=status is None)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name}, id={self.id}, "
            f"type={self.type}, provisioning_state={self.provisioning_state}, "
            f"location={self.location}, tags={self.tags})"
        )

    def _repr_html_(self) -> str:
        from runyard.sdk import cards

        cells = {
            "Name": self.name,
            "Workspace": self.workspace.name,
            "State": self.provisioning_state,
            "Location": self.location,
            "Type": self.type,
            "Tags": cards.tags(self.tags or {}),
        }
        return cards.row(cells)


def refuse_reserved(name: Any) -> None:
    """Refuse names that mean something else as a compute target.

    Raises:
        UserErrorException: `name` is empty, no text, or one of the reserved names.
    """
    from runyard.protocol.compute import RESERVED_NAMES

    if not isinstance(name, str) or not name:
        raise UserErrorException(f"a compute target's name is a text, not {name!r}")
    if name.lower() in RESERVED_NAMES:
        raise UserErrorException(
            f"{name!r} is a reserved name and cannot be the name of a compute target; "
            f"reserved are: {', '.join(RESERVED_NAMES)}. Choose another name."
        )


def whole(what: str, value: Any) -> Optional[int]:
    """Read a whole number that may be given as text (`'4'`); None stays None.

    Raises:
        ComputeTargetException: It is no whole number, or below zero.
    """
    if value is None:
        return None
    try:
        # Notebooks take them from `os.environ`, as texts.
        number = int(value)
    except (TypeError, ValueError):
        raise ComputeTargetException(f"{what} must be a whole number, not {value!r}") from None
    if number < 0:
        raise ComputeTargetException(f"{what} must not be below 0, it is {number}")
    return number


def wait_for_state(
    target: ComputeTarget, show_output: bool, deadline: Optional[float], gone: bool = False
) -> str:
    """Wait until the target is neither being made nor being deleted, and give its state.

    Args:
        target: The target; its state is refreshed.
        show_output: Print each new state on a line of its own.
        deadline: When to give up, on the monotonic clock; None for never.
        gone: Wait until the target exists no more; the state is then `Succeeded`.
    """
    delay, shown = _FIRST_DELAY, ""
    while True:
        try:
            target.refresh_state()
        except ComputeTargetException:
            # v1's waits never raise; what is not there any more has failed.
            return "Succeeded" if gone else "Failed"
        state = target.provisioning_state
        if show_output and state != shown:
            print(state, flush=True)  # noqa: T201 - the v1 SDK prints the states
            shown = state
        if not gone and state not in {"Creating", "Updating", "Deleting"}:
            return state
        if deadline is not None and time.monotonic() >= deadline:
            return state
        time.sleep(delay)
        delay = min(delay * 1.5, _LONGEST_DELAY)


def _ordered(workspace: Any, order: CreateCompute) -> ComputeRecord:
    with _refused():
        record = workspace.service.compute.create(order)
    for message in record.warnings:
        callers.warn(message)
    return cast("ComputeRecord", record)


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Turn what the service refuses into the error that v1 scripts expect of compute targets."""
    try:
        yield
    except RunyardError as error:
        # Other errors than elsewhere in the SDK: v1's notebooks catch this class around targets.
        raise ComputeTargetException(error.message) from error


def _read(workspace: Any, name: str) -> ComputeRecord:
    with translated():
        return cast("ComputeRecord", workspace.service.compute.get(name))
