"""Runs scenarios in the interpreter of an MLflow client, one for each line that it reads.

A line is `{"scenario": "<file>.<function>", "uri", "token", "folder", "arguments"}`, and so is the
answer, of `{"answer"}` or `{"error"}`. One process serves all tests of a session: importing the
client takes longer than most scenarios do.
"""

import importlib
import json
import os
import sys
import traceback

# Before the client is imported: what is refused for good is not tried again for minutes.
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
os.environ["MLFLOW_ENABLE_ASYNC_LOGGING"] = "false"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# Line 3 keeps nothing in folders unless it is told to; users have such folders.
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"


def main():
    """Answer line by line."""
    answers = os.fdopen(os.dup(1), "w")
    # What the client prints is for people.
    os.dup2(2, 1)
    from scenarios.world import World

    for line in sys.stdin:
        asked = json.loads(line)
        os.environ["MLFLOW_TRACKING_URI"] = asked["uri"]
        os.environ["MLFLOW_TRACKING_TOKEN"] = asked["token"]
        file, _, function = asked["scenario"].rpartition(".")
        try:
            act = getattr(importlib.import_module(f"scenarios.{file}"), function)
            told = {"answer": act(World(asked["uri"], asked["folder"], asked["arguments"]))}
        except BaseException:  # noqa: BLE001 - told to whoever asked
            told = {"error": traceback.format_exc()}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
