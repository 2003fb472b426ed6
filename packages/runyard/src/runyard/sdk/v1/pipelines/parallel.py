"""ParallelRunStep: a script that works on its input batch by batch, on several nodes at once.

Everything is checked when the step is made. What is done with it stands in `runtime.parallel`.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from runyard.protocol import parallel as batches
from runyard.protocol.runs import LauncherSpec
from runyard.sdk.dataset_inputs import DIRECT, MOUNT, DatasetConsumptionConfig
from runyard.sdk.dataset_outputs import OutputFileDatasetConfig, OutputTabularDatasetConfig
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import NotOfferedYet
from runyard.sdk.v1.pipelines import parallel_files
from runyard.sdk.v1.pipelines.data import (
    PipelineDataset,
    PipelineOutputFileDataset,
    PipelineOutputTabularDataset,
    PipelineParameter,
    refusal,
)
from runyard.sdk.v1.pipelines.ports import output_name
from runyard.sdk.v1.pipelines.steps import ConfiguredStep, configured

if TYPE_CHECKING:
    from runyard.sdk.submission import Submission

# Attempts of the whole run after a node was lost; what is done stays done.
_RETRIES = 3
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SHORTEST, _LONGEST = 3, 32
_NO_FILE_NAME = re.compile(r'[~"#%&*:<>?/\\{|}]')
# v1 had its own program read all arguments; a script that is to run there cannot use these.
_RESERVED = (
    *("mini_batch_size", "error_threshold", "allowed_failed_count", "allowed_failed_percent"),
    *("output", "output_action", "logging_level", "process_count_per_node"),
    *("run_invocation_timeout", "run_max_try", "append_row_file_name"),
)
_TABLE, _FILES = "tables", "files"
_WHOLE_HUNDRED = 100


class ParallelRunConfig:
    """How a script works on batches; several steps may share one.

    `mini_batch_size`, `process_count_per_node`, `node_count`, `run_invocation_timeout`,
    `run_max_try` and `logging_level` may be PipelineParameters.

    Args:
        environment: The Environment of the processes.
        entry_script: The script with `init()` and `run(mini_batch)`.
        error_threshold: The step fails with more failed files or records; -1: never.
        output_action: `append_row` joins what is returned in one file, `summary_only` counts it.
        compute_target: The compute target, or its name.
        node_count: How many nodes work.
        process_count_per_node: How many processes on each; None: one per GPU, or per core.
        mini_batch_size: Files of a batch (10), or the size of a table's batch (`"1MB"`).
        source_directory: The folder of the script; None: where the script lies.
        description: Kept, without effect.
        logging_level: From which level on `EntryScript().logger` writes.
        run_invocation_timeout: For how many seconds `run()` may work on a batch.
        run_max_try: How often a batch is tried.
        append_row_file_name: The name of the file of `append_row`; None: `parallel_run_step.txt`.
        allowed_failed_count: The step fails with more failed batches.
        allowed_failed_percent: The same as a share of all batches.
        partition_keys: All with the same values of these keys is one batch, and mini_batch_size
            counts for nothing; the inputs are partitioned by them.
        environment_variables: Variables of the processes.
        input_format: The old name of something without effect.

    Raises:
        ValueError: A value is not what it should be.
    """

    def __init__(
        self,
        environment: Any,
        entry_script: Any,
        error_threshold: Any,
        output_action: Any,
        compute_target: Any,
        node_count: Any,
        process_count_per_node: Any = None,
        mini_batch_size: Any = None,
        source_directory: Optional[str] = None,
        description: Optional[str] = None,
        logging_level: Any = "INFO",
        run_invocation_timeout: Any = 60,
        run_max_try: Any = 3,
        append_row_file_name: Optional[str] = None,
        allowed_failed_count: Optional[int] = None,
        allowed_failed_percent: Optional[float] = None,
        partition_keys: Any = None,
        environment_variables: Optional[Mapping[str, Any]] = None,
        input_format: Any = None,
    ) -> None:
        del input_format
        self.environment = environment
        self.entry_script = entry_script
        self.error_threshold = error_threshold
        self.output_action = output_action
        self.compute_target = compute_target
        self.node_count = node_count
        self.process_count_per_node = process_count_per_node
        self.mini_batch_size = mini_batch_size
        self.source_directory = source_directory
        self.description = description
        self.logging_level = "INFO" if logging_level is None else logging_level
        self.run_invocation_timeout = (
            60 if run_invocation_timeout is None else run_invocation_timeout
        )
        self.run_max_try = 3 if run_max_try is None else run_max_try
        self.append_row_file_name = append_row_file_name
        self.allowed_failed_count = allowed_failed_count
        self.allowed_failed_percent = allowed_failed_percent
        self.environment_variables = dict(environment_variables or {})
        self.partition_keys = _keys(partition_keys)
        self._check()

    @staticmethod
    def load_yaml(workspace: Any, path: Any) -> ParallelRunConfig:
        """Read one from a file.

        Args:
            workspace: Of an environment that the file only names.
            path: The file.

        Raises:
            UserErrorException: There is none, or it is none of such a configuration.
            ValueError: A value is not what it should be.
        """
        return ParallelRunConfig(**parallel_files.load(workspace, path))

    def save_to_yaml(self, path: Any) -> None:
        """Write it to a file; of parameters what they are by default.

        Args:
            path: The file.
        """
        parallel_files.save(self, path)

    def _check(self) -> None:
        if not isinstance(self.environment, Environment):
            raise refusal(
                f"environment must be an Environment, not {type(self.environment).__name__}"
            )
        if not isinstance(self.entry_script, str) or not self.entry_script.strip():
            raise refusal(f"entry_script must name a script, not {self.entry_script!r}")
        if str(self.output_action).lower() not in batches.ACTIONS:
            raise ValueError(
                f"output_action is {self.output_action!r}; use {' or '.join(batches.ACTIONS)}"
            )
        if self.compute_target is None:
            raise ValueError("compute_target is missing: a compute target or its name")
        self._check_numbers()
        name = self.append_row_file_name
        if name is not None and (not name or _NO_FILE_NAME.search(name) or name in (".", "..")):
            raise ValueError(
                f"append_row_file_name is {name!r}; use a name of a file without "
                '~ " # % & * : < > ? / \\ { | }'
            )

    def _check_numbers(self) -> None:
        threshold = self.error_threshold
        if not isinstance(threshold, int) or isinstance(threshold, bool) or threshold < -1:
            raise refusal(
                f"error_threshold is {threshold!r}; use a whole number, -1 for any number of errors"
            )
        for name, read in _READ.items():
            value = getattr(self, name)
            if value is not None:
                read(name, value.default_value if isinstance(value, PipelineParameter) else value)
        count, percent = self.allowed_failed_count, self.allowed_failed_percent
        if count is not None:
            _count("allowed_failed_count", count, 0)
        if percent is not None and not 0 <= percent <= _WHOLE_HUNDRED:
            raise ValueError(f"allowed_failed_percent is {percent!r}; use 0 to 100")

    def _source(self) -> Tuple[str, str]:
        """The folder of the content, and the script in it."""
        if self.source_directory:
            return self.source_directory.strip(), self.entry_script.strip()
        script = Path(self.entry_script.strip())
        return str(script.parent), script.name


class ParallelRunStep(ConfiguredStep):
    """A script that works on its input batch by batch, as a step.

    Args:
        name: 3 to 32 small letters, digits and `-`, the first a letter.
        parallel_run_config: How it works.
        inputs: What is cut up: datasets of files, or tables, with names.
        output: What it makes; needed for `append_row`.
        side_inputs: What all processes read and nobody cuts up.
        arguments: The script's arguments, the first an option.
        allow_reuse: Whether results of an equal step may stand for it.
        models: The old way to name models that the script uses; without effect.
        tags: Without effect.
        properties: Without effect.

    Raises:
        Exception: The name cannot be one.
        ValueError: Something else cannot be what it is given as.
    """

    def __init__(
        self,
        name: str,
        parallel_run_config: Any,
        inputs: Sequence[Any],
        output: Any = None,
        side_inputs: Optional[Sequence[Any]] = None,
        arguments: Optional[Sequence[Any]] = None,
        allow_reuse: bool = True,
        models: Any = None,
        tags: Any = None,
        properties: Any = None,
    ) -> None:
        del models, tags, properties
        _check_name(name)
        if not isinstance(parallel_run_config, ParallelRunConfig):
            kind = type(parallel_run_config).__name__
            raise refusal(f"parallel_run_config must be a ParallelRunConfig, not {kind}")
        given = list(arguments or [])
        _check_arguments(name, given)
        # One configuration may serve several steps, and be changed in between.
        self._parallel = copy(parallel_run_config)
        cut_up = _inputs(name, inputs)
        self._kind = _kind_of(name, cut_up)
        size = self._parallel.mini_batch_size
        if self._kind == _FILES and batches.has_unit(_value(size)):
            raise ValueError(f"mini_batch_size of files is a count, not {_value(size)!r}")
        for each in cut_up:
            _check_partitions(name, each, self._parallel.partition_keys)
        action = str(self._parallel.output_action).lower()
        if action == batches.APPEND_ROW and output is None:
            raise ValueError(f"step {name!r}: append_row needs output=…, where its file is to lie")
        self._folder, script = self._parallel._source()
        self._run_config = configured(None, self._parallel.compute_target)
        self._run_config.environment = self._parallel.environment
        self._run_config.script, self._run_config.max_retries = script, _RETRIES
        placed = [_seen(each) for each in (*cut_up, *_as_inputs(side_inputs or ()))]
        told = dict(zip(map(id, (*inputs, *(side_inputs or ()))), placed))
        super().__init__(
            name,
            placed,
            [] if output is None else [output],
            # Among arguments it stands as it was given, before it was mounted.
            [told.get(id(each), each) for each in given],
            allow_reuse,
        )
        self._cut_up = [port.name for port in self._ports.inputs[: len(cut_up)]]
        self._output = "" if output is None else output_name(_data(output))
        # Only now: the base takes no other counts than those of a run configuration.
        self._counts = self._parameters()
        self._ports.note(list(self._counts.values()))
        self.validate()

    def _source(self, default_folder: Optional[str]) -> Tuple[str, str]:
        del default_folder
        return self._parallel._source()

    def _made(self, experiment: Any, default_folder: Optional[str]) -> Submission:
        given = super()._made(experiment, default_folder)
        config = self._parallel
        variables = {k: str(v) for k, v in config.environment_variables.items()}
        nodes = _count("node_count", _value(config.node_count), 1)
        spec = replace(
            given.spec,
            launcher=self._launcher(),
            node_count=nodes,
            # A run configuration of several nodes would ask for a communicator.
            definition={**given.spec.definition, "nodeCount": nodes},
            environment_variables={**given.spec.environment_variables, **variables},
        )
        return replace(given, spec=spec)

    def _launcher(self) -> LauncherSpec:
        config = self._parallel
        each = _value(config.process_count_per_node)
        is_table = self._kind == _TABLE
        size = _value(config.mini_batch_size)
        default = batches.TABLE_BYTES if is_table else batches.FILES
        return LauncherSpec(
            batches.KIND,
            process_count_per_node=0 if each is None else int(each),
            parallel=batches.ParallelSpec(
                inputs=self._cut_up,
                table=is_table,
                batch_size=default if size is None else batches.size_of(size),
                action=str(config.output_action).lower(),
                output=self._output,
                file_name=config.append_row_file_name or batches.ROW_FILE,
                timeout_seconds=int(_value(config.run_invocation_timeout)),
                most_tries=int(_value(config.run_max_try)),
                error_threshold=config.error_threshold,
                allowed_failed_count=config.allowed_failed_count,
                allowed_failed_percent=config.allowed_failed_percent,
                logging_level=str(_value(config.logging_level)).upper(),
                partition_keys=config.partition_keys,
            ),
        )

    def _parameters(self) -> Dict[str, PipelineParameter]:
        """The parameters that say a value of the configuration, by the field that they say."""
        values = {field: getattr(self._parallel, name) for name, field in _FIELDS.items()}
        return {k: v for k, v in values.items() if isinstance(v, PipelineParameter)}


def _count(name: str, value: Any, least: int) -> int:
    """A whole number; v1's notebooks give texts such as "5", too.

    Args:
        name: What it counts, for messages.
        value: The number.
        least: The least that makes sense.

    Raises:
        ValueError: It is none, or less.
    """
    found = re.fullmatch(r"-?\d+", str(value))
    if found is None or isinstance(value, bool) or int(value) < least:
        raise ValueError(f"{name} is {value!r}; use a whole number, at least {least}")
    return int(value)


def _positive(name: str, value: Any) -> None:
    _count(name, value, 1)


def _size(name: str, value: Any) -> None:
    del name
    batches.size_of(value)


def _level(name: str, value: Any) -> None:
    if str(value).upper() not in batches.LEVELS:
        raise ValueError(f"{name} is {value!r}; use {', '.join(batches.LEVELS)}")


_READ: Mapping[str, Callable[[str, Any], None]] = {
    "node_count": _positive,
    "process_count_per_node": _positive,
    "mini_batch_size": _size,
    "run_invocation_timeout": _positive,
    "run_max_try": _positive,
    "logging_level": _level,
}
# What parameters may say, by the service's names of it.
_FIELDS = {
    "node_count": "node_count",
    "process_count_per_node": "process_count_per_node",
    "mini_batch_size": "batch_size",
    "run_invocation_timeout": "timeout_seconds",
    "run_max_try": "most_tries",
    "logging_level": "logging_level",
}


def _check_name(name: Any) -> None:
    fits = isinstance(name, str) and _SHORTEST <= len(name) <= _LONGEST
    if not fits or _NAME.fullmatch(name) is None:
        raise Exception(  # noqa: TRY002 - v1's type
            f"the name of a ParallelRunStep is {name!r}; use {_SHORTEST} to {_LONGEST} small "
            "letters, digits and '-', beginning with a letter and not ending with '-'"
        )


def _check_arguments(name: str, arguments: Sequence[Any]) -> None:
    if arguments and not str(arguments[0]).startswith("-"):
        raise ValueError(
            f"the first argument of step {name!r} is {arguments[0]!r}; its script's arguments are "
            "options, such as ['--model', 'iris']"
        )
    for each in arguments:
        option = str(each)[2:].partition("=")[0]
        if not isinstance(each, str) or not each.startswith("--"):
            continue
        if option in _RESERVED:
            raise ValueError(f"--{option} is an option of ParallelRunStep's own; take another name")
        if option == "rank_mini_batch_count":
            raise NotOfferedYet("--rank_mini_batch_count", "a step with an input, or an MpiStep")


def _inputs(name: str, given: Any) -> List[Any]:
    """What is cut up, as inputs of a step.

    Raises:
        ValueError: There is nothing.
    """
    if not isinstance(given, (list, tuple)) or not given:
        raise refusal(f"inputs of step {name!r} must be a list with at least one dataset")
    return _as_inputs(given)


def _as_inputs(given: Sequence[Any]) -> List[Any]:
    found = []
    for each in given:
        if isinstance(each, OutputFileDatasetConfig):
            each = each.as_input()  # noqa: PLW2901 - the same, in another form
        elif isinstance(each, PipelineDataset):
            each = DatasetConsumptionConfig(each.name, each.dataset)  # noqa: PLW2901 - the same
        found.append(each)
    return found


def _kind_of(name: str, inputs: Sequence[Any]) -> str:
    """Whether inputs are files or tables.

    Raises:
        ValueError: They are neither, or both.
    """
    kinds = [_kind_or_none(each) for each in inputs]
    for value, kind in zip(inputs, kinds):
        if kind is None:
            raise ValueError(
                f"inputs of step {name!r} are datasets with a name (as_named_input), or outputs of "
                f"other steps as datasets, not {type(value).__name__}; what all processes are to "
                "read goes into side_inputs"
            )
        if kind == _TABLE and _mode(value) != DIRECT:
            raise ValueError(f"a table among inputs of step {name!r} is read direct, not mounted")
    if len(set(kinds)) > 1:
        raise ValueError(f"inputs of step {name!r} are files and tables; use one kind")
    return str(kinds[0])


def _keys(given: Any) -> List[str]:
    """Keys to cut by.

    Raises:
        ValueError: They are no list of texts.
    """
    found = list(given) if isinstance(given, (list, tuple)) else given or []
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise ValueError(f"partition_keys must be a list of names, not {given!r}")
    return found


def _check_partitions(name: str, value: Any, keys: Sequence[str]) -> None:
    """Refuse a dataset whose files' paths do not spell the keys; of some only the job knows."""
    inner = _value(getattr(value, "dataset", None))
    missing = [
        key for key in keys if isinstance(inner, AbstractDataset) and not inner._has_key(key)
    ]
    if missing:
        raise ValueError(
            f"step {name!r}: the input {value.name!r} is not partitioned by {', '.join(missing)}; "
            "table.partition_by([…], target=(datastore, 'path')) makes one that is, and for files "
            "that lie so partition_format='{key}/…' says it"
        )


def _kind_or_none(value: Any) -> Optional[str]:
    """Whether an input is files or a table, None of what is no dataset."""
    if isinstance(value, PipelineOutputFileDataset):
        return _TABLE if isinstance(value, PipelineOutputTabularDataset) else _FILES
    if not isinstance(value, DatasetConsumptionConfig):
        return None
    inner = _value(value.dataset)
    if isinstance(inner, OutputTabularDatasetConfig):
        return _TABLE
    # Of (workspace, name) it is not known here; the service refuses to mount a table.
    return _TABLE if isinstance(inner, AbstractDataset) and not inner.has_files else _FILES


def _seen(value: Any) -> Any:
    """An input as processes get it: files are mounted, whatever was said."""
    if _kind_or_none(value) != _FILES or _mode(value) == MOUNT:
        return value
    return value.as_mount()


def _mode(value: Any) -> str:
    return str(getattr(value, "mode", None) or getattr(value, "_mode", None) or DIRECT)


def _value(value: Any) -> Any:
    return value.default_value if isinstance(value, PipelineParameter) else value


def _data(output: Any) -> Any:
    return output._data if isinstance(output, PipelineOutputFileDataset) else output
