"""What the MLflow plug-in of the v1 SDK has beside its addresses."""

from runyard.sdk.v1.mlflow_runs import get_mlflow_tracking_uri, get_portal_url, register_model

__all__ = ["get_mlflow_tracking_uri", "get_portal_url", "register_model"]
