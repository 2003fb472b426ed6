"""The unit of work: what is written, who is woken and what is answered stand and fall together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runyard.protocol.compute import AttachCompute, CreateCompute
from runyard.protocol.datasets import RegisterDataset
from runyard.protocol.datastores import RegisterDatastore
from runyard.protocol.endpoints import CreateEndpoint, DeploymentSpec
from runyard.protocol.environments import EnvironmentDefinition, RegisterEnvironment
from runyard.protocol.errors import WrongState
from runyard.protocol.experiments import CreateExperiment
from runyard.protocol.images import CreateImage
from runyard.protocol.models import RegisterModel
from runyard.protocol.pipeline_drafts import (
    CreatePipelineDraft,
    PublishPipelineDraft,
    SubmitPipelineDraft,
)
from runyard.protocol.pipeline_endpoints import (
    AddEndpointVersion,
    CreatePipelineEndpoint,
    SubmitPipelineEndpoint,
)
from runyard.protocol.pipelines import NodeSpec, PipelineSpec, SubmitPipeline
from runyard.protocol.published_pipelines import PublishPipeline, SubmitPublished
from runyard.protocol.registered_models import CreateRegisteredModel
from runyard.protocol.routes import ROUTES
from runyard.protocol.runs import RunSpec, StartRun
from runyard.protocol.schedules import CreateSchedule, CronSpec
from runyard.protocol.snapshots import CreateSnapshot
from runyard.protocol.sweeps import CHOICE, CreateSweep, Objective, ParameterSpec, SweepSpec
from runyard.protocol.trash import AddTrash
from runyard.protocol.users import AddUser
from runyard.protocol.views import CreateView
from runyard.protocol.workspaces import CreateWorkspace
from runyard_server.core import idempotency
from runyard_server.core.sites import Site, Sites
from runyard_server.core.system import System
from runyard_server.core.work import Request, Work
from runyard_server.operations import (
    compute,
    datasets,
    datastores,
    endpoints,
    environments,
    experiments,
    images,
    models,
    pipeline_drafts,
    pipeline_endpoints,
    pipelines,
    published_pipelines,
    registered_models,
    runs,
    schedules,
    snapshots,
    sweeps,
    trash,
    users,
    views,
    workspaces,
)
from runyard_server.store import idempotency as kept

W = "default"


SWEEP = SweepSpec("e", [ParameterSpec("x", CHOICE, choices=[1])], [Objective("loss")])


def test_who_waits_is_woken_after_the_commit(system: System) -> None:
    """A listener that reads at once finds what it was woken for; each topic comes once."""
    heard: list[tuple[str, bool]] = []

    def hear(topic: str) -> None:
        found = system.read(lambda work: kept.find(work.connection, "k", 0))
        heard.append((topic, found is not None))

    def act(work: Work) -> None:
        work.announce("a")
        kept.keep(work.connection, "k", "", "", work.now)
        work.announce("a")

    system.notices.subscribe(hear)
    system.write(act)
    assert heard == [("a", True)]


def test_nobody_is_woken_for_what_was_not_kept(system: System) -> None:
    """A write that fails leaves neither rows nor wake-ups."""
    heard: list[str] = []
    system.notices.subscribe(heard.append)

    def act(work: Work) -> None:
        kept.keep(work.connection, "k", "", "", work.now)
        work.announce("a")
        raise WrongState("no")

    with pytest.raises(WrongState):
        system.write(act)
    assert heard == []
    assert system.read(lambda work: kept.find(work.connection, "k", 0)) is None


def test_one_write_has_one_time(system: System) -> None:
    """What is written together has the same time, however late in the write it is asked for."""
    first, second = system.write(lambda work: (work.now, work.now))
    assert first == second


class _Attaching:
    """Has this machine stand for every machine."""

    def __init__(self, system: System) -> None:
        self._system = system

    def make(self, name: str, kind: str, options: Mapping[str, Any]) -> Site:
        del kind, options
        return replace(self._system.sites.named("local"), name=name)

    def keep(self, name: str, kind: str, options: Mapping[str, Any]) -> None:
        """Nothing starts again."""

    def forget(self, name: str) -> None:
        """Nothing starts again."""


def _publishing(system: System, steps: PipelineSpec) -> dict[str, Any]:
    """What makes something of published pipelines; one is there already, and an endpoint."""
    published = published_pipelines.create(system, W, PublishPipeline("p", steps)).id
    again = CreatePipelineEndpoint("again", published)
    pipeline = pipeline_endpoints.create(system, W, again).id
    sketch = CreatePipelineDraft("d", steps, experiment="e")
    draft = pipeline_drafts.create(system, W, sketch).id
    return {
        "published_pipelines.create": lambda s: published_pipelines.create(
            s, W, PublishPipeline("p", steps)
        ),
        "published_pipelines.submit": lambda s: published_pipelines.submit(
            s, W, published, SubmitPublished("e")
        ),
        "pipeline_endpoints.create": lambda s: pipeline_endpoints.create(
            s, W, CreatePipelineEndpoint("p", published)
        ),
        "pipeline_endpoints.add": lambda s: pipeline_endpoints.add(
            s, W, pipeline, AddEndpointVersion(published)
        ),
        "pipeline_endpoints.submit": lambda s: pipeline_endpoints.submit(
            s, W, pipeline, SubmitPipelineEndpoint("e")
        ),
        "pipeline_drafts.create": lambda s: pipeline_drafts.create(s, W, sketch),
        "pipeline_drafts.submit": lambda s: pipeline_drafts.submit(
            s, W, draft, SubmitPipelineDraft()
        ),
        "pipeline_drafts.publish": lambda s: pipeline_drafts.publish(
            s, W, draft, PublishPipelineDraft()
        ),
        "schedules.create": lambda s: schedules.create(
            s, W, CreateSchedule("p", "e", pipeline=published, cron=CronSpec("@daily"))
        ),
    }


def test_what_is_made_is_kept_with_its_answer(
    system: System, store_text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that dies right after a creating write has kept its answer: none is made twice."""
    entry = store_text("m.txt", "model")
    code = CreateSnapshot([store_text("score.py", "def run(data): return data")])
    own = EnvironmentDefinition(user_managed=True)
    spec = DeploymentSpec(
        entry_script="score.py",
        snapshot=snapshots.create(system, W, body=code).id,
        environment=own,
    )
    script = RunSpec("e", spec.snapshot, "score.py", environment=own)
    steps = PipelineSpec([NodeSpec("a", "a", "PythonScriptStep", script)])
    made = {
        "workspaces.create": lambda s: workspaces.create(s, CreateWorkspace("other")),
        "experiments.create": lambda s: experiments.create(s, W, CreateExperiment("e")),
        "runs.start": lambda s: runs.start(s, W, body=StartRun("e")),
        "models.register": lambda s: models.register(
            s, W, body=RegisterModel("m", "m.txt", files=[entry])
        ),
        "compute.attach": lambda s: compute.attach(
            replace(s, sites=Sites(s.sites, attaching=_Attaching(s))), W, AttachCompute("box", "b")
        ),
        "compute.create": lambda s: compute.create(s, W, CreateCompute("cpu", "STANDARD_D2_V2", 1)),
        "environments.register": lambda s: environments.register(
            s, W, RegisterEnvironment("env", EnvironmentDefinition())
        ),
        "sweeps.create": lambda s: sweeps.create(s, W, CreateSweep(SWEEP)),
        "pipelines.submit": lambda s: pipelines.submit(s, W, SubmitPipeline("e", steps)),
        **_publishing(system, steps),
        "endpoints.create": lambda s: endpoints.create(s, W, CreateEndpoint("iris", spec)),
        "images.create": lambda s: images.create(s, W, CreateImage("iris", spec)),
        "datastores.register": lambda s: datastores.register(
            s, W, RegisterDatastore("store", "s3", "bucket", skip_validation=True)
        ),
        "datasets.register": lambda s: datasets.register(
            s, W, RegisterDataset("d", {"kind": "file", "sources": [{"url": "https://h/x"}]})
        ),
        "views.create": lambda s: views.create(s, W, CreateView("good")),
        "registered_models.create": lambda s: registered_models.create(
            s, W, CreateRegisteredModel("named")
        ),
        "trash.add": lambda s: trash.add(s, W, AddTrash("model", "m:1")),
        "users.add": lambda s: users.add(s, AddUser("anna")),
    }
    writes: list[Any] = []
    write = system.records.write
    monkeypatch.setattr(system.records, "write", lambda act: writes.append(0) or write(act))
    for name, act in made.items():
        writes.clear()
        answer = idempotency.once(system, Request(name, ""), act, object)
        assert (answer is not None, len(writes)) == (True, 1), name
    # A submit, which needs more, is tested where runs are.
    assert {route.name for route in ROUTES if route.creates} == {*made, "runs.submit"}
