"""The files of the light half as they are installed: they travel to where a job or a model runs."""

import importlib.util
import os
from pathlib import Path
from typing import Dict, Optional

SUFFIXES = (".py", ".pyi", ".typed", ".json", ".txt")


def files() -> Dict[str, bytes]:
    """The files of the installed light packages by their path below a folder of packages.

    Raises:
        FileNotFoundError: The light half is not installed.
    """
    found = _package("runyard")
    if is_ours("azureml"):
        found.update(_package("azureml"))
    return found


def is_ours(name: str) -> bool:
    """Whether the installed package of that name re-exports Runyard, not somebody else's SDK."""
    root = root_of(name)
    if root is None or not (root / "__init__.py").is_file():
        return False
    return "Runyard" in (root / "__init__.py").read_text("utf-8")


def root_of(name: str) -> Optional[Path]:
    """Find a package's folder without importing it."""
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))) if places else None


def below(folder: Path) -> Dict[str, bytes]:
    """The files of a folder that belong to the light half, by their path in it; no bytecode."""
    found = {}
    # Not rglob, which takes three times as long: each start of a service comes by here.
    for place, folders, names in os.walk(str(folder)):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        inside = Path(os.path.relpath(place, str(folder)))
        for each in sorted(names):
            if each.endswith(SUFFIXES):
                found[(inside / each).as_posix()] = Path(place, each).read_bytes()
    return found


def _package(name: str) -> Dict[str, bytes]:
    root = root_of(name)
    if root is None:
        raise FileNotFoundError(f"the package {name} is not installed here")
    return {f"{name}/{path}": content for path, content in below(root).items()}
