"""The addresses at which clients of MLflow 1 ask, which later ones have left."""

from tests.mlflow.plain import Plain

from runyard_server.testing.services import RunningService

PREVIEW = "/api/2.0/preview/mlflow"


def test_the_registry_is_where_mlflow_1_asks_for_it(service: RunningService) -> None:
    """`mlflow.register_model` of the first major version, and what shows its models."""
    ask = Plain(service)
    made = ask.good("POST", f"{PREVIEW}/registered-models/create", {"name": "of-the-first"})
    assert made["registered_model"]["name"] == "of-the-first"
    for place in (PREVIEW, "/mlflow/default/api/2.0/preview/mlflow"):
        listed = ask.good("GET", f"{place}/registered-models/list")["registered_models"]
        assert "of-the-first" in [one["name"] for one in listed]


def test_experiments_are_listed_as_well_as_searched(service: RunningService) -> None:
    """`MlflowClient().list_experiments()`, which notebooks of those years have."""
    ask = Plain(service)
    ask.good("POST", "experiments/create", {"name": "listed by the first"})
    listed = ask.good("GET", "experiments/list?view_type=ACTIVE_ONLY")["experiments"]
    assert "listed by the first" in [one["name"] for one in listed]
