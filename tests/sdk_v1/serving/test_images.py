"""The images of 2019: what is checked, sent, printed and shown of them."""

from __future__ import annotations

import pytest

from azureml.core import ContainerImage as TopContainerImage
from azureml.core.image import ContainerImage, Image
from azureml.core.webservice import AciWebservice, AksEndpoint, Webservice
from runyard.sdk.exceptions import UserErrorException, WebserviceException


@pytest.fixture
def image_config(here):
    """A script with a file beside it."""
    (here / "helper.py").write_text("x = 1\n")
    (here / "env.yml").write_text("dependencies:\n- numpy=1.16\n")
    return ContainerImage.image_configuration(
        execution_script="score.py",
        runtime="python",
        conda_file="env.yml",
        dependencies=["helper.py"],
        tags={"a": "b"},
    )


def test_an_image_prints_its_two_lines(workspace, service, image_config, capsys):
    """Notebooks of 2019 show them; the image has script, files beside it, and models."""
    service.model("m")
    image = ContainerImage.create(workspace, "my.image", ["m"], image_config)
    image.wait_for_creation(show_output=False)
    assert capsys.readouterr().out == (
        "Creating image\n"
        'Image creation operation finished for image my.image:1, operation "Succeeded"\n'
    )
    assert service.sent == [["helper.py", "score.py"]]
    assert (image.id, image.version, image.creation_state) == ("my.image:1", 1, "Succeeded")
    assert (image.tags, image.model_ids) == ({"a": "b"}, ["m:1"])
    assert type(image) is ContainerImage is TopContainerImage
    assert image.serialize()["imageType"] == "Docker"


def test_a_failure_says_why(workspace, service, image_config):
    """What cannot be installed is in the message."""
    service.image_state = "Failed"
    image = Image.create(workspace, "my.image", [], image_config)
    with pytest.raises(WebserviceException, match=r"Failed(.|\n)*no such package"):
        image.wait_for_creation(show_output=True)


def test_a_service_is_deployed_from_an_image(workspace, service, image_config):
    """It runs what the image has, and says so."""
    image = Image.create(workspace, "my.image", [], image_config)
    made = Webservice.deploy_from_image(
        workspace, "my-svc", image, AciWebservice.deploy_configuration(cpu_cores=1)
    )
    spec = service.endpoints_there["my-svc"].deployments[0].spec
    assert (spec.entry_script, spec.snapshot) == ("score.py", image._record.spec.snapshot)
    assert (made.image_id, made.image.name, made.environment) == ("my.image:1", "my.image", None)
    second = Image.create(workspace, "my.image", [], image_config)
    made.update(image=second)
    assert made.image_id == "my.image:2"
    with pytest.raises(WebserviceException, match="no images"):
        Webservice.deploy_from_image(
            workspace, "other", image, AksEndpoint.deploy_configuration(version_name="one")
        )


def test_a_service_is_deployed_from_models(workspace, service, image_config):
    """The image gets the service's name; all faults are told before it is made."""
    made = Webservice.deploy_from_model(workspace, "my-svc", [], image_config)
    assert made.image_id == "my-svc:1"
    with pytest.raises(WebserviceException, match=r"exists(.|\n)*nowhere/x"):
        Webservice.deploy(workspace, "my-svc", ["nowhere/x"], image_config)
    assert service.calls.count("images.create") == 1


def test_images_are_found_listed_and_deleted(workspace, image_config):
    """By name the newest, by id or version the one that is meant."""
    for _ in range(2):
        Image.create(workspace, "my.image", [], image_config)
    assert Image(workspace, "my.image").version == 2
    assert Image(workspace, name="my.image", version=1).id == "my.image:1"
    assert ContainerImage(workspace, id="my.image:1").version == 1
    assert [one.id for one in Image.list(workspace)] == ["my.image:2", "my.image:1"]
    Image(workspace, "my.image").delete()
    with pytest.raises(WebserviceException, match=r"ImageNotFound(.|\n)*my\.image"):
        Image(workspace, "other")


@pytest.mark.parametrize(
    ("given", "kind", "named"),
    [
        ({"execution_script": "sub/score.py"}, WebserviceException, "current directory"),
        ({"execution_script": "none.py"}, WebserviceException, "does not exist"),
        ({"runtime": "spark-py"}, WebserviceException, "Spark"),
        ({"dependencies": ["none"]}, WebserviceException, "none"),
        ({"conda_file": "none.yml"}, WebserviceException, r"none\.yml"),
        ({"execution_script": "broken.py"}, UserErrorException, r"broken\.py"),
    ],
)
def test_a_configuration_is_checked_when_it_is_made(here, given, kind, named):
    """What cannot be sent later is refused where the user wrote it."""
    (here / "sub").mkdir()
    (here / "sub" / "score.py").write_text("pass\n")
    (here / "broken.py").write_text("def init(:\n")
    with pytest.raises(kind, match=named):
        ContainerImage.image_configuration(
            **{"execution_script": "score.py", "runtime": "python", **given}
        )


@pytest.mark.parametrize("name", ["ab", "My-image", ".image", "a" * 33, None])
def test_names_are_checked(workspace, service, image_config, name):
    """The rule is told."""
    with pytest.raises(WebserviceException, match="3 to 32"):
        Image.create(workspace, name, [], image_config)
    assert "images.create" not in service.calls


def test_an_endpoint_of_an_image_is_refused_before_the_image_is_made(
    workspace, service, image_config
):
    """What cannot be leaves no image behind, and is told with the other faults."""
    with pytest.raises(WebserviceException, match="no images"):
        Webservice.deploy_from_model(
            workspace, "my-end", [], image_config, AksEndpoint.deploy_configuration()
        )
    assert not service.images_there
