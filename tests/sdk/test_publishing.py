"""Published pipelines on a real service: kept, submitted by objects and by a POST, in versions."""

from __future__ import annotations

import http.client
import json
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from azureml.core import Dataset, Experiment, Workspace
from azureml.core.authentication import InteractiveLoginAuthentication
from azureml.core.runconfig import RunConfiguration
from azureml.data.datapath import DataPath, DataPathComputeBinding
from azureml.pipeline.core import (
    Pipeline,
    PipelineEndpoint,
    PipelineParameter,
    PipelineRun,
    PublishedPipeline,
)
from azureml.pipeline.steps import PythonScriptStep
from runyard.protocol.pipelines import PIPELINE_RUN
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from pathlib import Path


class Answer(NamedTuple):
    """What came back from a POST."""

    status: int
    json: Any


def post(url: str, body: Any, token: str | None = None) -> Answer:
    """Submit as a program without an SDK does."""
    headers = InteractiveLoginAuthentication().get_authentication_header()
    if token is not None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("POST", f"{parts.path}?{parts.query}", json.dumps(body).encode(), headers)
    response = connection.getresponse()
    found = Answer(response.status, json.loads(response.read()))
    connection.close()
    return found


@pytest.fixture
def pipeline(workspace: Workspace, folder: Path) -> Pipeline:
    """A pipeline of a step that needs nothing and prints its parameter."""
    config = RunConfiguration()
    config.environment.python.user_managed_dependencies = True
    (folder / "code").mkdir()
    (folder / "code" / "step.py").write_text("import sys; print('rate', sys.argv[1])")
    rate = PipelineParameter("rate", 0.1)
    step = PythonScriptStep(
        "step.py", "only", [rate], source_directory=str(folder / "code"), runconfig=config
    )
    return Pipeline(workspace, [step], description="of the pipeline")


@pytest.fixture
def placed(workspace: Workspace, folder: Path) -> PublishedPipeline:
    """A published pipeline whose step reads a place and a dataset that each submission chooses."""
    (folder / "reads").mkdir()
    (folder / "reads" / "step.py").write_text("print(1)")
    store = workspace.get_default_datastore()
    place = PipelineParameter("place", DataPath(store, "a", name="place"))
    store.upload_files([str(folder / "reads" / "step.py")], target_path="x")
    given = PipelineParameter("files", Dataset.File.from_files((store, "x")))
    step = PythonScriptStep(
        "step.py",
        "reads",
        inputs=[(place, DataPathComputeBinding("mount"))],
        arguments=[given],
        source_directory=str(folder / "reads"),
    )
    return Pipeline(workspace, [step]).publish("placed")


def test_what_was_published_is_kept(workspace: Workspace, pipeline: Pipeline, folder: Path) -> None:
    """It runs without its folder, with its defaults or other values, and lists are oldest first."""
    published = pipeline.publish("Nightly", version="1.0", continue_on_step_failure=True)
    shutil.rmtree(folder / "code")
    assert (published.name, published.version, published.status) == ("Nightly", "1.0", "Active")
    assert (published.description, published.total_run_steps) == ("of the pipeline", 1)
    assert published.get_step_names() == ["only"]
    assert published.get_graph().parameters[0].default == 0.1
    assert published.continue_on_step_failure
    assert repr(published) == (
        f"Pipeline(Name: Nightly,\nId: {published.id},\nStatus: Active,\n"
        f"Endpoint: {published.endpoint})"
    )
    run = Experiment(workspace, "nightly").submit(
        published, pipeline_parameters={"rate": 1, "rat": 2}, tags={"a": "b"}
    )
    assert isinstance(run, PipelineRun)
    assert run.wait_for_completion(show_output=False) == "Finished"
    assert "rate 1" in run.find_step_run("only")[0].get_job_log()
    assert run.tags == {"a": "b"}
    assert run.get_properties()["azureml.pipelineid"] == published.id
    (warning,) = run.get_details()["warnings"]
    assert "has no parameter 'rat'" in warning["message"]

    again = run.publish_pipeline("Again", "from a run", "2")
    assert again.graph_id != ""
    assert [each.id for each in PublishedPipeline.list(workspace)] == [published.id, again.id]
    again.disable()
    assert [each.id for each in PublishedPipeline.list(workspace)] == [published.id]
    with pytest.warns(UserWarning, match="old name"):
        assert len(PublishedPipeline.get_all(workspace, active_only=False)) == 2
    with pytest.raises(UserErrorException, match="is disabled"):
        again.submit(workspace, "nightly")
    again.enable()
    assert PublishedPipeline.get(workspace, again.id).status == "Active"
    with pytest.raises(UserErrorException, match="no published pipeline"):
        PublishedPipeline.get(workspace, "gone")


