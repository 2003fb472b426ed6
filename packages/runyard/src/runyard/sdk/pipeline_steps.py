"""Steps of native pipelines: functions and scripts, and what a call of one means.

    @runyard.step(environment=env)
    def train(clean: runyard.Input, model: runyard.Output, lr: float): ...

Within `with Pipeline(...)` a call makes a node of the pipeline; anywhere else the function is
called, as if it had no decorator. Parameters annotated `Input` and `Output` are its ports, all
others take JSON values: nothing is pickled, so that what a step is given can be read, compared and
kept. In its job the function is found again by its name in its file, which comes with its folder.
"""

from __future__ import annotations

import functools
import inspect
import json
from contextvars import ContextVar
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Generic,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
    overload,
)

from runyard.protocol.pipelines import TEXT
from runyard.protocol.suggestions import suggest
from runyard.sdk import pipeline_values as values_of
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.pipeline_values import Parameter

if TYPE_CHECKING:
    from runyard.sdk.pipelines import Pipeline

    _Path = Path
else:
    # Before Python 3.12 only the class of the system can be derived from.
    _Path = type(Path())

Function = TypeVar("Function", bound=Callable[..., Any])
Names = Union[str, Sequence[str]]
INPUT, OUTPUT = "Input", "Output"
# What the job's process is started with: the interpreter of the step's environment, and our module.
_RUNNER = ("$RUNYARD_INTERPRETER", "-m", "runyard.sdk.pipeline_job")
open_pipeline: ContextVar[Optional[Pipeline]] = ContextVar("open_pipeline", default=None)
"""The pipeline whose `with` block is under way."""


class Input(_Path):
    """What a step reads: the path of a file, or of a folder with all that is in it."""


class Output(_Path):
    """What a step makes: the path of a folder of its own, which is there and empty."""


class StepOptions(NamedTuple):
    """How a step is run, whatever it runs; see `step`."""

    name: str
    environment: Optional[Environment]
    target: str
    folder: str
    variables: Dict[str, str]
    reuse: bool = True
    version: str = ""


class Given(NamedTuple):
    """What a call gives a step: data to read by input, and JSON values by argument."""

    inputs: Dict[str, Any]
    values: Dict[str, Any]


class Made(NamedTuple):
    """An output of a node: what other steps read. It is no path before it has been made."""

    node: Node
    name: str

    def __fspath__(self) -> str:
        raise UserErrorException(
            f"what step {self.node.name!r} makes is there once the pipeline runs: give it to "
            f"another step, or read it by run.step({self.node.name!r}).outputs[{self.name!r}]"
        )

    def __repr__(self) -> str:
        return f"<output {self.name!r} of {self.node!r}>"


class Node:
    """A step of a pipeline, as a call of it gives one: its outputs are its attributes.

    Args:
        pipeline: The pipeline.
        step: What it runs.
        number: Its place among the pipeline's steps.
        given: What it reads, and its arguments.
    """

    def __init__(self, pipeline: Pipeline, step: BaseStep, number: int, given: Given) -> None:
        self._pipeline = pipeline
        self._step = step
        self._id = f"{number:08x}"
        self._given = given
        self._after: List[Node] = []

    @property
    def name(self) -> str:
        """The step's name."""
        return self._step.options.name

    def after(self, *nodes: Node) -> Node:
        """Have it begin after others have completed, whatever these make.

        Raises:
            UserErrorException: One is no step of this pipeline.
        """
        for node in nodes:
            if not isinstance(node, Node) or node._pipeline is not self._pipeline:
                raise UserErrorException(
                    f"step {self.name!r} comes after steps of its own pipeline, not after {node!r}"
                )
            self._after.append(node)
        return self

    def __getitem__(self, name: str) -> Made:
        if name not in self._step.outputs:
            near = suggest(str(name), list(self._step.outputs), "it makes none").sentence
            raise UserErrorException(f"step {self.name!r} has no output {name!r}; {near}")
        return Made(self, name)

    def __getattr__(self, name: str) -> Made:
        # Copies and notebooks ask for names of their own, which are nobody's outputs.
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except UserErrorException as error:
            raise AttributeError(error.message) from None

    def __repr__(self) -> str:
        return f"<step {self.name!r} of pipeline {self._pipeline.name!r}>"


