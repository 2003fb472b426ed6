"""pip requirements as users write them: lines of a file, and the names that are our own."""

import re
from pathlib import Path
from typing import Iterable, List, Tuple

from runyard.sdk.exceptions import UserErrorException, translated

# The SDK is on PYTHONPATH in every job: packages of these names would only stand in its way.
_OWN = re.compile(r"^azureml(-.*)?$|^runyard(-azureml)?$")
_WITH_PANDAS = re.compile(r"azureml[-_.](dataprep|dataset[-_.]runtime)\s*\[[^\]]*\bpandas\b")
# A path, or the name of an archive beside the file; addresses have `://`.
_PATH = re.compile(
    r"^(?:\.{0,2}[/\\]|\.{1,2}$|[A-Za-z]:\\|[\w.\-]+/)|^[^:;]*\.(?:whl|zip|tar\.gz)$|@\s*\.{0,2}/"
)


def package_name(requirement: str) -> str:
    """The name at the start of a pip requirement or conda specification, in lower case."""
    bare = requirement.strip().rpartition("::")[2]
    if re.match(r"[A-Za-z0-9+]+:", bare):
        # An address: two of one host or kind are two packages.
        return bare
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._\-]*", bare)
    return match.group(0).lower().replace("_", "-") if match else bare


def without_own(requirements: Iterable[str]) -> List[str]:
    """Leave out the names that every job has already, such as `azureml-defaults`.

    What read v1's datasets leaves what it brought along to make frames of them.
    """
    found = []
    for line in requirements:
        if not _OWN.match(package_name(line)):
            found.append(line)
        elif _WITH_PANDAS.match(line.strip()):
            found += ["pandas", "pyarrow"]
    return found


def read_requirements(path: str, seen: Tuple[str, ...] = ()) -> List[str]:
    """Read the lines of a requirements file without comments, with `-r` files in their place.

    Raises:
        UserErrorException: A file is missing or no text, includes itself, or has a line that names
            what only this machine has.
    """
    from runyard.client import texts

    file = Path(path)
    if not file.is_file():
        raise UserErrorException(
            f"requirements file {path!r} does not exist (looked from {Path.cwd()}); check the path"
        )
    here = str(file.resolve())
    if here in seen:
        raise UserErrorException(f"requirements file {path!r} includes itself")
    with translated():
        text = texts.read(file)
    # Lines that go on behind a backslash are one, as for pip.
    joined = re.sub(r"\\\n", " ", text)
    return lines_of(joined.splitlines(), str(path), (*seen, here))


def lines_of(raw: Iterable[str], path: str, seen: Tuple[str, ...] = ()) -> List[str]:
    """Read requirement lines without comments, with `-r` files in their place.

    Args:
        raw: The lines.
        path: The file they are from; paths in it are relative to its folder.
        seen: Files that are being read.

    Raises:
        UserErrorException: A line names what only this machine has.
    """
    lines: List[str] = []
    for text in raw:
        # Neither line nor text ends at the `#` of an address, as in `git+https://…#egg=x`.
        line = re.sub(r"(^|\s)#.*$", "", text).strip()
        include = re.match(r"(?:-r|--requirement)(?:\s*=\s*|\s*)(.+)$", line)
        if include:
            lines += read_requirements(_beside(path, include.group(1).strip("'\"")), seen)
        elif line:
            _check(line, path)
            lines.append(line)
    return lines


def _beside(path: str, name: str) -> str:
    if "://" in name:
        raise UserErrorException(
            f"{path!r} includes the address {name!r}: download that file and include it by its path"
        )
    return str(Path(path).parent / name)


def _check(line: str, path: str) -> None:
    """Refuse what names a file of this machine: the service, which installs, may not have it."""
    match = re.match(r"(--[\w\-]+|-\w)\s*=?\s*(.*)", line)
    option, value = match.groups() if match else ("", "")
    if option in {"-c", "--constraint"}:
        raise UserErrorException(
            f"{path!r} names the constraints {value.strip()!r}: write its bounds into the "
            "requirements themselves, for each package that they are about"
        )
    is_editable = option in {"-e", "--editable"} and "://" not in value
    if is_editable or (line[:1] != "-" and _PATH.search(line)):
        raise UserErrorException(
            f"{path!r} has {line!r}, which is a path on this machine that jobs do not have: put "
            "the package into source_directory and import it from there, give its address, or make "
            "a wheel of it and add that with Environment.add_private_pip_wheel"
        )
    # conda writes so what it has built itself; `pip freeze` copies it out of the environment.
    built = re.search(r"@\s*file://(/\S+)", line)
    if built and not Path(built.group(1)).exists():
        raise UserErrorException(
            f"{path!r} has {line!r}, which is where conda built the package and is on no other "
            f"machine: write {package_name(line)}==VERSION (`pip list --format=freeze` does so)"
        )
