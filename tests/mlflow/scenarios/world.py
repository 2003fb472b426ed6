"""What a scenario is given: the client, names nobody else has, and errors as answers."""

import contextlib
import os
import uuid

import mlflow
from mlflow.exceptions import MlflowException, RestException
from mlflow.tracking import MlflowClient


class World:
    """One server, seen by one scenario.

    Args:
        uri: Where it is.
        folder: A folder for files of the scenario.
        arguments: What a test tells of its own.
    """

    def __init__(self, uri, folder, arguments=None) -> None:
        self.arguments = arguments or {}
        self.uri = uri
        self.folder = folder
        self.mark = uuid.uuid4().hex[:8]
        self.client = MlflowClient(uri)
        self.is_new = int(mlflow.__version__.split(".")[0]) >= 3

    def name(self, text):
        """A name that no other scenario has."""
        return f"{text}-{self.mark}"

    def plain(self, text):
        """A text without this scenario's mark."""
        return text.replace(self.mark, "*")

    def experiment(self, text="experiment", **more: object):
        """A new experiment; its id."""
        return self.client.create_experiment(self.name(text), **more)

    def run(self, experiment=None, **more: object):
        """A new run; its id."""
        return self.client.create_run(experiment or self.experiment(), **more).info.run_id

    def refused(self, act, *arguments: object, **named: object):
        """The code with which something is refused, "accepted" where it is not."""
        try:
            act(*arguments, **named)
        except RestException as error:
            return error.error_code
        except MlflowException as error:
            # The client itself has looked, and asked nobody.
            return f"client: {error.error_code}"
        return "accepted"

    def message(self, act, *arguments: object, **named: object):
        """The words with which something is refused, "" where it is not."""
        try:
            act(*arguments, **named)
        except MlflowException as error:
            return str(error)
        return ""

    def file(self, path, text):
        """A file below the scenario's folder; its path."""
        place = os.path.join(self.folder, path)  # noqa: PTH118
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        with open(place, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
        return place

    @contextlib.contextmanager
    def fluent(self, experiment="fluent"):
        """The module's own functions, in an experiment of the scenario's."""
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_experiment(self.name(experiment))
        try:
            yield mlflow
        finally:
            while mlflow.active_run():
                mlflow.end_run()


def latest(run):
    """The latest points of a run's metrics: value and step by name."""
    return {one.key: [repr(one.value), one.step] for one in run.data._metric_objs}


def tags(run, *names: str):
    """A run's tags without those that the client itself puts there."""
    return {k: v for k, v in run.data.tags.items() if not k.startswith("mlflow.") or k in names}