def test_a_post_submits_it(workspace: Workspace, pipeline: Pipeline) -> None:
    """As v1's programs write it, whatever the case of the keys; 400 says what is wrong."""
    published = pipeline.publish("posted")
    body = {
        "experimentName": "by-post",
        "RunSource": "cron",
        "Description": "of a night",
        "TAGS": {"a": "b"},
        "StepTags": {"c": "d"},
        "properties": {"e": "f"},
        "parameterassignments": {"rate": "0.5", "other": 1},
        "Unknown": {"x": 1},
    }
    found = post(published.endpoint, body)
    assert found.status == 200
    assert found.json["PipelineId"] == published.id
    assert found.json["RunHistoryExperimentName"] == "by-post"
    assert found.json["ParameterAssignments"] == {"rate": 0.5}
    run = PipelineRun(Experiment(workspace, "by-post"), found.json["Id"])
    run.wait_for_completion(show_output=False)
    (step,) = run.get_steps()
    assert "rate 0.5" in step.get_job_log()
    assert (run.tags, step.tags, run.description) == ({"a": "b"}, {"c": "d"}, "of a night")
    assert run.get_properties()["runSource"] == "cron"
    assert run.get_properties()["e"] == "f"
    assert "has no parameter 'other'" in run.get_details()["warnings"][0]["message"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "ExperimentName is missing"),
        ([], "must be a JSON object"),
        ({"ExperimentName": "e", "ParameterAssignments": {"place": "x"}}, "kind path"),
        ({"ExperimentName": "e", "ParameterAssignments": {"place": {}}}, "a text or a number"),
        ({"ExperimentName": "e", "DataPathAssignments": {"place": 1}}, "must be a JSON object"),
        (
            {"ExperimentName": "e", "DataSetDefinitionValueAssignments": {"files": {}}},
            "SavedDataSetReference",
        ),
    ],
)
def test_a_post_that_cannot_be_is_refused(body: Any, told: str) -> None:
    """Before anything begins, in words that say what would be right."""
    from runyard.protocol.errors import InvalidRequest
    from runyard.protocol.pipelines import PATH, PipelineParameterSpec
    from runyard_server.faces.pipelines import asked
    from runyard_server.operations import pipeline_specs

    with pytest.raises(InvalidRequest, match=told):
        given = asked.submission(json.dumps(body).encode(), None)
        pipeline_specs.values([PipelineParameterSpec("place", PATH, {})], given.values)


def test_a_post_chooses_data(workspace: Workspace, placed: PublishedPipeline) -> None:
    """A place on a datastore, and a dataset by its id or by name and version."""
    other = Dataset.File.from_files((workspace.get_default_datastore(), "x/*.py"))
    other.register(workspace, "others")
    saved = other._ensure_saved(workspace)
    place = {"DataStoreName": "workspaceblobstore", "RelativePath": "b/c"}
    for reference, told in (
        ({"SavedDataSetReference": {"Id": saved}}, saved),
        ({"DataSetReference": {"Name": "others", "Version": 1}}, "others:1"),
    ):
        found = post(
            placed.endpoint,
            {
                "ExperimentName": "data",
                "DataPathAssignments": {"place": place},
                "DataSetDefinitionValueAssignments": {"files": reference},
            },
        )
        assert found.status == 200, found.json
        assert found.json["ParameterAssignments"] == {
            "place": {"datastore": "workspaceblobstore", "path": "b/c"},
            "files": told,
        }
        PipelineRun(Experiment(workspace, "data"), found.json["Id"]).cancel()


