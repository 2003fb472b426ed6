"""Runs a notebook as the script of a job: `python -m runyard.sdk.notebook_scripts train.ipynb …`.

papermill, of the job's own environment, executes it cell by cell; what cells print is the log.

outputs/train.output.ipynb   the notebook with what its cells showed, also when one of them failed;
                             `--runyard-result=…` before all parameters is another place
--rate 0.1 --fast            parameters, as papermill takes them: rate=0.1, fast=True
metrics                      what scrapbook's `glue` and papermill's `record` kept in the notebook
"""

import ast
import json
import logging
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence, Tuple

# nteract-scrapbook imports six and does not say so; v1's own packages brought it along.
PACKAGES = ("papermill", "ipykernel", "six")
SUFFIX = ".ipynb"
# Arguments before the parameters: where the result goes, and how many seconds a cell may take.
RESULT, CELL_TIMEOUT = "--runyard-result", "--runyard-cell-timeout"
_OUTPUTS = "outputs"
_SCRAP = "application/scrapbook.scrap.json+json"
_RECORD = "application/papermill.record+json"


def main(arguments: Sequence[str]) -> int:
    """Run a notebook; give the exit status.

    Args:
        arguments: Its path, then its parameters.
    """
    notebook, *rest = arguments
    try:
        import papermill
    except ImportError as error:
        sys.stderr.write(
            f"{notebook} is a notebook, and the environment cannot run one: {error}; "
            f"add {', '.join(PACKAGES)} to its pip packages\n"
        )
        return 1
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    told = _settings(rest)
    result = Path(told.get(RESULT) or Path(_OUTPUTS, f"{Path(notebook).stem}.output{SUFFIX}"))
    result.parent.mkdir(parents=True, exist_ok=True)
    timeout = {"execution_timeout": int(told[CELL_TIMEOUT])} if CELL_TIMEOUT in told else {}
    papermill.execute_notebook(
        notebook,
        str(result),
        parameters=parameters_of(rest[len(told) :]),
        log_output=True,
        progress_bar=False,
        **_language(notebook),
        **timeout,
    )
    _log(dict(scraps_of(_read(str(result)))))
    return 0


def _settings(arguments: Sequence[str]) -> Dict[str, str]:
    """What stands before the parameters."""
    found: Dict[str, str] = {}
    for each in arguments:
        name, _, value = each.partition("=")
        if name not in (RESULT, CELL_TIMEOUT):
            break
        found[name] = value
    return found


def parameters_of(arguments: Sequence[str]) -> Dict[str, Any]:
    """What arguments such as `--rate 0.1` say to a notebook, as literals where they are some.

    Raises:
        SystemExit: One has no name.
    """
    found: Dict[str, Any] = {}
    waiting = list(arguments)
    while waiting:
        name, equals, value = waiting.pop(0).partition("=")
        if not name.startswith("-") or not name.lstrip("-"):
            raise SystemExit(f"{name!r} names no parameter: notebooks take --name value")
        if not equals and waiting and not _is_flag(waiting[0]):
            equals, value = "=", waiting.pop(0)
        found[name.lstrip("-").replace("-", "_")] = _literal(value) if equals else True
    return found


def scraps_of(notebook: Dict[str, Any]) -> Iterator[Tuple[str, Any]]:
    """What a notebook's cells kept under a name, in their order."""
    for cell in notebook["cells"]:
        for shown in cell.get("outputs", ()):
            data = shown.get("data", {})
            scrap = data.get(_SCRAP)
            if scrap is not None:
                yield str(scrap["name"]), scrap["data"]
            for name, value in data.get(_RECORD, {}).items():
                yield str(name), value


def _is_flag(text: str) -> bool:
    return text.startswith("-") and not isinstance(_literal(text), (int, float))


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _language(notebook: str) -> Dict[str, str]:
    """The environment's own Python; a notebook names that of the machine where it was written."""
    metadata = _read(notebook).get("metadata", {})
    told = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get(
        "name"
    )
    if told not in (None, "python"):
        return {}
    # papermill 1 has no such argument, and its notebooks tell theirs.
    return {"kernel_name": "python3", **({} if told else {"language": "python"})}


def _read(path: str) -> Dict[str, Any]:
    read: Dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return read


def _log(scraps: Dict[str, Any]) -> None:
    """Log what metrics can be: numbers, texts, and lists of numbers."""
    if not scraps:
        return
    from runyard.sdk.runs import Run

    run = Run.get_context()
    for name, value in scraps.items():
        if isinstance(value, (int, float, str)):
            run.log(name, value)
        elif isinstance(value, list) and all(isinstance(each, (int, float)) for each in value):
            run.log_list(name, value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
