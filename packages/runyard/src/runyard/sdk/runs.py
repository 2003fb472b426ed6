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
    NoReturn,
    Optional,
    Sequence,
    Type,
)

from runyard.sdk.exceptions import NotOfferedYet, UserErrorException, translated
from runyard.sdk.run_base import RUN_ID
from runyard.sdk.run_contents import RunContents
from runyard.sdk.run_logging import RunLogging

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from runyard.protocol.jobs import RankRecord
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.data import DataPath
    from runyard.sdk.environments import Environment
    from runyard.sdk.experiments import Experiment, Tags
    from runyard.sdk.workspaces import Workspace

TERMINAL = ("Completed", "Failed", "Canceled")
MOST_CHILDREN = 100


class Run(RunLogging, RunContents):
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

        record = self._read()
        cells = {
            "Experiment": record.experiment,
            "Id": record.id,
            "Type": record.run_type,
            "Status": record.status,
        }
        return cards.row(cells, ("Details Page", self.get_portal_url(), "Link to the run"))

    def __enter__(self) -> Self:
        self._entered_by = os.getpid()
        if self._interactive is not None:
            self._interactive.capture()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        from runyard.sdk import endings

        reason = None if error is None else endings.reason_of(error)
        if self._in_own_job() or self._entered_by not in (-1, os.getpid()):
            # A child that was forked in the block leaves it too, which does not end the run.
            self.flush()
        elif reason is None:
            self.complete()
        else:
            self.fail(error_details=reason)

    # Where it belongs

    @classmethod
    def get_context(
        cls,
        allow_offline: bool = True,
        used_for_context_manager: bool = False,
        **_: Any,
    ) -> Run:
        """Give the run in which this script is.

        In a job: the job's run. Elsewhere: a real interactive run of the embedded service, the
        same for the life of the process, in an experiment named after the script.

        Args:
            allow_offline: Outside a job, begin a run; False raises instead.
            used_for_context_manager: Taken for old scripts' sake.

        Raises:
            RunEnvironmentException: Outside a job, with `allow_offline=False`.
        """
        from runyard.sdk import run_context

        return run_context.current(allow_offline)

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
        """Give an experiment's runs, newest first.

        Args:
            experiment: The experiment.
            type: Only runs of this type.
            tags: A text: runs that have the tag; a dict: runs whose tags equal all of it.
            properties: The same for properties.
            status: Only runs of this status.
            include_children: Also runs that have a parent.
        """
        from runyard.protocol.runs import RunQuery

        query = RunQuery(
            experiment=experiment.name,
            status=status,
            run_type=type,
            include_children=include_children,
        )
        return _found(experiment.workspace, query, tags, properties)

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
    def input_datasets(self) -> NoReturn:
        """Say what to use in place of datasets."""
        raise NotOfferedYet("Run.input_datasets", "a datastore's path(…).as_mount() as an argument")

    @property
    def output_datasets(self) -> NoReturn:
        """Say what to use in place of datasets."""
        raise NotOfferedYet("Run.output_datasets", "files below ./outputs")

    # What becomes of it

    def get_status(self) -> str:
        """Give the status, read from the service unless it is a final one already."""
        if self._record is None or self._record.status not in TERMINAL:
            self._refresh()
        return self._read().status

    def get_details(self) -> Dict[str, Any]:
        """Give all that is known of the run as a dict with the v1 SDK's keys."""
        from runyard.sdk import run_details, run_files

        record = self._refresh()
        files = run_files.records(self.service, self._id)
        spec = self._spec()
        ranks = self._ranks() if spec is not None and spec.launcher.kind != "single" else ()
        return run_details.details(record, spec, files, self.service, ranks)

    def _ranks(self) -> Sequence[RankRecord]:
        """Give the processes of a run that has several."""
        with translated():
            return self.service.runs.ranks(self._id)

    def get_details_with_logs(self) -> Dict[str, Any]:
        """Give the details with the logs' texts in place of their addresses."""
        from runyard.sdk import run_files

        found = self.get_details()
        for name in found["logFiles"]:
            data = run_files.content(self.service, self._id, name)
            found["logFiles"][name] = data.decode("utf-8", "replace")
        return found

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> Dict[str, Any]:
        """Wait until the run has ended, outputs included, and give its details.

        Args:
            show_output: Print the run's log as it grows.
            wait_post_processing: Taken for old scripts' sake; the end is always waited for.
            raise_on_error: Raise when the run has failed.

        Raises:
            ActivityFailedException: The run has failed.
            ExperimentExecutionException: Interrupted (Ctrl-C) with `show_output`; the run goes on.
            UserErrorException: Called in the run's own job, which would never end.
        """
        if self._in_own_job():
            raise UserErrorException(
                f"run {self._id} cannot wait for its own end: leave the call away, or wait for the "
                "run where it was submitted"
            )
        from runyard.sdk import waiting

        return waiting.wait(self, show_output, raise_on_error)

    def cancel(self) -> None:
        """Ask for the run to be canceled; in its own job this only warns."""
        if self._in_own_job():
            from runyard.client import callers

            callers.warn("a run cannot cancel itself from its own job; exit the script instead")
            return
        self._end(lambda: self.service.runs.cancel(self._id))

    def complete(self, _set_status: bool = True) -> None:
        """Flush, and set the run to Completed; in its own job only flush."""
        if self._in_own_job() or not _set_status:
            self.flush()
            return
        self._end(lambda: self.service.runs.complete(self._id))

    def fail(
        self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True
    ) -> None:
        """Flush, and set the run to Failed; in its own job only flush, and warn.

        Args:
            error_details: What went wrong: a text or an exception.
            error_code: `UserError` or another code.
        """
        if self._in_own_job() and _set_status:
            from runyard.client import callers

            callers.warn(
                f"run {self._id} is not failed by fail() in its own job, and the reason is not "
                "kept: raise an exception, or call sys.exit with the reason"
            )
        if self._in_own_job() or not _set_status:
            self.flush()
            return
        text, code = _error_text(error_details), error_code or "UserError"
        self._end(lambda: self.service.runs.fail(self._id, text, code))

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

        Raises:
            UserErrorException: Neither or both are given, or more than 100 are asked for.
        """
        from runyard.sdk.experiments import as_tags

        if (count is None) == (tag_key is None or tag_values is None):
            raise UserErrorException("give either count, or tag_key and tag_values")
        if count is not None:
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
        """Give the children, newest first.

        Args:
            recursive: Also the children's children.
            tags: A text: runs that have the tag; a dict: runs whose tags equal all of it.
            properties: The same for properties.
            type: Only runs of this type.
            status: Only runs of this status.
        """
        from runyard.protocol.runs import RunQuery

        query = RunQuery(parent=self._id, include_children=True)
        for child in _found(self.experiment.workspace, query, None, None):
            record = child._read()
            fits = type in (None, record.run_type) and status in (None, record.status)
            if fits and _has(record.tags, tags) and _has(record.properties, properties):
                yield child
            if recursive:
                yield from child.get_children(True, tags, properties, type, status)  # noqa: FBT003

    def submit_child(
        self, config: Any, tags: Optional[Mapping[str, Any]] = None, **kwargs: Any
    ) -> Run:
        """Submit a child run and return at once.

        The child is canceled with this run; it goes on after any other end of this run.

        Args:
            config: An estimator or a ScriptRunConfig.
            tags: The child's first tags.
            kwargs: What may be given anew for an estimator; see `Experiment.submit`.

        Raises:
            UserErrorException: `config` is no such object, or the service refuses the run; then
                nothing was made.
            SnapshotException: The source folder cannot be taken.
        """
        return self.experiment._submit(config, tags, self._id, **kwargs)

    # Others

    def get_portal_url(self) -> str:
        """Give the address of the run on its service."""
        from urllib.parse import quote

        service = self.service
        return f"{service.connection.url}/runs/{quote(service.id)}/{quote(self._id)}"

    def get_environment(self) -> Environment:
        """Give the environment with which the run was submitted.

        Raises:
            UserErrorException: It is an interactive run, which has none.
        """
        from runyard.sdk import run_environments

        return run_environments.of(self, self._spec())

    def get_secret(self, name: str) -> NoReturn:
        """Say what to use in place of secrets."""
        raise NotOfferedYet("Run.get_secret", "environment variables of the run")

    def get_secrets(self, secrets: Any) -> NoReturn:
        """Say what to use in place of secrets."""
        raise NotOfferedYet("Run.get_secrets", "environment variables of the run")

    def _get_outputs_datapath(self) -> DataPath:
        """Give the run's outputs as a place on the default datastore, copied there first."""
        from runyard.sdk import run_outputs

        return run_outputs.datapath(self)

    def _end(self, call: Any) -> None:
        """Flush, collect what an interactive run leaves, and set the status."""
        if self._interactive is not None:
            self._interactive.collect()
        self.flush()
        with translated():
            self._record = call()
        from runyard.sdk import endings

        endings.forget(self)
        if self._interactive is not None:
            self._interactive.close()

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
        from runyard.sdk.experiments import user_name

        # Whoever does not end with a run of this process, or with its job, ends with this process.
        alone = not (os.environ.get(RUN_ID) or endings.covers(self._id))
        body = StartRun(
            experiment=self.experiment.name,
            name=name,
            run_id=run_id,
            parent=self._id,
            tags=tags,
            submitted_by=user_name(),
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
    """Give the run of a record, as ScriptRun if a script was submitted."""
    from runyard.protocol.runs import SCRIPT_RUN
    from runyard.sdk.experiments import Experiment

    experiment = Experiment(
        workspace, record.experiment, _skip_name_validation=True, _create_in_cloud=False
    )
    kind = ScriptRun if record.run_type == SCRIPT_RUN else Run
    return kind(experiment, record.id, _record=record)


def _found(workspace: Workspace, query: Any, tags: Tags, properties: Tags) -> Iterator[Run]:
    """Give the runs of a query whose tags and properties fit; one of each the service looks for."""
    from dataclasses import replace

    from runyard.sdk import paging

    tag, tag_value = _first(tags)
    name, value = _first(properties)
    query = replace(query, tag=tag, tag_value=tag_value, property=name, property_value=value)
    for record in paging.items(workspace.service.runs.list(query)):
        if _has(record.tags, tags) and _has(record.properties, properties):
            yield of_record(workspace, record)


def _first(wanted: Tags) -> Any:
    if not wanted:
        return None, None
    if isinstance(wanted, str):
        return wanted, None
    key, value = next(iter(wanted.items()))
    return str(key), None if value is None else str(value)


def _has(present: Mapping[str, Optional[str]], wanted: Tags) -> bool:
    if not wanted:
        return True
    if isinstance(wanted, str):
        return wanted in present
    return all(
        str(key) in present and present[str(key)] == (None if value is None else str(value))
        for key, value in wanted.items()
    )


def _error_text(details: Any) -> str:
    from runyard.protocol import escapes

    if isinstance(details, BaseException):
        details = f"{type(details).__name__}: {details}"
    # An error names the file that it is about, and not every file's name is UTF-8.
    return "" if details is None else escapes.printable(str(details))
