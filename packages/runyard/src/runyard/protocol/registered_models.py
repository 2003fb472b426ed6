"""The registered model: what belongs to a model's name and not to one of its versions.

A name has a description, tags, and aliases, each of which points to a version. It comes with its
first version, or is made before that, and it can get another name.
"""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.models import ModelRecord
from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, READS, Nothing, Route
from runyard.protocol.search import Search

ALIAS_RULE = r"(?!(?:latest|[vV]?[0-9]+)\Z)[a-zA-Z0-9_][a-zA-Z0-9_\-.]{0,254}"


@dataclass(frozen=True)
class CreateRegisteredModel:
    """Make a name without a version."""

    name: str
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RegisteredModelRecord:
    """A model by its name.

    `aliases` have a version each; `latest` is the newest version of each stage, without files.
    """

    name: str
    created_at: str
    changed_at: str
    description: str = ""
    created_by: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    aliases: Dict[str, int] = field(default_factory=dict)
    latest: List[ModelRecord] = field(default_factory=list)


@dataclass(frozen=True)
class ChangeRegisteredModel:
    """What is to be different; None leaves it. `name` is the new name."""

    name: Optional[str] = None
    description: Optional[str] = None
    tags: Dict[str, str] = field(default_factory=dict)
    removed_tags: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class SetAlias:
    """Have an alias point to a version, wherever it pointed before."""

    version: int


@dataclass(frozen=True)
class RegisteredModelPage:
    """One page of registered models."""

    items: List[RegisteredModelRecord]
    next_page_token: Optional[str] = None
    looked_at: Optional[int] = None


_ONE = IN_WORKSPACE + "/registered-models/{name}"

REGISTERED_MODELS_CREATE: Route[RegisteredModelRecord] = Route(
    "registered_models.create",
    "POST",
    IN_WORKSPACE + "/registered-models",
    RegisteredModelRecord,
    "Make a model's name before its first version.",
    body=CreateRegisteredModel,
    creates=True,
    role=CONTRIBUTOR,
)
REGISTERED_MODELS_SEARCH: Route[RegisteredModelPage] = Route(
    "registered_models.search",
    "POST",
    IN_WORKSPACE + "/registered-models/search",
    RegisteredModelPage,
    "Search registered models: filter, order.",
    body=Search,
    scope=READS,
)
REGISTERED_MODELS_GET: Route[RegisteredModelRecord] = Route(
    "registered_models.get",
    "GET",
    _ONE,
    RegisteredModelRecord,
    "Get a registered model with its aliases and the newest version of each stage.",
    scope=READS,
)
REGISTERED_MODELS_CHANGE: Route[RegisteredModelRecord] = Route(
    "registered_models.change",
    "PATCH",
    _ONE,
    RegisteredModelRecord,
    "Change the name, description or tags of a registered model.",
    body=ChangeRegisteredModel,
    role=CONTRIBUTOR,
)
REGISTERED_MODELS_DELETE: Route[Nothing] = Route(
    "registered_models.delete",
    "DELETE",
    _ONE,
    Nothing,
    "Delete a registered model with all its versions.",
    role=CONTRIBUTOR,
)
REGISTERED_MODELS_SET_ALIAS: Route[RegisteredModelRecord] = Route(
    "registered_models.set_alias",
    "PUT",
    _ONE + "/aliases/{alias}",
    RegisteredModelRecord,
    "Have an alias point to a version.",
    body=SetAlias,
    role=CONTRIBUTOR,
)
REGISTERED_MODELS_DELETE_ALIAS: Route[RegisteredModelRecord] = Route(
    "registered_models.delete_alias",
    "DELETE",
    _ONE + "/aliases/{alias}",
    RegisteredModelRecord,
    "Remove an alias; the version stays.",
    role=CONTRIBUTOR,
)