def test_an_endpoint_keeps_its_name(workspace: Workspace, pipeline: Pipeline) -> None:
    """Versions are texts from "0" on; the address by name is made of that by id as v1 did it."""
    first = pipeline.publish("first")
    endpoint = PipelineEndpoint.publish(workspace, "the name", "about", first)
    endpoint.add(pipeline)
    second = endpoint.get_pipeline("1")
    assert endpoint.get_default_version() == "0"
    endpoint.set_default(second)
    assert [each.version for each in endpoint.list_versions()] == ["0", "1"]
    assert endpoint.get_pipeline().id == second.id
    # v1's samples give the one that they have published by itself, of the same steps.
    endpoint.set_default_version("0")
    endpoint.set_default(pipeline.publish("by itself"))
    assert endpoint.get_default_version() == "1"
    endpoint.set_default_version("0")
    with pytest.raises(ValueError, match=r"add_default\(\) adds it"):
        endpoint.set_default(pipeline)
    with pytest.raises(ValueError, match="has no version '7'; it has 0, 1"):
        endpoint.set_default_version("7")
    with pytest.raises(UserErrorException, match="is called 'the name'"):
        PipelineEndpoint.publish(workspace, "the name", "about", first)

    run = Experiment(workspace, "e").submit(endpoint, pipeline_version="1")
    assert run.get_properties()["azureml.pipelineid"] == second.id
    named = endpoint.endpoint.split("Id", 1)[0] + "Name?name=the%20name"
    body = {"ExperimentName": "e"}
    asked = (
        (endpoint.endpoint, first.id),
        (f"{endpoint.endpoint}/1", second.id),
        (named, first.id),
        (f"{named}&pipelineVersion=1", second.id),
    )
    assert [post(url, body).json["PipelineId"] for url, _ in asked] == [id_ for _, id_ in asked]
    assert post(f"{endpoint.endpoint}/9", body).status == 400
    for each in workspace.service.runs.list():
        if each.run_type == PIPELINE_RUN:
            workspace.service.runs.cancel(each.id)

    first.disable()
    refused = post(endpoint.endpoint, body)
    assert (refused.status, "is disabled" in refused.json["error"]["message"]) == (400, True)
    assert [each.id for each in endpoint.list_pipelines()] == [second.id]
    endpoint.archive()
    assert post(f"{endpoint.endpoint}/1", body).status == 400
    assert PipelineEndpoint.list(workspace) == []
    other = PipelineEndpoint.publish(workspace, "the name", "about", second)
    with pytest.raises(UserErrorException, match="is called"):
        endpoint.enable()
    endpoint.reactivate("another name")
    assert PipelineEndpoint.get(workspace, name="another name").id == endpoint.id
    assert PipelineEndpoint.get(workspace, id=other.id).status == "Active"
    other.disable()
    other.set_name("third")
    assert PipelineEndpoint.get(workspace, id=other.id).name == "third"


def test_the_mark_is_nowhere_else_in_an_address(workspace: Workspace, pipeline: Pipeline) -> None:
    """A workspace whose name holds `Id` goes by another name, and is found by it."""
    del workspace
    place = Workspace.create("MyIdeas", resource_group="Ideas", exist_ok=True)
    pipeline.workspace = place
    published = pipeline.publish("marked")
    assert "Id" not in published.endpoint
    found = post(published.endpoint, {"ExperimentName": "e"})
    assert found.status == 200, found.json
    PipelineRun(Experiment(place, "e"), found.json["Id"]).cancel()
    lost = post(published.endpoint.replace("/workspaces/", "/workspaces/x"), {})
    assert lost.status == 404
    for url in (published.endpoint, published.endpoint.replace("/workspaces/", "/workspaces/x")):
        assert [post(url, {}, token).status for token in ("", "wrong")] == [401, 401]
