"""Conda files as users have them: read in any encoding, refused where something would be lost.

Sections that conda does not know it warns of and leaves out; here they are refused, because what
they hold is mostly a list of packages under a misspelled name.
"""

from pathlib import Path
from typing import Any, Dict, List

from runyard.protocol.suggestions import nearest
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.requirements import lines_of

KEYS = ("name", "channels", "dependencies", "prefix", "variables")


def read_conda_file(path: str) -> Dict[str, Any]:
    """Read the content of a conda file, with the lines of `-r` files in their place.

    Raises:
        UserErrorException: It is missing, no text, no YAML, or has what conda files do not have.
    """
    from runyard.client import texts
    from runyard.sdk import yaml

    if not Path(path).is_file():
        raise UserErrorException(
            f"conda file {path!r} does not exist (looked from {Path.cwd()}); check the path"
        )
    with translated():
        text = texts.read(path)
    try:
        found = yaml.read(text)
    except yaml.YamlError as error:
        raise UserErrorException(f"conda file {path!r} cannot be read: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("dependencies") or [], list):
        raise UserErrorException(f"conda file {path!r} has no list `dependencies:`")
    _check_keys(found, path)
    entries = [_entry(entry, path) for entry in found.get("dependencies") or []]
    return {**found, "dependencies": entries}


def _check_keys(found: Dict[str, Any], path: str) -> None:
    for key in found:
        if key not in KEYS:
            close = nearest(str(key), KEYS, 1)
            hint = f"did you mean `{close[0]}:`?" if close else f"there are {', '.join(KEYS)}"
            raise UserErrorException(
                f"conda file {path!r} has a section `{key}:` that conda files do not have; {hint}"
            )
    channels = found.get("channels") or []
    if not isinstance(channels, list) or not all(isinstance(each, str) for each in channels):
        raise UserErrorException(f"conda file {path!r}: `channels:` must be a list of names")
    variables = found.get("variables") or {}
    if not isinstance(variables, dict):
        raise UserErrorException(f"conda file {path!r}: `variables:` must be lines `NAME: value`")
    for name, value in variables.items():
        # YAML reads `yes` and `1.10` as other things than what is written there.
        if not isinstance(value, str):
            raise UserErrorException(
                f"conda file {path!r}: the variable {name!r} has no text as value; write "
                f'`{name}: ""` for an empty one'
            )


def _entry(entry: Any, path: str) -> Any:
    """Check one dependency; put the lines of files in their place, for those files stay here."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict) and list(entry) == ["pip"]:
        return {"pip": lines_of(_pip_lines(entry["pip"], path), path)}
    # `numpy: 1.16` is a mapping to YAML, and a frequent slip.
    if isinstance(entry, dict) and len(entry) == 1:
        ((name, version),) = entry.items()
        if isinstance(version, str):
            raise UserErrorException(
                f"conda file {path!r}: the dependency `{name}: {version}` is no specification; "
                f"write `{name}={version}`"
            )
    raise UserErrorException(
        f"conda file {path!r}: the dependency {entry!r} is no text such as `numpy=1.16`, and no "
        "list under `pip:`"
    )


def _pip_lines(found: Any, path: str) -> List[str]:
    # To YAML a `pip:` with nothing below it is null.
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(line, str) for line in found):
        raise UserErrorException(
            f"conda file {path!r}: `pip:` must have a list of requirements below it, one a line"
        )
    return [str(line) for line in found]
