"""Every import path and signature that public notebooks use either works or says what to use.

`import_paths.txt` lists the paths as users write them; `surface.json` lists, per class or module,
the members of the article and of the training notebooks with their documented parameters (null for
attributes). Parameters that begin with an underscore are left out.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from runyard.sdk.exceptions import NotOfferedYet

HERE = Path(__file__).parent
PATHS = (HERE / "import_paths.txt").read_text(encoding="utf-8").split()
SURFACE: dict[str, dict[str, Any]] = json.loads((HERE / "surface.json").read_text(encoding="utf-8"))
CALLABLES = [(o, m, p) for o, ms in SURFACE.items() for m, p in ms.items() if p is not None]
ATTRIBUTES = [(o, m) for o, ms in SURFACE.items() for m, p in ms.items() if p is None]


def resolve(path: str) -> Any:
    """Import as much of a dotted path as is a module, and look up the rest."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise ModuleNotFoundError(path)


def refuses(found: Any) -> bool:
    """Whether a name is one that is not offered yet."""
    return type(found).__name__ == "_Refusing" or getattr(found, "__name__", "") == "refuse"


@pytest.mark.parametrize("path", PATHS)
def test_import_path_resolves(path):
    """`from azureml… import X` as users write it."""
    assert resolve(path) is not None


@pytest.mark.parametrize(("owner", "member", "parameters"), CALLABLES)
def test_documented_parameters_are_accepted(owner, member, parameters):
    """A documented argument is never a TypeError; a name not offered says what to use."""
    found = resolve(owner)
    if refuses(found):
        with pytest.raises(NotOfferedYet, match=r"not offered yet: .*; use "):
            found(**dict.fromkeys(parameters))
        return
    function = found if member == "__init__" else getattr(found, member)
    if refuses(function) or "NoReturn" in str(getattr(function, "__annotations__", {})):
        return
    accepted = inspect.signature(function).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in accepted.values()):
        return
    assert [name for name in parameters if name not in accepted] == []


@pytest.mark.parametrize(("owner", "member"), ATTRIBUTES)
def test_documented_attributes_exist(owner, member):
    """What notebooks read or set is there."""
    found = resolve(owner)
    made = getattr(found, "__init__", None)
    set_when_made = getattr(getattr(made, "__code__", None), "co_names", ())
    declared = getattr(found, "__annotations__", ())
    known = hasattr(found, member) or member in set_when_made or member in declared
    assert known or refuses(found)
