"""Which log is followed."""

import pytest

from runyard.sdk.waiting import choose


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], ""),
        (["logs/azureml/x.log", "outputs/70_a.txt"], ""),
        (
            ["azureml-logs/20_image_build_log.txt", "azureml-logs/70_driver_log.txt"],
            "azureml-logs/70_driver_log.txt",
        ),
        (
            ["azureml-logs/70_driver_log_1.txt", "azureml-logs/70_driver_log_0.txt"],
            "azureml-logs/70_driver_log_0.txt",
        ),
        (
            [
                "azureml-logs/70_driver_log_ps_0.txt",
                "azureml-logs/70_driver_log_worker_1.txt",
                "azureml-logs/70_driver_log_worker_0.txt",
            ],
            "azureml-logs/70_driver_log_worker_0.txt",
        ),
        (
            ["azureml-logs/70_driver_log_10.txt", "azureml-logs/70_driver_log_9.txt"],
            "azureml-logs/70_driver_log_9.txt",
        ),
    ],
)
def test_the_script_s_own_log_wins(names, chosen):
    """Of many logs people want the script's, and of many processes the first's."""
    assert choose(names) == chosen
