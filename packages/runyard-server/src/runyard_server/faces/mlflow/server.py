"""What MLflow's client asks of the server itself."""

from typing import Any

from runyard_server.faces.mlflow.asked import Asked

# The version whose protocol is spoken: clients ask before they use what is newer.
SPOKEN = "3.17.2"


def version() -> str:
    """The version of MLflow's server that this is to be taken for."""
    return SPOKEN


def health() -> str:
    """That it serves."""
    return "OK"


def info(_asked: Asked) -> dict[str, Any]:
    """What the server offers beside what all have: nothing, so clients use the plain ways."""
    return {
        "store_type": None,
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": False,
        "multipart_downloads_enabled": False,
        "presigned_upload_run_id_supported": False,
        "presigned_upload_model_id_supported": False,
        "features_enabled": {"gateway": False},
    }
