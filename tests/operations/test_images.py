"""Images of 2019: versions of what deployments run, built by making their environment."""

from collections.abc import Callable

import pytest

from runyard.protocol.endpoints import DeploymentSpec
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import AlreadyExists, InvalidRequest, NotFound
from runyard.protocol.experiments import ExperimentQuery
from runyard.protocol.files import FileEntry
from runyard.protocol.images import ChangeImage, CreateImage, ImageQuery, ImageRecord
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import FailRun, RunQuery
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core.system import System
from runyard_server.operations import experiments, images, models, runs, snapshots


@pytest.fixture
def spec(system: System, store_text: Callable[..., FileEntry]) -> DeploymentSpec:
    """A script with a model."""
    file = store_text("model.pkl", "weights")
    models.register(system, "default", body=RegisterModel("m", "model.pkl", files=[file]))
    script = store_text("score.py", "def run(data): return data")
    made = snapshots.create(system, "default", body=CreateSnapshot([script]))
    own = EnvironmentDefinition(user_managed=True)
    return DeploymentSpec(["m"], entry_script="score.py", snapshot=made.id, environment=own)


def create(
    system: System, spec: DeploymentSpec, name: str = "my.image", **more: object
) -> ImageRecord:
    return images.create(system, "default", body=CreateImage(name, spec, **more))  # type: ignore[arg-type]


def test_versions_count_from_one(system: System, spec: DeploymentSpec) -> None:
    """Each image is the next version of its name, and a number is never given twice."""
    assert create(system, spec).id == "my.image:1"
    second = create(system, spec)
    images.delete(system, "default", second.id)
    assert create(system, spec).id == "my.image:3"
    assert images.get(system, "default", "my.image").version == 3
    assert create(system, spec, "other").version == 1


def test_it_is_built_by_a_run_that_nobody_sees(system: System, spec: DeploymentSpec) -> None:
    """Its environment is made at once; lists of runs and experiments stay those of the user."""
    made = create(system, spec)
    assert made.state == "Running"
    assert runs.get(system, "default", made.run).status == "Starting"
    assert runs.list_(system, "default", RunQuery()).items == []
    assert experiments.list_(system, "default", ExperimentQuery()).items == []
    runs.complete(system, "default", made.run)
    assert images.get(system, "default", made.id).state == "Succeeded"


def test_an_environment_that_cannot_be_made_is_told(system: System, spec: DeploymentSpec) -> None:
    """The image says what the run says."""
    made = create(system, spec)
    runs.fail(system, "default", made.run, body=FailRun("no such package"))
    found = images.get(system, "default", made.id)
    assert (found.state, found.error) == ("Failed", "no such package")


def test_its_models_have_versions(system: System, spec: DeploymentSpec) -> None:
    """What is deployed later is what was meant then."""
    assert create(system, spec).spec.models == ["m:1"]


def test_all_faults_are_told_at_once(system: System, spec: DeploymentSpec) -> None:
    """A wrong name and a missing model are one refusal, and nothing was written."""
    wrong = DeploymentSpec(["none"], entry_script="score.py", snapshot=spec.snapshot)
    with pytest.raises(InvalidRequest) as caught:
        create(system, wrong, "No_Image")
    assert "No_Image" in caught.value.message
    assert "none" in caught.value.message
    assert images.list_(system, "default", ImageQuery()).items == []


def test_lists_are_asked_by_name_model_and_tags(system: System, spec: DeploymentSpec) -> None:
    """Newest first, in pages."""
    first = create(system, spec, tags={"a": "b"})
    second = create(system, spec, "other")

    def ids(**query: object) -> list[str]:
        return [i.id for i in images.list_(system, "default", ImageQuery(**query)).items]  # type: ignore[arg-type]

    assert ids() == [second.id, first.id]
    assert ids(name="other") == [second.id]
    assert ids(tags=["a=b"]) == ids(tags=["a"]) == [first.id]
    assert ids(model="m") == ids(model="m:1") == [second.id, first.id]
    assert ids(model="m:2") == []
    page = images.list_(system, "default", ImageQuery(page_size=1))
    rest = images.list_(system, "default", ImageQuery(page_token=page.next_page_token))
    assert [i.id for i in [*page.items, *rest.items]] == ids()


def test_properties_are_written_once(system: System, spec: DeploymentSpec) -> None:
    """Tags change; a property stays what it was."""
    made = create(system, spec, tags={"a": "b"})
    change = ChangeImage(tags={"c": "d"}, removed_tags=["a"], properties={"p": "q"})
    found = images.change(system, "default", made.id, body=change)
    assert (found.tags, found.properties) == ({"c": "d"}, {"p": "q"})
    with pytest.raises(AlreadyExists, match="written once"):
        images.change(system, "default", made.id, body=ChangeImage(properties={"p": "r"}))


def test_the_name_of_a_tag_that_is_added_is_checked(system: System, spec: DeploymentSpec) -> None:
    """What an image cannot be made with cannot be added to it either."""
    create(system, spec)
    with pytest.raises(InvalidRequest, match="tag name"):
        images.change(system, "default", "my.image", ChangeImage(tags={"": "x"}))


def test_a_version_beyond_all_numbers_is_not_there(system: System, spec: DeploymentSpec) -> None:
    """However many digits somebody writes, they hear what there is."""
    create(system, spec)
    for digits in (30, 5000):
        with pytest.raises(NotFound, match="no image"):
            images.get(system, "default", "my.image:" + "9" * digits)


@pytest.mark.parametrize("image", ["my.imag", "my.image:2", "my.image:x", "none"])
def test_a_missing_image_names_the_nearest(
    system: System, spec: DeploymentSpec, image: str
) -> None:
    """A slip is told with what there is."""
    create(system, spec)
    with pytest.raises(NotFound, match=r"my\.image"):
        images.get(system, "default", image)