class BaseStep:
    """What functions and scripts have in common as steps.

    Args:
        options: How it is run.
        outputs: The names of what it makes.

    Raises:
        UserErrorException: Something cannot be what it was given as.
    """

    kind = ""

    def __init__(self, options: StepOptions, outputs: Sequence[str]) -> None:
        if options.environment is not None and not isinstance(options.environment, Environment):
            raise UserErrorException(
                f"step {options.name!r}: environment must be an Environment, not "
                f"{type(options.environment).__name__}"
            )
        self.options = options
        self.outputs: Tuple[str, ...] = tuple(outputs)

    def source(self) -> Tuple[Path, str]:
        """The folder that is sent with it, and its file there.

        Raises:
            UserErrorException: There is no such file.
        """
        raise NotImplementedError

    def words(self, ports: Mapping[str, str], values: Mapping[str, Any]) -> Words:
        """What its job is started with.

        Args:
            ports: What stands for each input and output among arguments.
            values: Its other arguments.
        """
        raise NotImplementedError

    def _call(self, given: Given) -> Node:
        """Make a node of the open pipeline."""
        pipeline = open_pipeline.get()
        assert pipeline is not None
        for name, value in given.inputs.items():
            if not isinstance(value, Made):
                values_of.refuse_no_place(self.options.name, name, value)
        for name, value in given.values.items():
            values_of.checked_value(self.options.name, name, value)
        return pipeline._add(self, given)


class Words(NamedTuple):
    """How a job is started: by a script with arguments, or by a command that ends with them."""

    script: str
    arguments: List[str]
    command: List[str]


