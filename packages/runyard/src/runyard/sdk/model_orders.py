"""What is asked of the service about models: orders to register, and questions for lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from runyard.sdk import checks
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.names import check_model

if TYPE_CHECKING:
    from runyard.protocol.models import ModelQuery, RegisterModel


def order(
    name: str,
    path: str,
    tags: Optional[Mapping[str, Any]],
    properties: Optional[Mapping[str, Any]],
    description: Optional[str],
    framework: Optional[str],
    framework_version: Optional[str],
    resources: Any = None,
) -> RegisterModel:
    """Make the order to register a model.

    Args:
        name: The model's name.
        path: Where its files are.
        tags: Text by text.
        properties: Text by text; never changed afterwards.
        description: A text.
        framework: What made it.
        framework_version: The version of that.
        resources: A ResourceConfiguration.

    Raises:
        WebserviceException: The name breaks the rule, or there is a version without a framework.
    """
    from runyard.protocol.models import RegisterModel

    if framework_version and not framework:
        raise WebserviceException("model_framework_version was given without model_framework")
    return RegisterModel(
        name=check_model(name),
        path=path,
        tags=texts(tags),
        properties=texts(properties),
        description=description or "",
        framework=str(framework or ""),
        framework_version=str(framework_version or ""),
        **({} if resources is None else {"resources": resources.to_record()}),
    )


def query(
    name: Optional[str],
    tags: Optional[Sequence[Any]],
    properties: Optional[Sequence[Any]],
    run_id: Optional[str],
    framework: Optional[str],
    latest: bool,
) -> ModelQuery:
    """Make the question for a list of models.

    Args:
        name: Only this model.
        tags: Keys, and pairs of key and value.
        properties: The same.
        run_id: Only those from this run.
        framework: Only those of this framework.
        latest: Only the newest version of each.
    """
    from runyard.protocol.models import ModelQuery

    return ModelQuery(
        name=name,
        run=run_id,
        framework=framework,
        tags=conditions("tags", tags),
        properties=conditions("properties", properties),
        latest=latest,
    )


def conditions(name: str, wanted: Any) -> List[str]:
    """Write `["a", ["b", "c"]]` (or a dict) as `["a", "b=c"]`.

    Raises:
        UserErrorException: It is neither.
    """
    if not wanted:
        return []
    if isinstance(wanted, str):
        return [wanted]
    pairs = list(wanted.items()) if isinstance(wanted, Mapping) else wanted
    checks.keys_and_values(name, pairs)
    return [one if isinstance(one, str) else "=".join(str(part) for part in one) for one in pairs]


def texts(values: Optional[Mapping[str, Any]]) -> Dict[str, str]:
    """Tags or properties as texts; a value of None is ""."""
    if values is not None and not isinstance(values, Mapping):
        raise WebserviceException(
            f"tags and properties are dicts, such as {{'kind': 'small'}}, not {values!r:.80}"
        )
    return {str(key): "" if value is None else str(value) for key, value in (values or {}).items()}
