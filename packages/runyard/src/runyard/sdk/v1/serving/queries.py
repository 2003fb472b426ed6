"""Which services a list is to have, as the protocol asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from runyard.protocol.endpoints import EndpointQuery
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.model_orders import conditions
from runyard.sdk.v1.serving.settings import COMPUTE_TYPES

if TYPE_CHECKING:
    from runyard.protocol.endpoints import EndpointRecord


def query(
    compute_type: Optional[str],
    model_name: Optional[str],
    model_id: Optional[str],
    tags: Any,
    properties: Any,
) -> EndpointQuery:
    """Make the question.

    Args:
        compute_type: `ACI`, `AKS`, `AKSENDPOINT` or `Local`; None for all.
        model_name: A model's name.
        model_id: A model's id; it counts more than the name.
        tags: Keys, and pairs of key and value.
        properties: The same.

    Raises:
        WebserviceException: There is no such kind.
    """
    return EndpointQuery(
        kind=_kind(compute_type),
        model=model_id or model_name,
        tags=conditions("tags", tags),
        properties=conditions("properties", properties),
    )


def _kind(compute_type: Optional[str]) -> Optional[str]:
    if compute_type is None:
        return None
    for kind, name in COMPUTE_TYPES.items():
        if name.lower() == str(compute_type).lower():
            return kind
    names = ", ".join(COMPUTE_TYPES.values())
    raise WebserviceException(f"compute_type is {compute_type!r}; there are {names}")


def is_of_image(
    record: EndpointRecord,
    name: Optional[str],
    id: Optional[str],  # noqa: A002 - the v1 name
    digest: Optional[str],
) -> bool:
    """Whether a service was deployed from an image.

    Args:
        record: The service.
        name: The image's name; None for any.
        id: Its id; None for any.
        digest: Its digest; None for any: images have none here, so another finds nothing.
    """
    if name is None and id is None:
        return digest is None
    images = {str(one.spec.v1.get("image") or "") for one in record.deployments}
    names = {one.rpartition(":")[0] for one in images}
    return digest is None and (id is None or id in images) and (name is None or name in names)
