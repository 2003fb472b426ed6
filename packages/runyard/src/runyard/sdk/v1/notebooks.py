"""`NotebookRunConfig`: a notebook with values as parameters, to be submitted.

A notebook is a script here anyway (`ScriptRunConfig(script="a.ipynb")`); this says besides where
the result goes and how long a cell may take, and its parameters are values, not texts.
"""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Mapping, Optional

from runyard.sdk.exceptions import NotOfferedYet, UserErrorException
from runyard.sdk.notebook_scripts import CELL_TIMEOUT, RESULT, SUFFIX
from runyard.sdk.v1.scripts import ScriptRunConfig

# papermill's own, which are as they are here.
_OPTIONS = ("progress_bar", "log_output", "kernel_name", "cwd")


class NotebookExecutionHandler:
    """How a notebook is executed: by papermill; see AzureMLNotebookHandler."""

    timeout: Optional[int] = None


class AzureMLNotebookHandler(NotebookExecutionHandler):
    """How a notebook is executed.

    Args:
        history: Without effect: what cells print and log is the run's in any case.
        timeout: How many seconds a cell may take.
        **kwargs: `progress_bar`, `log_output` and `kernel_name`, without effect.

    Raises:
        UserErrorException: There is no such option.
    """

    def __init__(self, history: bool = True, timeout: Optional[int] = None, **kwargs: Any) -> None:
        del history
        unknown = [name for name in kwargs if name not in _OPTIONS]
        if unknown:
            raise UserErrorException(
                f"there is no option {unknown[0]!r}; there are {', '.join(_OPTIONS)}"
            )
        if kwargs.get("cwd"):
            raise NotOfferedYet("the option cwd", "os.chdir in the notebook's first cell")
        self.timeout = timeout


class AzureMLApplicationInsightsNotebookHandler(AzureMLNotebookHandler):
    """The same: what is logged goes to the run alone."""


class PapermillExecutionHandler(AzureMLNotebookHandler):
    """The same under its older name."""


class NotebookRunConfig(ScriptRunConfig):
    """A notebook to run.

    Args:
        source_directory: The folder that is sent with the run.
        notebook: The notebook in it.
        output_notebook: Where the notebook with its results goes; None is below `outputs`.
        parameters: Values by the names that its cell with the tag `parameters` has.
        handler: An AzureMLNotebookHandler.
        run_config: All settings.

    Raises:
        UserErrorException: It is no notebook, or the handler is none.
    """

    def __init__(
        self,
        source_directory: str,
        notebook: str,
        output_notebook: Optional[str] = None,
        parameters: Optional[Mapping[str, Any]] = None,
        handler: Optional[NotebookExecutionHandler] = None,
        run_config: Any = None,
        _telemetry_values: Any = None,
    ) -> None:
        if not str(notebook).endswith(SUFFIX):
            raise UserErrorException(f"notebook must end in {SUFFIX}, and is {notebook!r}")
        if handler is not None and not isinstance(handler, NotebookExecutionHandler):
            raise UserErrorException(
                f"handler must be an AzureMLNotebookHandler, not {type(handler).__name__}"
            )
        self._result = output_notebook
        self._parameters: Dict[str, Any] = dict(parameters or {})
        self._timeout = None if handler is None else handler.timeout
        words = self._words(self._result, self._parameters)
        super().__init__(source_directory, str(notebook), words, run_config, _telemetry_values)

    def _words(self, result: Optional[str], parameters: Mapping[str, Any]) -> List[Any]:
        """The arguments for `notebook_scripts`."""
        found = [] if result is None else [f"{RESULT}={result}"]
        found += [] if self._timeout is None else [f"{CELL_TIMEOUT}={self._timeout}"]
        return [*found, *(f"--{name}={literal(value)}" for name, value in parameters.items())]


def literal(value: Any) -> str:
    """A value as a notebook's argument, from which the job reads the same value again."""
    if not isinstance(value, str):
        return repr(value)
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    return repr(value)
