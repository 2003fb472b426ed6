"""A web service as `serialize()` gives it: a dict in the camelCase names of the hosted service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

from runyard.sdk.v1.serving import environments

if TYPE_CHECKING:
    import datetime as dt

    from runyard.sdk.v1.serving.shown import Shown


def of(service: Shown) -> Dict[str, Any]:
    """What every kind of service tells.

    Args:
        service: The service.
    """
    image = service.image
    return {
        "name": service.name,
        "description": service.description,
        "tags": service.tags,
        "properties": service.properties,
        "state": service.state,
        "createdTime": text_of(service.created_time),
        "updatedTime": text_of(service.updated_time),
        "error": service.error,
        "computeType": service.compute_type,
        "workspaceName": service.workspace.name,
        "imageId": service.image_id,
        "imageDigest": service.image_digest,
        "imageDetails": image.serialize() if image is not None else None,
        "scoringUri": service.scoring_uri,
        "createdBy": service.created_by,
    }


def details(service: Shown) -> Dict[str, Any]:
    """What the hosted kinds of service tell beside that."""
    environment, needed = service.environment, service.container_resource_requirements
    return {
        "containerResourceRequirements": needed.serialize() if needed else None,
        "authEnabled": service.auth_enabled,
        "appInsightsEnabled": service.enable_app_insights,
        "environmentDetails": environments.document(environment) if environment else None,
        "modelDetails": [model.serialize() for model in service.models],
    }


def text_of(time: Optional[dt.datetime]) -> Optional[str]:
    """A time in ISO 8601; None stays None."""
    return time.isoformat() if time else None
