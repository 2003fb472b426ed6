"""The process of a function step: finds the function in its file, and calls it.

    python -m runyard.sdk.pipeline_job NAME INPUTS OUTPUTS TEXTS FILE [--argument value]...

The file is imported as a module, not run as the script that it was when it was submitted. Where it
comes to build a pipeline, its import ends: what the step needs stands above, and a step must not
submit its own pipeline once more.
"""

from __future__ import annotations

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Dict, List, Sequence

from runyard.sdk import pipelines
from runyard.sdk.pipeline_steps import Input, Output, Step

_LETTERS = {"True": True, "False": False}
_HEAD = 5


def main(words: Sequence[str]) -> int:
    """Call the function of a step.

    Args:
        words: Its name, its inputs, its outputs, which of its arguments are texts (names with
            commas between them, `-` for none), its file, and `--argument value` for each.

    Returns:
        An exit status.
    """
    name, inputs, outputs, texts, file = words[:_HEAD]
    given = list(words[_HEAD:])
    values = _values(given, _names(texts + "," + inputs + "," + outputs))
    for each in _names(inputs):
        values[each] = Input(values[each])
    for each in _names(outputs):
        values[each] = Output(values[each])
        # A step that writes into it need not make it; one that has been here before finds it.
        values[each].mkdir(parents=True, exist_ok=True)
    _function(file, name)(**values)
    return 0


def _names(text: str) -> List[str]:
    return [name for name in text.split(",") if name not in ("", "-")]


def _values(words: Sequence[str], texts: Sequence[str]) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for option, text in zip(words[::2], words[1::2]):
        name = option[2:]
        # A truth value that is a parameter comes as Python writes it.
        found[name] = text if name in texts else _LETTERS.get(text)
        if found[name] is None:
            found[name] = json.loads(text)
    return found


def _function(file: str, name: str) -> Any:
    """The function of a name, without its decorator."""
    module = _imported(file)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        sys.exit(
            f"{file} has no function {name!r} above the place where it builds a pipeline: define "
            "the steps, and all that they need, above it"
        )
    return found.function if isinstance(found, Step) else found


def _imported(file: str) -> Any:
    """A file as a module, as far as the place where it builds a pipeline."""
    path = Path(file)
    name = ".".join(path.with_suffix("").parts)
    spec = spec_from_file_location(name, str(path.absolute()))
    if spec is None or spec.loader is None:
        sys.exit(f"{file} is no file that Python could import")
    module = module_from_spec(spec)
    # As for a script: modules beside it, and those below the folder that was sent.
    sys.path[:1] = [str(path.absolute().parent), str(Path.cwd())]
    sys.modules[name] = module
    with pipelines.ending_imports():
        spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
