"""ModelDataCollector: scripts that collect data are served, and the log says where these are."""

from __future__ import annotations

from azureml.monitoring import ModelDataCollector


def test_a_script_that_collects_goes_on_and_is_told_where_the_data_are(capsys):
    """As v1's samples call it, by either name of what the data is; each request would raise."""
    inputs = ModelDataCollector("best", identifier="inputs", feature_names=["age", "bmi"])
    answers = ModelDataCollector("best", designation="answers", feature_names=["y"])
    assert inputs.collect([[63, 21.8]]) == answers.collect([1.0], user_correlation_id="7")
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 2
    assert "best/inputs" in told[0]
    assert "collect_model_data=True" in told[1]
