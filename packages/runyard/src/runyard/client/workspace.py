"""What everything above the client speaks to: one workspace, with a client for each of its nouns.

    client.runs.submit(order)      client.models.list(ModelQuery(latest=True))
    client.files.open(run, path)   client.events.follow(run)

A noun's module is imported when the noun is first used, because a script that logs a metric, or a
command that lists runs, waits for each of them. The records are those of `runyard.protocol`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import WorkspaceConnection

if TYPE_CHECKING:
    from runyard.client.blobs import Blobs
    from runyard.client.compute import Compute
    from runyard.client.datasets import Datasets
    from runyard.client.datastores import Datastores
    from runyard.client.endpoints import Endpoints
    from runyard.client.environments import Environments
    from runyard.client.events import Events
    from runyard.client.experiments import Experiments
    from runyard.client.feed import Feed
    from runyard.client.files import Files
    from runyard.client.hints import Hints
    from runyard.client.images import Images
    from runyard.client.journals import Journals
    from runyard.client.logs import Logs
    from runyard.client.metrics import Metrics
    from runyard.client.models import Models
    from runyard.client.parameters import Parameters
    from runyard.client.pipeline_drafts import PipelineDrafts
    from runyard.client.pipeline_endpoints import PipelineEndpoints
    from runyard.client.pipelines import Pipelines
    from runyard.client.published_pipelines import PublishedPipelines
    from runyard.client.registered_models import RegisteredModels
    from runyard.client.runs import Runs
    from runyard.client.schedules import Schedules
    from runyard.client.secrets import Secrets
    from runyard.client.seen import SeenMarks
    from runyard.client.snapshots import Snapshots
    from runyard.client.stars import Stars
    from runyard.client.sweeps import Sweeps
    from runyard.client.tensorboard import Tensorboards
    from runyard.client.trash import Trash
    from runyard.client.usage import Usage
    from runyard.client.views import Views

__all__ = ["WorkspaceClient"]


class WorkspaceClient(WorkspaceConnection):
    """A workspace of a service; see WorkspaceConnection for the arguments."""

    @property
    def blobs(self) -> Blobs:
        """Contents by digest."""
        from runyard.client.blobs import Blobs

        return Blobs(self)

    @property
    def compute(self) -> Compute:
        """Compute targets."""
        from runyard.client.compute import Compute

        return Compute(self)

    @property
    def datasets(self) -> Datasets:
        """Datasets: their definitions, versions and files."""
        from runyard.client.datasets import Datasets

        return Datasets(self)

    @property
    def datastores(self) -> Datastores:
        """Datastores and their files."""
        from runyard.client.datastores import Datastores

        return Datastores(self)

    @property
    def endpoints(self) -> Endpoints:
        """Endpoints: models that answer over HTTP."""
        from runyard.client.endpoints import Endpoints

        return Endpoints(self)

    @property
    def environments(self) -> Environments:
        """Registered environments and locks."""
        from runyard.client.environments import Environments

        return Environments(self)

    @property
    def events(self) -> Events:
        """What happens to runs."""
        from runyard.client.events import Events

        return Events(self)

    @property
    def experiments(self) -> Experiments:
        """Experiments."""
        from runyard.client.experiments import Experiments

        return Experiments(self)

    @property
    def feed(self) -> Feed:
        """What happens to anything in the workspace."""
        from runyard.client.feed import Feed

        return Feed(self)

    @property
    def files(self) -> Files:
        """Files of runs."""
        from runyard.client.files import Files

        return Files(self)

    @property
    def hints(self) -> Hints:
        """Hints at what changed."""
        from runyard.client.hints import Hints

        return Hints(self)

    @property
    def images(self) -> Images:
        """Images of 2019."""
        from runyard.client.images import Images

        return Images(self)

    @property
    def journals(self) -> Journals:
        """Journals of Optuna studies."""
        from runyard.client.journals import Journals

        return Journals(self)

    @property
    def logs(self) -> Logs:
        """Logs of runs, to be appended to."""
        from runyard.client.logs import Logs

        return Logs(self)

    @property
    def metrics(self) -> Metrics:
        """Metrics of runs."""
        from runyard.client.metrics import Metrics

        return Metrics(self)

    @property
    def models(self) -> Models:
        """The model registry."""
        from runyard.client.models import Models

        return Models(self)

    @property
    def parameters(self) -> Parameters:
        """Parameters of runs."""
        from runyard.client.parameters import Parameters

        return Parameters(self)

    @property
    def snapshots(self) -> Snapshots:
        """Snapshots of source folders."""
        from runyard.client.snapshots import Snapshots

        return Snapshots(self)

    @property
    def pipeline_drafts(self) -> PipelineDrafts:
        """Drafts of pipelines: kept to be changed before they are published."""
        from runyard.client.pipeline_drafts import PipelineDrafts

        return PipelineDrafts(self)

    @property
    def pipeline_endpoints(self) -> PipelineEndpoints:
        """Endpoints of pipelines: names for published ones."""
        from runyard.client.pipeline_endpoints import PipelineEndpoints

        return PipelineEndpoints(self)

    @property
    def pipelines(self) -> Pipelines:
        """Pipelines: steps that need each other."""
        from runyard.client.pipelines import Pipelines

        return Pipelines(self)

    @property
    def published_pipelines(self) -> PublishedPipelines:
        """Published pipelines: kept to be submitted again."""
        from runyard.client.published_pipelines import PublishedPipelines

        return PublishedPipelines(self)

    @property
    def registered_models(self) -> RegisteredModels:
        """Models by their names: descriptions, tags and aliases."""
        from runyard.client.registered_models import RegisteredModels

        return RegisteredModels(self)

    @property
    def runs(self) -> Runs:
        """Runs."""
        from runyard.client.runs import Runs

        return Runs(self)

    @property
    def schedules(self) -> Schedules:
        """Schedules: published pipelines that are submitted by themselves."""
        from runyard.client.schedules import Schedules

        return Schedules(self)

    @property
    def secrets(self) -> Secrets:
        """Secrets."""
        from runyard.client.secrets import Secrets

        return Secrets(self)

    @property
    def seen(self) -> SeenMarks:
        """What one has seen."""
        from runyard.client.seen import SeenMarks

        return SeenMarks(self)

    @property
    def stars(self) -> Stars:
        """What one wants to have at hand."""
        from runyard.client.stars import Stars

        return Stars(self)

    @property
    def sweeps(self) -> Sweeps:
        """Sweeps and their trials."""
        from runyard.client.sweeps import Sweeps

        return Sweeps(self)

    @property
    def trash(self) -> Trash:
        """What was deleted and may come back."""
        from runyard.client.trash import Trash

        return Trash(self)

    @property
    def usage(self) -> Usage:
        """What runs used: system metrics."""
        from runyard.client.usage import Usage

        return Usage(self)

    @property
    def views(self) -> Views:
        """Saved views."""
        from runyard.client.views import Views

        return Views(self)

    @property
    def tensorboard(self) -> Tensorboards:
        """TensorBoards."""
        from runyard.client.tensorboard import Tensorboards

        return Tensorboards(self)
