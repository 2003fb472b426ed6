"""Lines of pip requirements as users write them, sorted into what they are.

requirement    numpy==1.16, git+https://…, https://…/x.whl, name @ url
option         --extra-index-url …, --find-links …, --pre: passed on to the resolver
dropped        azureml-*: every job has the SDK; --upgrade and the like: without meaning here
changed        -e git+https://…: installed as it is
refused        -e ., -r other.txt, ./x.whl: files that only the client has
"""

import re
from dataclasses import dataclass

from runyard_server.environments.failures import EnvironmentFailed

# The light half is on PYTHONPATH in every job: packages of these names would stand in its way.
_OWN = re.compile(r"^(azureml(-[\w\-.]*)?|runyard(-azureml)?)$")
_PASSED_WITH_VALUE = (
    "--extra-index-url",
    "--find-links",
    "--no-binary",
    "--only-binary",
)
_OPTION = re.compile(r"(--[\w\-]+|-\w)\s*=?(.*)")
_SHORT = {"-i": "--index-url", "-f": "--find-links"}
_WITHOUT_MEANING = (
    "--upgrade",
    "-U",
    "--no-cache-dir",
    "--prefer-binary",
    "--trusted-host",
    "--disable-pip-version-check",
    "--quiet",
    "-q",
    "--user",
    "--use-feature",
    # Hashes are in every lock, and those that users give are compared with it.
    "--require-hashes",
)
# `pip freeze` of Debian and Ubuntu writes it; there is no such package.
_NOT_A_PACKAGE = "pkg-resources==0.0.0"
_EDITABLE = ("-e", "--editable")
_ELSEWHERE = re.compile(r"^(/|\w+:)")
_CLIENT_FILES = (*_EDITABLE, "-r", "--requirement", "-c", "--constraint")
# A path, also as Windows writes it, or an archive's name without an address.
_ON_CLIENT = re.compile(
    r"^(?:\.|file:\.|[A-Za-z]:\\|[\w\-]+/[\w\-./]*$|[^/@:;]+\.(?:whl|zip|tar\.gz)$)"
)
_ONE_SIGN = re.compile(r"^([\w\-.]+(?:\[[^\]]*\])?)\s*=\s*([\w.*]+)$")
_NAME = re.compile(r"^([A-Za-z0-9][\w\-.]*)")


@dataclass(frozen=True)
class Line:
    """One line, sorted: one of them is set, none for an empty line, or a note beside what is.

    Args:
        requirement: A requirement.
        option: An option line for the resolver, `--name value`.
        index_url: The index in place of the default one.
        note: Why the line was dropped or changed.
    """

    requirement: str = ""
    option: str = ""
    index_url: str = ""
    note: str = ""


def sort(text: str) -> Line:
    """Sort one line.

    Raises:
        EnvironmentFailed: The line asks for files that only the client has, or is unknown.
    """
    line = re.sub(r"(^|\s)#.*$", "", text).strip()
    if not line:
        return Line()
    if line.startswith("-"):
        return _option(line)
    if _ON_CLIENT.match(line):
        raise EnvironmentFailed(
            f"the requirement {line!r} is a path on the client, which jobs do not have: put the "
            "package into source_directory and import it from there, give its URL, or send a wheel "
            "with Environment.add_private_pip_wheel and take the address that it returns"
        )
    conda_like = _ONE_SIGN.match(line)
    if conda_like:
        raise EnvironmentFailed(
            f"the requirement {line!r} has one sign '=', as conda writes versions; pip's is "
            f"{conda_like[1]}=={conda_like[2]}"
        )
    name = package(line)
    if line.replace("_", "-") == _NOT_A_PACKAGE:
        return Line(note=f"{line} is left out: pip writes it by mistake, there is no such package")
    if _OWN.match(name):
        return Line(note=f"{line} is left out: jobs have the SDK already")
    return Line(requirement=line)


def package(requirement: str) -> str:
    """The name in a requirement, as indexes compare it; "" for a bare URL."""
    match = _NAME.match(requirement)
    if match is None or re.match(r"^[a-z0-9+]+:", requirement):
        return ""
    return re.sub(r"[-_.]+", "-", match.group(1)).lower()


def hashes(requirement: str) -> frozenset[str]:
    """The hashes that a requirement asks for, `sha256:…`."""
    return frozenset(re.findall(r"--hash[=\s]+(\S+)", requirement))


def _option(line: str) -> Line:
    match = _OPTION.match(line)
    name, value = (match[1], match[2].strip()) if match else (line, "")
    name = _SHORT.get(name, name)
    if name == "--index-url":
        return Line(index_url=value)
    if name in _EDITABLE and "://" in value:
        return Line(requirement=value, note=f"{value} is installed as it is, not to be edited")
    if name == "--find-links" and not _ELSEWHERE.match(value):
        raise EnvironmentFailed(
            f"the pip option {line!r} names a folder on the client, which jobs do not have: give "
            "its full path on the machine of the service, or an address"
        )
    if name in ("--no-index", "--pre"):
        return Line(option=name)
    if name in _PASSED_WITH_VALUE and value:
        return Line(option=f"{name} {value}")
    if name in _WITHOUT_MEANING:
        return Line(note=f"pip option {name} is left out: it has no meaning here")
    if name in _CLIENT_FILES:
        raise EnvironmentFailed(
            f"the pip option {line!r} names a file on the client, which the service does not have: "
            "write the requirements themselves"
        )
    known = ", ".join(("--index-url", *_PASSED_WITH_VALUE, "--no-index", "--pre"))
    raise EnvironmentFailed(f"the pip option {line!r} is not understood here; there are {known}")
