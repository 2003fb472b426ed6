"""Registered models by what trackers such as MLflow call them: any text.

Our names are part of addresses and of `name:version`, so a rule says what they have. A title that
breaks it gets a name that is made of it, always the same. So whoever knows the title knows the name
without looking it up, and titles are unique because names are. The title itself is kept as a tag.
"""

import hashlib
import re
from collections.abc import Sequence

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.models import NAME_RULE
from runyard_server.core.system import System
from runyard_server.store import registered_models as rows

_LONGEST_SLUG, _DIGITS = 200, 12
_OTHERS = re.compile(r"[^A-Za-z0-9_.-]+")
_MADE = re.compile(rf".*-[0-9a-f]{{{_DIGITS}}}")


def name_of(title: str) -> str:
    """The name by our rule of the model that a tracker calls so."""
    if re.fullmatch(NAME_RULE, title, re.ASCII):
        return title
    slug = _OTHERS.sub("-", title).strip("-_.")[:_LONGEST_SLUG] or "model"
    return f"{slug}-{hashlib.sha256(title.encode()).hexdigest()[:_DIGITS]}"


def kept(name: str, title: str) -> dict[str, str]:
    """The tag that keeps a title, none where it is the name.

    Args:
        name: The name.
        title: What a tracker calls the model; "" for no other than its name.
    """
    return {rows.TITLE_TAG: title} if title not in ("", name) else {}


def of_names(system: System, workspace: str, names: Sequence[str]) -> dict[str, str]:
    """What trackers call models, by their names; what is called by its name is left out.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        names: The names.
    """
    # Nearly all names are none that was made, and ask for no look into a table.
    made = sorted({name for name in names if _MADE.fullmatch(name)})
    if not made:
        return {}
    return system.read(lambda work: rows.titles(work.connection, workspace, made))


def are_there(system: System, workspace: str) -> bool:
    """Whether a model of a workspace may have a title, so that a search has to look for them.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
    """
    return system.read(lambda work: rows.may_have_titles(work.connection, workspace))


def refuse_tag(names: Sequence[str]) -> None:
    """Refuse to change the tag of the title by hand: the name is made of it.

    Raises:
        InvalidRequest: It is among the names.
    """
    if rows.TITLE_TAG in names:
        raise InvalidRequest(
            f"the tag {rows.TITLE_TAG!r} is what MLflow calls the model; rename the model instead"
        )