class Step(BaseStep, Generic[Function]):
    """A function as a step; `runyard.step` makes it.

    Args:
        function: The function.
        options: How it is run.
        outputs: Parameters that are outputs though they are not annotated as such.

    Raises:
        UserErrorException: The function cannot be called by names alone, or lacks an output.
    """

    kind = "FunctionStep"

    def __init__(self, function: Function, options: StepOptions, outputs: Sequence[str]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        signature = inspect.signature(function)
        found = _ports(function, signature, options.name)
        for name in outputs:
            if name not in found:
                near = suggest(name, list(found), "it has none").sentence
                raise UserErrorException(
                    f"step {options.name!r} has no parameter {name!r} that could be an output; "
                    f"{near}"
                )
            found[name] = OUTPUT
        super().__init__(options, [name for name, kind in found.items() if kind == OUTPUT])
        self.inputs = [name for name, kind in found.items() if kind == INPUT]
        # Where outputs lie is the pipeline's matter, so a call does not give them.
        self._taken = signature.replace(
            parameters=[p for p in signature.parameters.values() if p.name not in self.outputs]
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make a node of the pipeline that is being built; without one, call the function."""
        if open_pipeline.get() is None:
            return self.function(*args, **kwargs)
        try:
            bound = self._taken.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise UserErrorException(
                f"step {self.options.name!r}: {error}; it takes {self._taken}, and the pipeline "
                f"gives it {', '.join(self.outputs) or 'nothing else'}"
            ) from None
        # What is no JSON and can be read is an input, however the parameter is annotated.
        inputs = {name: v for name, v in bound.items() if name in self.inputs or _is_data(v)}
        inputs = {name: _only(value) for name, value in inputs.items()}
        return self._call(Given(inputs, {k: v for k, v in bound.items() if k not in inputs}))

    def source(self) -> Tuple[Path, str]:
        """The function's folder, or the one that was given, and its file there."""
        name = self.function.__qualname__
        try:
            file = Path(inspect.getsourcefile(self.function) or "").absolute()
        except TypeError:
            file = Path()
        # Notebooks name files that are not there.
        if not file.is_file():
            raise UserErrorException(
                f"step {self.options.name!r}: the function has no file that could be sent with it, "
                "as one of a notebook has none; write it to a file (%%writefile steps.py) and "
                "import it from there"
            )
        if "<" in name:
            raise UserErrorException(
                f"step {self.options.name!r}: {name} cannot be found by name in {file.name}; "
                "define it at the top of the file"
            )
        return _below(self.options, file)

    def words(self, ports: Mapping[str, str], values: Mapping[str, Any]) -> Words:
        """The command that calls the function; texts are as they are, all else is JSON."""
        texts = [name for name, value in values.items() if _is_plain_text(value)]
        arguments: List[str] = []
        for name, text in ports.items():
            arguments += [f"--{name}", text]
        for name, value in values.items():
            arguments += [f"--{name}", _word(value)]
        inputs = [name for name in ports if name not in self.outputs]
        told = [",".join(names) or "-" for names in (inputs, self.outputs, texts)]
        name = self.function.__qualname__
        command = [*_RUNNER, name, *told, self.source()[1], *arguments]
        return Words("", arguments, command)

    def __repr__(self) -> str:
        return f"<step {self.options.name!r}{self._taken}>"


class ScriptStep(BaseStep):
    """A script as a step; `runyard.script_step` makes it.

    Args:
        script: The script.
        options: How it is run.
        inputs: The names of what it reads.
        outputs: The names of what it makes.

    Raises:
        UserErrorException: Two of them have one name, or one cannot be a name.
    """

    kind = "ScriptStep"

    def __init__(
        self, script: str, options: StepOptions, inputs: Sequence[str], outputs: Sequence[str]
    ) -> None:
        super().__init__(options, outputs)
        self.script = script
        self.inputs = list(inputs)
        names = [*inputs, *outputs]
        for name in names:
            if not name.isidentifier() or names.count(name) > 1:
                raise UserErrorException(
                    f"step {options.name!r}: {name!r} must name one input or output, in letters, "
                    "digits and '_'"
                )

    def __call__(self, *args: Any, **kwargs: Any) -> Node:
        """Make a node of the pipeline that is being built.

        Args:
            args: What it reads, in the order of `inputs`.
            kwargs: What it reads, and its other arguments, as `--name value`.

        Raises:
            UserErrorException: No pipeline is being built, or an input is missing.
        """
        if open_pipeline.get() is None:
            raise UserErrorException(
                f"step {self.options.name!r} is a script, which runs in a pipeline alone: call it "
                "within `with runyard.Pipeline(…)`"
            )
        given = {**dict(zip(self.inputs, args)), **kwargs}
        missing = [name for name in self.inputs if name not in given]
        taken = [name for name in given if name in self.outputs]
        if missing or taken or len(args) > len(self.inputs):
            raise UserErrorException(
                f"step {self.options.name!r} reads {', '.join(self.inputs) or 'nothing'}, and the "
                f"pipeline gives it {', '.join(self.outputs) or 'nothing else'}; it was called "
                f"with {', '.join(given) or 'nothing'}"
            )
        inputs = {name: _only(v) for name, v in given.items() if name in self.inputs}
        return self._call(Given(inputs, {k: v for k, v in given.items() if k not in inputs}))

    def source(self) -> Tuple[Path, str]:
        """The script's folder, or the one that was given, and the script there."""
        file = Path(self.script).expanduser().absolute()
        if not file.is_file():
            raise UserErrorException(
                f"step {self.options.name!r}: there is no script {str(file)!r}"
            )
        return _below(self.options, file)

    def words(self, ports: Mapping[str, str], values: Mapping[str, Any]) -> Words:
        """The script with `--name value` for all that it is given."""
        arguments: List[str] = []
        for name, text in ports.items():
            arguments += [f"--{name}", text]
        for name, value in values.items():
            arguments += [f"--{name}", _shown(value)]
        return Words(self.source()[1], arguments, [])

    def __repr__(self) -> str:
        return f"<step {self.options.name!r} of {self.script!r}>"


@overload
def step(function: Function) -> Step[Function]: ...


@overload
def step(
    *,
    name: Optional[str] = ...,
    environment: Optional[Environment] = ...,
    target: Any = ...,
    outputs: Names = ...,
    reuse: bool = ...,
    version: str = ...,
    variables: Optional[Mapping[str, str]] = ...,
    folder: Optional[str] = ...,
) -> Callable[[Function], Step[Function]]: ...


def step(
    function: Optional[Function] = None,
    *,
    name: Optional[str] = None,
    environment: Optional[Environment] = None,
    target: Any = None,
    outputs: Names = (),
    reuse: bool = True,
    version: str = "",
    variables: Optional[Mapping[str, str]] = None,
    folder: Optional[str] = None,
) -> Any:
    """Make a function a step: within `with Pipeline(…)` a call of it makes a node.

        @runyard.step(environment=env, target="cluster")
        def train(clean: runyard.Input, model: runyard.Output, lr: float): ...

    Args:
        function: The function; all its arguments are JSON values, but for its ports.
        name: What the step is called; None is the function's name.
        environment: What it needs; None: Python and this package.
        target: A compute target, or its name; None is this machine, `local`.
        outputs: Names of parameters that it makes; those annotated `Output` are among them.
        reuse: Whether what an equal step has made before may stand for it.
        version: Changed by hand to have it run anew.
        variables: Variables of its job.
        folder: What is sent with it; None is the folder of the function's file.

    Raises:
        UserErrorException: The function cannot be called by names alone, or lacks an output.
    """

    def made(found: Function) -> Step[Function]:
        called = name or str(getattr(found, "__name__", "step"))
        given = _options(called, environment, target, variables, folder)
        return Step(found, given._replace(reuse=reuse, version=str(version)), _names(outputs))

    return made if function is None else made(function)


def script_step(
    script: str,
    *,
    name: Optional[str] = None,
    inputs: Names = (),
    outputs: Names = (),
    environment: Optional[Environment] = None,
    target: Any = None,
    reuse: bool = True,
    version: str = "",
    variables: Optional[Mapping[str, str]] = None,
    folder: Optional[str] = None,
) -> ScriptStep:
    """Make a script a step: within `with Pipeline(…)` a call of it makes a node.

        prepare = runyard.script_step("prep.py", inputs="raw", outputs="clean")

    The script gets `--raw PATH --clean PATH`, and `--name value` for each further argument.

    Args:
        script: The script.
        name: What the step is called; None is the script's name.
        inputs: Names of what it reads.
        outputs: Names of what it makes; the folder above the path is there, the path itself not.
        environment: What it needs; None: Python and this package.
        target: A compute target, or its name; None is this machine, `local`.
        reuse: Whether what an equal step has made before may stand for it.
        version: Changed by hand to have it run anew.
        variables: Variables of its job.
        folder: What is sent with it; None is the script's folder.

    Raises:
        UserErrorException: Something cannot be what it was given as.
    """
    given = _options(name or Path(script).name, environment, target, variables, folder)
    given = given._replace(reuse=reuse, version=str(version))
    return ScriptStep(script, given, _names(inputs), _names(outputs))


def _options(
    name: str,
    environment: Optional[Environment],
    target: Any,
    variables: Optional[Mapping[str, str]],
    folder: Optional[str],
) -> StepOptions:
    where = target if isinstance(target, str) else str(getattr(target, "name", "") or "")
    if target is not None and not where:
        raise UserErrorException(
            f"step {name!r}: target is a compute target or its name, not {type(target).__name__}"
        )
    told = {str(key): str(value) for key, value in (variables or {}).items()}
    return StepOptions(name, environment, where or "local", folder or "", told)


def _names(given: Names) -> List[str]:
    return [given] if isinstance(given, str) else list(given)


def _ports(function: Any, signature: inspect.Signature, step_name: str) -> Dict[str, str]:
    """What each parameter is: `Input`, `Output`, or "" for a value."""
    found = {}
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    for each in signature.parameters.values():
        if each.kind not in by_name:
            raise UserErrorException(
                f"step {step_name!r}: the parameter {each} has no name of its own, and a step is "
                "called by names"
            )
        kind = _resolved(each.annotation, function.__globals__)
        found[each.name] = {Input: INPUT, Output: OUTPUT}.get(kind, "")
    return found


def _resolved(annotation: Any, names: Mapping[str, Any]) -> Any:
    """What an annotation means that may be a text, as all are after `import annotations`."""
    if not isinstance(annotation, str):
        return annotation if isinstance(annotation, type) else None
    first, *rest = annotation.split(".")
    found = names.get(first)
    for name in rest:
        found = getattr(found, name, None)
    # Imported for type checkers alone, it is no object here.
    by_name = {INPUT: Input, OUTPUT: Output}.get((rest or [first])[-1])
    return found if isinstance(found, type) else by_name if found is None else None


def _is_data(value: Any) -> bool:
    return isinstance(value, (Made, Node)) or values_of.is_place(value)


def _only(value: Any) -> Any:
    """The only output of a node that was given in its place."""
    if not isinstance(value, Node):
        return value
    outputs = value._step.outputs
    if len(outputs) != 1:
        raise UserErrorException(
            f"step {value.name!r} makes {', '.join(outputs) or 'nothing'}; say which of it, as in "
            f"step.{outputs[0] if outputs else 'output'}"
        )
    return Made(value, outputs[0])


def _below(options: StepOptions, file: Path) -> Tuple[Path, str]:
    folder = Path(options.folder).expanduser().absolute() if options.folder else file.parent
    try:
        return folder, file.relative_to(folder).as_posix()
    except ValueError:
        raise UserErrorException(
            f"step {options.name!r}: its file {str(file)!r} does not lie in folder={str(folder)!r}"
        ) from None


def _is_plain_text(value: Any) -> bool:
    if isinstance(value, Parameter):
        return value.kind == TEXT
    # `$NAME` would become a variable's value; as JSON it can be spelt without the sign.
    return isinstance(value, str) and "$" not in value


def _word(value: Any) -> str:
    if isinstance(value, Parameter):
        return f"${value.variable}"
    if _is_plain_text(value):
        return str(value)
    return json.dumps(value, sort_keys=True).replace("$", "\\u0024")


def _shown(value: Any) -> str:
    """A value as a script's argument: what `str` gives of plain ones, else JSON."""
    if isinstance(value, Parameter):
        return f"${value.variable}"
    return str(value) if isinstance(value, (str, int, float)) else json.dumps(value)
