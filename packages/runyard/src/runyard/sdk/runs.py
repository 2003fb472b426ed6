"""The run: one execution of a script, seen from the script itself or from anywhere else.

Inside a job `Run.get_context()` is the job's run; its status is the service's matter, so there
`complete`, `fail` (which warns) and leaving a `with` block only flush. Everywhere else they set
it. What is logged goes through a spool (`sdk.sessions`) and never waits for the network.
"""

from __future__ import annotations

import os
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
)

from runyard.sdk import checks, jobs, process_run, run_kinds
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.run_contents import RunContents
from runyard.sdk.run_lifecycle import RunLifecycle
from runyard.sdk.tags import as_tags, fits

if TYPE_CHECKING:
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.data import DataPath
    from runyard.sdk.dataset_inputs import InputDatasets
    from runyard.sdk.environments import Environment
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.tags import Tags
    from runyard.sdk.workspaces import Workspace

# v1's limit.
MOST_CHILDREN = 100


class Run(RunLifecycle, RunContents):
    """A run of an experiment.

    Args:
        experiment: The experiment.
        run_id: The run's id.
        outputs: The outputs folder of an interactive run.

    Raises:
        UserErrorException: The experiment has no such run.
    """

    def __repr__(self) -> str:
        record = self._read()
        return (
            f"Run(Experiment: {record.experiment},\nId: {record.id},\n"
            f"Type: {record.run_type},\nStatus: {record.status})"
        )

    def __str__(self) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self._id)

    def _repr_html_(self) -> str:
        from runyard.sdk import cards
        from runyard.sdk.notebook.cards import once

        card = once(self)
        if card is not None:
            return card
        record = self._read()
        cells = {
            "Experiment": record.experiment,
            "Id": record.id,
            "Type": record.run_type,
            "Status": record.status,
        }
        return cards.row(cells, ("Details Page", self.get_portal_url(), "Link to the run"))

    # Where it belongs

    @classmethod
    def get_context(
        cls,
        allow_offline: bool = True,
        used_for_context_manager: bool = False,
        **_: Any,
    ) -> Run:
        """Find the run in which this script is.

        In a job: the job's run. Elsewhere: a real interactive run of the embedded service, the
        same for the life of the process, in an experiment named after the script.

        Args:
            allow_offline: Outside a job, begin a run; False raises instead.
            used_for_context_manager: Taken for old scripts' sake.

        Raises:
            RunEnvironmentException: Outside a job, with `allow_offline=False`.
        """
        return process_run.current(allow_offline)

    @classmethod
    def get_submitted_run(cls, **kwargs: Any) -> Run:
        """Find the job's run, by the name of 2018; see `get_context`.

        Raises:
            RunEnvironmentException: Outside a job, where scripts of that year go on without a run.
        """
        return cls.get_context(allow_offline=False, **kwargs)

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """Get a run of a workspace by its id.

        Raises:
            UserErrorException: There is none.
        """
        with translated():
            record = workspace.service.runs.get(run_id)
        return of_record(workspace, record)

    @staticmethod
    def list(
        experiment: Experiment,
        type: Optional[str] = None,  # noqa: A002 - the v1 name
        tags: Tags = None,
        properties: Tags = None,
        status: Optional[str] = None,
        include_children: bool = False,
        **_: Any,
    ) -> Iterator[Run]:
        """List an experiment's runs, newest first.

        Args:
            experiment: The experiment.
            type: Only runs of this type.
            tags: A text: runs that have the tag; a dict: runs whose tags equal all of it.
            properties: The same for properties.
            status: Only runs of this status.
            include_children: Also runs that have a parent.
        """
        from runyard.sdk import run_queries

        checks.experiment(experiment)
        checks.tags("tags", tags)
        checks.tags("properties", properties)
        query = run_queries.of_experiment(
            experiment.name, type, status, include_children=include_children
        )
        return _found(experiment.workspace, query, tags, properties)

    @staticmethod
    def list_by_compute(
        compute: Any,
        type: Optional[str] = None,  # noqa: A002 - the v1 name
        tags: Tags = None,
        properties: Tags = None,
        status: Optional[str] = None,
    ) -> Iterator[Run]:
        """List the runs that were sent to a compute target, newest first.

        Args:
            compute: The compute target.
            type: Only runs of this type.
            tags: A text: runs that have the tag; a dict: runs whose tags equal all of it.
            properties: The same for properties.
            status: Only runs of this status.
        """
        return on_target(compute, type, tags, properties, status)

    @property
    def number(self) -> int:
        """The number within the experiment, counting from 1."""
        return self._read().number

    @property
    def name(self) -> Optional[str]:
        """The name for people."""
        return self._read().name

    @property
    def display_name(self) -> str:
        """The name for people, or the id."""
        return self._read().name or self._id

    @display_name.setter
    def display_name(self, value: str) -> None:
        self._change(name=str(value))

    @property
    def description(self) -> str:
        """The description."""
        return self._read().description

    @description.setter
    def description(self, value: str) -> None:
        self._change(description=str(value))

    @property
    def type(self) -> Optional[str]:
        """`azureml.scriptrun`, or None for an interactive run."""
        return self._read().run_type

    @property
    def status(self) -> str:
        """The status as it was last read; `get_status` reads it again."""
        return self._read().status

    @property
    def parent(self) -> Optional[Run]:
        """The parent, which may be of another experiment, or None."""
        parent = self._read().parent
        return None if parent is None else Run.get(self.experiment.workspace, parent)

    @property
    def tags(self) -> Dict[str, Optional[str]]:
        """The tags, read now."""
        return self.get_tags()

    @property
    def properties(self) -> Dict[str, str]:
        """The properties, read now."""
        return self.get_properties()

    @property
    def input_datasets(self) -> InputDatasets:
        """What this job reads, by name: paths, and datasets of the mode `direct`.

        A dataset that a script has found itself may be noted there under a name.
        """
        from runyard.sdk.run_datasets import inputs_of

        return inputs_of(self)

    def _part_of_input(self, name: str, values: Mapping[str, Optional[str]]) -> Any:
        """What a batch of a parallel step is a part of; see `runtime.parallel.batch_context`."""
        from runyard.sdk.run_datasets import part_of_input

        return part_of_input(self, name, values)

    @property
    def output_datasets(self) -> Mapping[str, str]:
        """Where this job makes its outputs, by name."""
        from runyard.sdk.dataset_inputs import output_paths

        return output_paths()

    # Children

    def child_run(
        self,
        name: Optional[str] = None,
        run_id: Optional[str] = None,
        outputs: Optional[str] = None,
    ) -> Run:
        """Begin a child run, at once in Running.

        Args:
            name: A name for people.
            run_id: The id; made if not given.
            outputs: The outputs folder.
        """
        return self._child(name, run_id, {}, outputs)

    def create_children(
        self,
        count: Optional[int] = None,
        tag_key: Optional[str] = None,
        tag_values: Optional[Sequence[Any]] = None,
    ) -> List[Run]:
        """Begin several children: `count` of them, or one per tag value.

        Args:
            count: How many; None: one per value.
            tag_key: The tag that tells them apart.
            tag_values: Its value for each of them.

        Raises:
            UserErrorException: Neither or both are given, or more than 100 are asked for.
        """
        if (count is None) == (tag_key is None or tag_values is None):
            raise UserErrorException("give either count, or tag_key and tag_values")
        if count is not None:
            # The tag by which v1 numbers them.
            tags = [as_tags({"azureml.batch_child_number": number}) for number in range(count)]
        else:
            tags = [as_tags({str(tag_key): value}) for value in tag_values or ()]
        if not 1 <= len(tags) <= MOST_CHILDREN:
            raise UserErrorException(f"1 to {MOST_CHILDREN} children can be made, not {len(tags)}")
        return [self._child(None, None, one, None) for one in tags]

    def get_children(
        self,
        recursive: bool = False,
        tags: Tags = None,
        properties: Tags = None,
        type: Optional[str] = None,  # noqa: A002 - the v1 name
        status: Optional[str] = None,
        _rehydrate_runs: bool = True,
    ) -> Iterator[Run]:
        """List the children, newest first.

        Args:
            recursive: Also the children's children.
            tags: A text: runs that have the tag; a dict: runs whose tags equal all of it.
            properties: The same for properties.
            type: Only runs of this type.
            status: Only runs of this status.
        """
        checks.tags("tags", tags)
        checks.tags("properties", properties)
        # All are asked for, since below a child that lacks the tags may be one that has them.
        return (
            child
            for child in self._children(recursive)
            if type in (None, child._read().run_type)
            and status in (None, child._read().status)
            and fits(child._read().tags, tags)
            and fits(child._read().properties, properties)
        )

    def _children(self, recursive: bool) -> Iterator[Run]:
        from runyard.sdk import run_children, run_queries

        workspace = self.experiment.workspace
        if recursive:
            return (of_record(workspace, one) for one in run_children.below(self.service, self._id))
        return _found(workspace, run_queries.of_parent(self._id), None, None)

    def _with_all_below(self) -> Iterator[Run]:
        yield self
        yield from self.get_children(recursive=True)

    def submit_child(
        self,
        config: Any,
        tags: Optional[Mapping[str, Any]] = None,
        *,
        priority: Optional[int] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit a child run and return at once.

        The child is canceled with this run; it goes on after any other end of this run.

        Args:
            config: An estimator or a ScriptRunConfig.
            tags: The child's first tags.
            priority: Its priority in the queue; see `Experiment.submit`.
            kwargs: What may be given anew for an estimator; see `Experiment.submit`.

        Raises:
            UserErrorException: `config` is no such object, or the service refuses the run; then
                nothing was made.
            SnapshotException: The source folder cannot be taken.
        """
        return self.experiment._submit(config, tags, self._id, priority, **kwargs)

    # Others

    def get_environment(self) -> Environment:
        """Read the environment with which the run was submitted.

        Raises:
            UserErrorException: It is an interactive run, which has none.
        """
        from runyard.sdk import run_environments

        return run_environments.of(self, self._spec())

    def _locked_environment(self) -> Environment:
        """The environment of the run's lock; see `Environment.from_run`."""
        from runyard.sdk import run_environments

        return run_environments.locked(self, self._spec())

    def reproduce(self) -> Run:
        """Submit the run once more, with its files and arguments, in exactly its environment.

        The environment is made of the lock that the run has, so its packages are the same files,
        whatever came out since. `compare_metrics` tells what differs in the end.

        Raises:
            UserErrorException: It is an interactive run, was not prepared yet, or the service
                refuses it.
        """
        from runyard.sdk import run_environments

        again = run_environments.reproduce(self, self._spec())
        return of_record(self.experiment.workspace, again)

    def compare_metrics(self, other: Run) -> Dict[str, Tuple[Any, Any]]:
        """Compare the metrics with those of another run.

        Args:
            other: The other run.

        Returns:
            The metrics that differ, by name: this run's value and the other's, None for none.
        """
        from runyard.sdk import run_environments

        return run_environments.differences(self.get_metrics(), other.get_metrics())

    def get_secret(self, name: str) -> Optional[str]:
        """Read a secret of the workspace; None and a warning where there is none, as in v1."""
        return self.get_secrets([name])[name]

    def get_secrets(self, secrets: Sequence[str]) -> Dict[str, Optional[str]]:
        """Read secrets of the workspace by name; None for those that are not there."""
        from runyard.sdk import secrets as kept

        return kept.read(self.service, secrets)

    def _get_outputs_datapath(self) -> DataPath:
        """Copy the run's outputs to the default datastore, and refer to them there."""
        from runyard.sdk import run_outputs

        return run_outputs.datapath(self)

    def _child(
        self,
        name: Optional[str],
        run_id: Optional[str],
        tags: Dict[str, Optional[str]],
        outputs: Optional[str],
    ) -> Run:
        from runyard.client.process import identity
        from runyard.protocol.runs import StartRun
        from runyard.sdk import endings

        # Whoever does not end with a run of this process, or with its job, ends with this process.
        alone = not (os.environ.get(jobs.RUN_ID) or endings.covers(self._id))
        body = StartRun(
            experiment=self.experiment.name,
            name=name,
            run_id=run_id,
            parent=self._id,
            tags=tags,
            beats=alone,
            process=identity() if alone else "",
        )
        with translated():
            record = self.service.runs.start(body)
        child = Run(self.experiment, record.id, outputs, _record=record)
        if alone:
            endings.watch(child)
        else:
            endings.cover(child, self._id)
        return child


class ScriptRun(Run):
    """A run that was made by submitting a script."""


class _OfflineRun(Run):
    """The run of a script that was started by hand; a real one, on the embedded service."""


def of_record(workspace: Workspace, record: RunRecord) -> Run:
    """Make the run of a record, of the class that stands for its type."""
    from runyard.protocol.runs import SCRIPT_RUN

    experiment = workspace._experiment(record.experiment)
    if record.run_type == SCRIPT_RUN:
        return ScriptRun(experiment, record.id, _record=record)
    kind: Type[Run] = run_kinds.class_of(record.run_type) or Run
    return kind(experiment, record.id, _record=record)


def get_run(
    experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True
) -> Run:
    """Get a run of an experiment by its id, of the class that stands for its type.

    Args:
        experiment: The experiment.
        run_id: The run's id.
        rehydrate: False gives a plain Run, whatever its type.
        clean_up: Taken for old scripts' sake.

    Raises:
        UserErrorException: The experiment has no such run.
    """
    del clean_up
    checks.experiment(experiment)
    found = Run(experiment, run_id)
    return of_record(experiment.workspace, found._read()) if rehydrate else found


def on_target(
    target: Any,
    run_type: Optional[str],
    tags: Tags,
    properties: Tags,
    status: Optional[str],
    active: bool = False,
) -> Iterator[Run]:
    """The runs that were sent to a compute target, newest first.

    Args:
        target: The compute target.
        run_type: Only runs of this type.
        tags: As in `Run.list`.
        properties: As in `Run.list`.
        status: Only runs of this status.
        active: Only those that have not ended.
    """
    from runyard.sdk import run_queries

    checks.tags("tags", tags)
    checks.tags("properties", properties)
    query = run_queries.on_target(target.name, run_type, status, active=active)
    return _found(target.workspace, query, tags, properties)


def _found(workspace: Workspace, query: Any, tags: Tags, properties: Tags) -> Iterator[Run]:
    """The runs that a search finds, of those that have these tags and properties."""
    from runyard.sdk import paging, run_queries

    search = run_queries.searched(query, tags, properties)
    for record in paging.items(workspace.service.runs.search(search)):
        if fits(record.tags, tags) and fits(record.properties, properties):
            yield of_record(workspace, record)
