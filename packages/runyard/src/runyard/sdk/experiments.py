"""The experiment: a named series of runs, and the place from which runs are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, List, Mapping, Optional, Union

from runyard.sdk import checks, paging, submitter
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.experiment_state import ExperimentState, ViewType, shown
from runyard.sdk.names import check_experiment
from runyard.sdk.tags import as_tags, fits

if TYPE_CHECKING:
    from runyard.protocol.experiments import ExperimentRecord
    from runyard.sdk.runs import Run
    from runyard.sdk.submission import Submission
    from runyard.sdk.tags import Tags
    from runyard.sdk.trash import Deleted
    from runyard.sdk.workspaces import Workspace


class Experiment(ExperimentState):
    """An experiment of a workspace; it is made if it is not there.

    Args:
        workspace: The workspace.
        name: Letters, digits, `_` and `-`, up to 255, beginning with a letter or digit.

    Raises:
        UserErrorException: The name breaks the rule.
    """

    _workspace: Workspace

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        _skip_name_validation: bool = False,
        _record: Optional[ExperimentRecord] = None,
        _create_in_cloud: bool = True,
        **_: Any,
    ) -> None:
        self._workspace = workspace
        self._name = name if _skip_name_validation else check_experiment(name)
        self._known = _record
        if _record is None and _create_in_cloud:
            self._create()

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self._workspace.name})"

    def _repr_html_(self) -> str:
        from runyard.sdk import cards
        from runyard.sdk.notebook.cards import of_experiment

        workspace = self._workspace
        card = of_experiment(workspace.service, self.name, workspace.name, self.get_portal_url())
        if card is not None:
            return card
        cells = {"Name": self.name, "Workspace": self._workspace.name}
        return cards.row(cells, ("Report Page", self.get_portal_url(), "Link to the experiment"))

    @property
    def workspace(self) -> Workspace:
        """The workspace."""
        return self._workspace

    @property
    def workspace_object(self) -> Workspace:
        """The workspace."""
        return self._workspace

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def id(self) -> str:
        """The id."""
        return (self._known or self._create()).id

    @property
    def notes(self) -> str:
        """What people wrote about it, in Markdown."""
        return self._workspace.service.experiments.get(self.name).notes or ""

    @notes.setter
    def notes(self, text: str) -> None:
        self._workspace.service.experiments.change(self.name, text)

    def submit(
        self,
        config: Any,
        tags: Optional[Mapping[str, Any]] = None,
        *,
        parent: Union[Run, str, None] = None,
        priority: Optional[int] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit a run and return at once.

        Args:
            config: An estimator, a ScriptRunConfig or a pipeline.
            tags: The run's first tags.
            parent: A run, or its id, whose child it becomes; the parent may be of another
                experiment. It is canceled with its parent and goes on after any other end of it.
            priority: From -1000 to 1000: of the runs that wait for nodes the highest is served
                first. None leaves it to the configuration, whose default is 0.
            kwargs: What may be given anew for an estimator: script_params, inputs,
                source_directory_data_store; for a pipeline: pipeline_parameters,
                continue_on_step_failure, regenerate_outputs, parent_run_id.

        Raises:
            UserErrorException: `config` is no such object, or the service refuses the run; then
                nothing was made.
            SnapshotException: The source folder cannot be taken.
        """
        return self._submit(config, tags, _parent_id(parent), priority, **kwargs)

    def start_logging(
        self,
        name: Optional[str] = None,
        run_id: Optional[str] = None,
        outputs: Optional[str] = None,
        snapshot_directory: Optional[str] = ".",
        display_name: Optional[str] = None,
        **_: Any,
    ) -> Run:
        """Begin an interactive run, at once in Running.

        `./outputs` is made in the current folder; what is put there is uploaded when the run
        ends. As a context manager the run ends with its block, Completed or Failed.

        Args:
            name: A name for people.
            run_id: The run's id; made if not given.
            outputs: The outputs folder; None is `./outputs`.
            snapshot_directory: The folder kept with the run; None keeps none.
            display_name: A name for people.

        Raises:
            SnapshotException: The folder is too large.
        """
        from runyard.sdk import interactive

        return interactive.start(
            self,
            name=display_name or name,
            run_id=run_id,
            outputs=outputs,
            snapshot_directory=snapshot_directory,
        )

    def get_runs(
        self,
        type: Optional[str] = None,  # noqa: A002 - the v1 name
        tags: Tags = None,
        properties: Tags = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """List this experiment's runs, newest first.

        Args:
            type: Only runs of this type.
            tags: A text: runs that have the tag; a dict: runs whose tags equal all of it.
            properties: The same for properties.
            include_children: Also runs that have a parent.
        """
        from runyard.sdk.runs import Run

        return Run.list(self, type, tags, properties, include_children=include_children)

    @staticmethod
    def list(
        workspace: Workspace,
        experiment_name: Optional[str] = None,
        view_type: Any = None,
        tags: Tags = None,
    ) -> List[Experiment]:
        """List a workspace's experiments, by name.

        Args:
            workspace: The workspace.
            experiment_name: Only the one of this name.
            view_type: `ViewType.ArchivedOnly` or `ViewType.All`; None leaves out what is archived.
            tags: A text: experiments that have the tag; a dict: whose tags equal all of it.
        """
        checks.workspace(workspace)
        checks.tags("tags", tags)
        rows = paging.items(workspace.service.experiments.list())
        return [
            # What is there was checked when it was made, by the rule of that day.
            Experiment(workspace, row.name, _skip_name_validation=True, _record=row)
            for row in rows
            if experiment_name in (None, row.name)
            and shown(row, view_type)
            and fits(row.tags, tags)
        ]

    def get_portal_url(self) -> str:
        """The address of the experiment on its service."""
        from urllib.parse import quote

        service = self._workspace.service
        place = f"{quote(service.id)}/experiments/{quote(self.name)}"
        return f"{service.connection.url}/workspaces/{place}"

    def get_docs_url(self) -> str:
        """The address of the documentation."""
        return f"{self._workspace.service.connection.url}/docs"

    def delete(
        self: Union[Experiment, Workspace],
        experiment_id: Optional[str] = None,
        dry_run: bool = False,
    ) -> Deleted:
        """Delete the experiment with all its runs; they can come back for a week.

        v1's form, `Experiment.delete(workspace, experiment_id)`, does the same.

        Args:
            experiment_id: v1's id of the experiment, where a workspace comes first.
            dry_run: Only tell what that would take away.

        Returns:
            What is in the trash; `undo` brings it back.

        Raises:
            UserErrorException: A run goes on, or there is no such experiment.
        """
        from runyard.sdk import trash

        if isinstance(self, Experiment):
            return trash.delete(self.workspace.service, "experiment", self.name, dry_run=dry_run)
        every = Experiment.list(self, view_type=ViewType.All)
        found = [one for one in every if experiment_id in (one.id, one.name)]
        if not found:
            raise UserErrorException(f"there is no experiment {experiment_id!r}")
        return found[0].delete(dry_run=dry_run)

    def _submit(
        self,
        config: Any,
        tags: Optional[Mapping[str, Any]],
        parent: Optional[str],
        priority: Optional[int],
        **kwargs: Any,
    ) -> Run:
        whole = getattr(config, "_submit_to", None)
        if callable(whole) and not isinstance(config, type):
            # A pipeline is many runs, and sends them together.
            run: Run = whole(self, tags, parent, **kwargs)
            return run
        make = getattr(config, "_submission", None)
        # A class has the method too, and no arguments to make a run of.
        if isinstance(config, type) or not callable(make):
            raise UserErrorException(_not_submittable(config))
        given: Submission = make(self, **kwargs)
        if priority is not None:
            from runyard.sdk.submission import prioritized

            given = prioritized(given, priority)
        return self._send(given, tags, parent)

    def _create(self) -> ExperimentRecord:
        with translated():
            self._known = self._workspace.service.experiments.create(self._name)
        return self._known

    def _send(
        self, given: Submission, tags: Optional[Mapping[str, Any]], parent: Optional[str] = None
    ) -> Run:
        from dataclasses import replace

        from runyard.protocol.runs import SubmitRun
        from runyard.sdk import git_properties, sweeping
        from runyard.sdk.runs import of_record
        from runyard.sdk.source_snapshots import take_snapshot

        # Git answers while the folder is read and sent.
        with git_properties.ask(given.source_directory) as asked:
            snapshot = take_snapshot(
                self._workspace.service, given.source_directory, given.spec.script
            )
            facts, uncommitted = asked.properties(), asked.uncommitted()
        order = SubmitRun(
            spec=replace(given.spec, snapshot=snapshot),
            tags={**given.tags, **as_tags(tags)},
            properties={**facts, **given.properties},
            # v1 ran a local run as a child of the client: scripts set variables before they submit.
            inherited=submitter.inherited() if given.inherit_environment else {},
            parent=parent,
        )
        if given.sweep is not None:
            record = sweeping.begin(self._workspace.service, given, order)
        else:
            with translated():
                record = self._workspace.service.runs.submit(order)
        git_properties.keep(self._workspace.service, record.id, uncommitted)
        run = of_record(self._workspace, record)
        run._run_config = given.run_config
        return run


def _parent_id(parent: Any) -> Optional[str]:
    """Read what was given as parent: a run or its id."""
    found = getattr(parent, "id", parent)
    if found is None or isinstance(found, str):
        return found
    raise UserErrorException(
        f"parent is {type(parent).__name__}; give a run, or a run's id, as in "
        "experiment.submit(config, parent=run)"
    )


def _not_submittable(config: Any) -> str:
    kind = f"the class {config.__name__}" if isinstance(config, type) else type(config).__name__
    hint = "; make an object of it first" if isinstance(config, type) else ""
    return (
        f"cannot submit {kind}{hint}: submit an Estimator (TensorFlow, …) or a ScriptRunConfig, as "
        "in experiment.submit(ScriptRunConfig(source_directory='.', script='train.py'))"
    )
