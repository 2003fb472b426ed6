"""What names and values MLflow lets through, and how long they may be.

Names of metrics, parameters and tags may serve as paths of files in MLflow's own stores, so they
must look like one that leads nowhere else. Values that are too long are cut, as MLflow's server
does unless it is told otherwise.
"""

import posixpath
import re

from runyard.protocol.errors import InvalidRequest
from runyard_server.faces.mlflow.asked import missing, wrong

MOST_METRICS, MOST_PARAMS, MOST_TAGS, MOST_ENTITIES = 1000, 100, 100, 1000
LONGEST_KEY = 250
LONGEST_PARAM, LONGEST_TAG = 6000, 8000
LONGEST_EXPERIMENT_TAG = 20_000
LONGEST_MODEL_TAG = 100_000
LONGEST_INPUT_TAG = {"key": 255, "value": 500}
LONGEST_OF_DATASET = {
    "name": 500,
    "digest": 36,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}
_LONGEST_TITLE = 500
_NOT_IN_MODELS = ("/", ":", ".", "%", '"', "'")
_NOT_IN_REGISTERED = ("/", ":")
_NUMBERED = re.compile(r"[vV][0-9]+")
_FIT = re.compile(r"[/\w.\- :]*")


def checked(name: str, where: str, what: str = "") -> str:
    """A name of a metric, a parameter or a tag, if MLflow takes it.

    Args:
        name: The name.
        where: The field, for the message.
        what: What is named, where its length is checked.

    Raises:
        InvalidRequest: It has other letters, or reads as a path to elsewhere.
    """
    if not _FIT.fullmatch(name):
        raise wrong(
            where, name, "Names may only contain letters, digits, and the signs _ - . : / and blank"
        )
    if name and not name.isidentifier():
        plain = posixpath.normpath(name)
        if plain != name or plain == "." or plain.startswith(("..", "/")):
            raise wrong(where, name, f"as the path of a file the name would be {plain!r}")
    if what:
        fitting(name, LONGEST_KEY, what)
    return name


def fitting(value: str, longest: int, what: str) -> str:
    """A text that is not too long.

    Args:
        value: The text.
        longest: How many characters it may have.
        what: What it is, for the message.

    Raises:
        InvalidRequest: It is too long.
    """
    if len(value) > longest:
        raise InvalidRequest(
            f"'{what}' exceeds the maximum length of {longest} characters: it has {len(value)}"
        )
    return value


def title(name: str) -> str:
    """The title of an experiment, if it can be one.

    Raises:
        InvalidRequest: It is empty or too long.
    """
    if not name:
        raise InvalidRequest("Invalid experiment name: '': it must not be empty")
    return fitting(name, _LONGEST_TITLE, "name")


def of_model(name: str) -> str:
    """The name of a logged model, if it can be one; the empty one stands for none.

    Raises:
        InvalidRequest: It has a sign that has a meaning in addresses of models.
    """
    if any(sign in name for sign in _NOT_IN_MODELS):
        raise InvalidRequest(
            f"Invalid model name ({name[:200]!r}) provided. Model name must be a non-empty string "
            f"and cannot contain the following characters: {_NOT_IN_MODELS}"
        )
    return name


def of_registered(name: str) -> str:
    """The name of a registered model, if it can be one.

    Raises:
        InvalidRequest: It is blank or too long, or has a sign that has a meaning in addresses.
    """
    if not name.strip():
        raise missing("name")
    if any(sign in name for sign in _NOT_IN_REGISTERED):
        raise InvalidRequest(
            f"Invalid model name '{name[:200]}'. Names cannot contain '/' or ':': addresses of "
            "models have them between the parts"
        )
    return fitting(name, _LONGEST_TITLE, "name")


def of_alias(name: str) -> str:
    """The name of an alias, if it is none that means something else; our own rule says the rest.

    Raises:
        InvalidRequest: It is the newest version's, or a number of a version.
    """
    if name.lower() == "latest":
        raise InvalidRequest("'latest' alias name (case insensitive) is reserved: it is the newest")
    if _NUMBERED.fullmatch(name):
        raise InvalidRequest(f"Version alias name '{name}' is reserved: it is a version's number")
    return name


def limited(what: str, most: int, count: int) -> None:
    """Refuse a batch that has more of something than it may.

    Args:
        what: Of what.
        most: How many it may have.
        count: How many it has.

    Raises:
        InvalidRequest: It has more.
    """
    if count > most:
        raise InvalidRequest(
            f"A batch logging request can contain at most {most} {what}. Got {count} {what}. Send "
            "them in several"
        )
