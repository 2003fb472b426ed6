"""A score.py: `init()` once, `run(...)` for each request, as v1's containers had them.

    plain                            run gets the body as text
    decorated by inference_schema    run gets the fields of a JSON object by name
    @rawhttp                         run gets the request
    @batched                         run gets a list of any of these

A parameter `request_headers` gets the headers in each. Results are written as JSON.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Union

from runyard.protocol.suggestions import nearest
from runyard.runtime.model import answers, marks, raw, swagger
from runyard.runtime.model.bodies import decompressed
from runyard.runtime.model.served import (
    BAD_REQUEST,
    ONLY_OUTPUT,
    VALUES,
    Flavor,
    Refused,
    Reply,
    Signature,
    TensorSpec,
    note,
)

if TYPE_CHECKING:
    from types import ModuleType

    from runyard.protocol.frames import Call
    from runyard.protocol.serving import WorkerSpec

TEXT, FIELDS, RAW = "text", "fields", "raw"
HEADERS = "request_headers"
# What the other protocols call the only input of a plain `run`.
ONLY_INPUT = "data"
_NO_TYPE = 415


class Script(Flavor):
    """A score.py as the model that it serves.

    Attributes:
        input: TEXT, FIELDS or RAW.
        wants_headers: Whether `run` asks for the headers.
    """

    takes = VALUES
    platform = "python"
    batched = False

    def __init__(self) -> None:
        super().__init__()
        self.input = TEXT
        self._names_headers = False
        self._run: Callable[..., Any] = _nothing
        self._fields: List[inspect.Parameter] = []
        # The name of the only parameter of a `run` that takes one text and nothing else.
        self._only = ""

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """See Flavor."""
        module = load_module(spec)
        self._run = _function(module, spec)
        # Before `init()`, which may load for minutes: a `run` that can never be called is told at
        # once.
        self._analyse()
        init = getattr(module, "init", None)
        if init is None:
            note(f"{spec.entry_script} has no init(): nothing is loaded before the first request")
        else:
            init()
        self.swagger = swagger.documents(self._run, spec, self.input == FIELDS)
        self.framework = f"script on Python {sys.version.split()[0]}"
        self.signatures = {"run": self._signature()}
        self.default = "run"
        return self.signatures

    def _analyse(self) -> None:
        """Find out what `run` takes.

        Raises:
            TypeError: It cannot be called with what requests have.
        """
        given = inspect.signature(self._run).parameters.values()
        if any(each.kind not in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD) for each in given):
            raise TypeError("run() cannot have *args, **kwargs or positional-only parameters")
        self._names_headers = any(each.name == HEADERS for each in given)
        self._fields = [each for each in given if each.name != HEADERS]
        if not self._fields:
            raise TypeError(
                f"run() needs a parameter for the input beside {HEADERS}"
                if self._names_headers
                else "run() needs a parameter for the input"
            )
        decorated, is_raw = swagger.is_decorated(self._run), raw.is_raw(self._run)
        if decorated and is_raw:
            raise TypeError("run() cannot be decorated with both @rawhttp and @input_schema")
        self.input = FIELDS if decorated else RAW if is_raw else TEXT
        self.batched = marks.is_batched(self._run)
        self.wants_headers = self._names_headers or is_raw
        if self.input == TEXT and not (self.batched or self._names_headers):
            self._only = self._fields[0].name
        if self.input != FIELDS:
            self._check_others()

    def _check_others(self) -> None:
        others = [each.name for each in self._fields[1:] if each.default is each.empty]
        if others:
            names = ", ".join(others)
            raise TypeError(
                f"run() is given one input, and its parameter {names} has no default; "
                "name several inputs with inference_schema's @input_schema"
            )

    def _signature(self) -> Signature:
        names = [each.name for each in self._fields] if self.input == FIELDS else [ONLY_INPUT]
        inputs = [TensorSpec(name, "BYTES", None) for name in names]
        return Signature(inputs, [TensorSpec(ONLY_OUTPUT, "BYTES", None)])

    def score(self, call: Call, body: bytes) -> Reply:
        """See Flavor."""
        if self._only and call.method != "GET" and "content-encoding" not in call.headers:
            # What nearly all calls are.
            try:
                text = str(body, "utf-8")
            except UnicodeDecodeError:
                pass  # it is refused below
            else:
                return self._reply(self._run, {self._only: text}, call)
        try:
            given = self._given(call, body)
        except Refused as refused:
            return answers.refusal(refused)
        if self.batched:
            return self._alone(given, call)
        return self._reply(self._run, given, call)

    def score_many(self, calls: List[Any]) -> List[Reply]:
        """Answer several requests with one `run`; those that fail are tried alone.

        Args:
            calls: Each call with its body.
        """
        given = [self._given_or_refused(call, body) for call, body in calls]
        results = self.together([each for each in given if isinstance(each, dict)])
        return [
            answers.refusal(each)
            if isinstance(each, Refused)
            else answers.of(next(results))
            if results is not None
            else self._alone(each, call)
            for each, (call, _) in zip(given, calls)
        ]

    def _given_or_refused(self, call: Call, body: bytes) -> Union[Dict[str, Any], Refused]:
        try:
            return self._given(call, body)
        except Refused as refused:
            return refused

    def _alone(self, given: Dict[str, Any], call: Call) -> Reply:
        one = {name: [value] for name, value in given.items()}
        return self._reply(self._run_alone, one, call)

    def _run_alone(self, **one: Any) -> Any:
        return _only(self._run(**one))

    def together(self, given: List[Dict[str, Any]]) -> Optional[Iterator[Any]]:
        """The results of one `run` with all inputs; None where each must be tried alone.

        Args:
            given: What `run` would be called with for each.
        """
        if not given:
            return iter(())
        if len(given) == 1:
            return None
        lists = {name: [one[name] for one in given] for name in given[0]}
        try:
            # Arrays and generators are as good as lists.
            results = list(self._run(**lists))
        except BaseException as error:  # noqa: BLE001 - whatever a user's code raises
            note(f"a batch of {len(given)} failed, each is tried alone: {answers.told(error)}")
            return None
        if len(results) != len(given):
            note(
                f"run() is @batched and returned {len(results)} results for {len(given)} inputs; "
                "each is tried alone"
            )
            return None
        return iter(results)

    def call(
        self,
        inputs: Dict[str, Any],
        signature: str = "",
        parameters: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        """See Flavor: the inputs become the JSON object that `run` gets, or its fields."""
        del signature, parameters
        given = self.given_of(inputs)
        if self.batched:
            given = {name: [value] for name, value in given.items()}
            return self.outputs_of(_only(self._run(**given)))
        return self.outputs_of(self._run(**given))

    def given_of(self, inputs: Dict[str, Any]) -> Dict[str, Any]:
        """What `run` is called with for inputs of another protocol.

        Args:
            inputs: By name.

        Raises:
            Refused: It takes none of those.
        """
        if self.input == RAW:
            raise Refused("run() takes raw HTTP requests: call /score")
        given = self._extract(inputs) if self.input == FIELDS else self._text(json.dumps(inputs))
        if self._names_headers:
            given[HEADERS] = {}
        return given

    def outputs_of(self, result: Any) -> Dict[str, Any]:
        """What `run` has returned, for another protocol.

        Args:
            result: One result.

        Raises:
            Refused: It is an error that the script has answered with.
        """
        return {ONLY_OUTPUT: _plain(result)}

    def _given(self, call: Call, body: bytes) -> Dict[str, Any]:
        """What `run` is called with.

        Raises:
            Refused: The request is none that it could take.
        """
        # Who takes the request itself gets it as it came.
        if self.input == TEXT:
            given = self._text(_text_of(call, decompressed(call, body)))
        elif self.input == FIELDS:
            given = self._extract(_object_of(call, decompressed(call, body)))
        else:
            request = raw.AMLRequest(call.method, call.path, call.headers, body)
            given = {self._fields[0].name: request}
        if self._names_headers:
            given[HEADERS] = {raw.title(name): value for name, value in call.headers.items()}
        return given

    def _text(self, text: str) -> Dict[str, Any]:
        return {self._fields[0].name: text}

    def _extract(self, given: Dict[str, Any]) -> Dict[str, Any]:
        found = {}
        for each in self._fields:
            value = given.get(each.name, each.default)
            if value is each.empty:
                known = ", ".join(repr(one.name) for one in self._fields)
                raise Refused(
                    f"A value is not provided for the {each.name!r} parameter. run() takes: {known}"
                )
            found[each.name] = value
        return found

    def _reply(self, run: Callable[..., Any], given: Dict[str, Any], call: Call) -> Reply:
        try:
            result = run(**given)
        except Refused as refused:
            return answers.refusal(refused)
        except BaseException as error:  # noqa: BLE001 - whatever a user's code raises
            answers.log()
            return answers.failure(error, call.legacy_status, call.explain)
        return answers.of(result)


def load_module(spec: WorkerSpec) -> ModuleType:
    """Import the entry script, with its folder and the source directory on the path.

    Args:
        spec: What is served; the working folder is the app root.

    Raises:
        FileNotFoundError: It is not there.
        ImportError: It is no Python module.
    """
    root = os.getcwd()
    source = os.path.join(root, spec.source_directory) if spec.source_directory else root
    path = os.path.join(source, spec.entry_script)
    if not os.path.isfile(path):
        near = sorted(name for name in _listed(os.path.dirname(path)) if name.endswith(".py"))
        there = ", ".join(near) or "no Python file"
        raise FileNotFoundError(f"there is no entry script {spec.entry_script!r}; there is {there}")
    # The last comes first on the path, as if Python had been started with the script.
    for folder in (root, source, os.path.dirname(path)):
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.insert(0, folder)
    name = os.path.splitext(os.path.basename(path))[0]
    # By its path: the environment may have a module of that name, too.
    module_spec = importlib.util.spec_from_file_location(name, path)
    if module_spec is None or module_spec.loader is None:
        raise ImportError(f"{spec.entry_script} is no Python module")
    module = importlib.util.module_from_spec(module_spec)
    # What was pickled with a class of the script finds it by this name.
    sys.modules.setdefault(name, module)
    module_spec.loader.exec_module(module)
    return module


def _listed(folder: str) -> List[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


def _function(module: ModuleType, spec: WorkerSpec) -> Callable[..., Any]:
    # A script that was made for another one calls it, and passes fewer arguments.
    driven = getattr(module, "driver_module", None)
    if inspect.ismodule(driven) and hasattr(driven, "run"):
        module = driven
    run = getattr(module, "run", None)
    if callable(run):
        return run  # type: ignore[no-any-return]  # a user's function
    functions = [name for name, value in vars(module).items() if inspect.isfunction(value)]
    near = nearest("run", functions, 1) or functions[:5]
    there = f"; it has {', '.join(near)}" if near else ""
    raise AttributeError(f"{spec.entry_script} has no function run(data){there}")


def _text_of(call: Call, body: bytes) -> str:
    if call.method == "GET":
        return json.dumps(answers.query(call.path))
    try:
        return str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"Input cannot be decoded as UTF-8: {error}") from None


def _object_of(call: Call, body: bytes) -> Dict[str, Any]:
    if call.method == "GET":
        return answers.query(call.path)
    if not raw.AMLRequest(headers=call.headers).is_json:
        raise Refused("Expects Content-Type to be application/json", _NO_TYPE)
    try:
        found = json.loads(body.decode("utf-8"))
    except ValueError as error:
        if not body:
            raise Refused("POST body is empty. Expecting a JSON dictionary.") from None
        raise Refused(f"POST body could not be decoded as JSON: {error}") from None
    if not isinstance(found, dict):
        raise Refused("POST body should be a JSON dictionary.")
    return found


def _plain(result: Any) -> Any:
    """A result for other protocols; many a script returns JSON that it has written itself.

    Raises:
        Refused: The script has answered with an error.
    """
    if isinstance(result, raw.AMLResponse):
        text = str(result.get_data(as_text=True))
        if result.status_code >= BAD_REQUEST:
            raise Refused(text or f"status {result.status_code}", result.status_code)
        return answers.read_value(text)
    if isinstance(result, str):
        return answers.read_value(result)
    return result


def _only(results: Any) -> Any:
    found = list(results)
    if len(found) != 1:
        raise ValueError(f"run() is @batched and returned {len(found)} results for 1 input")
    return found[0]


def _nothing(**_given: Any) -> None:
    raise RuntimeError("no script is loaded")
