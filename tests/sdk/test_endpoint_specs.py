"""What an endpoint is asked to run, from the arguments of `deploy` and `update`."""

import pytest

from runyard import Endpoint, Environment, Model
from runyard.protocol.endpoints import Access
from runyard.sdk import endpoint_specs
from runyard.sdk.endpoint_values import Faults
from runyard.sdk.exceptions import UserErrorException

SCORE = "def init():\n    pass\n\ndef run(data):\n    return data\n"


def made(workspace, before=None, **given: object):
    """The spec for these arguments."""
    found, faults = endpoint_specs.read(given)
    return endpoint_specs.spec_of(workspace, "digits", found, faults, before)


@pytest.fixture
def model(folder):
    """A file that looks like a scikit-learn model."""
    (folder / "clf.joblib").write_bytes(b"a model")
    return "clf.joblib"


def test_a_file_is_registered_once_under_the_endpoint_s_name(workspace, model, folder) -> None:
    """Deploying the same file again makes no version; another content makes the next."""
    first = made(workspace, model=model)
    assert (first.spec.models, first.spec.flavor) == (["digits:1"], "sklearn")
    assert made(workspace, model=folder / model).spec.models == ["digits:1"]
    (folder / model).write_bytes(b"b model")
    assert made(workspace, model=model).spec.models == ["digits:2"]


def test_a_folder_is_compared_as_a_whole(workspace, folder) -> None:
    """A file more or less is another version, though the others are the same."""
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_bytes(b"x")
    assert made(workspace, model="saved/").spec.models == ["digits:1"]
    assert made(workspace, model="./saved").spec.flavor == "tensorflow"
    (folder / "saved" / "more").write_bytes(b"y")
    assert made(workspace, model="saved/").spec.models == ["digits:2"]


def test_a_registered_model_goes_before_a_file_of_its_name(workspace, model) -> None:
    """A name means what the workspace has by it; a path says so by a slash."""
    Model.register(workspace, model, "clf.joblib", model_framework="ScikitLearn")
    assert made(workspace, model="clf.joblib").spec.models == ["clf.joblib:1"]
    assert made(workspace, model="./clf.joblib").spec.models == ["digits:1"]


def test_what_is_neither_is_told_both_ways(workspace, folder) -> None:
    """Who mistypes a model learns which there are, and that no file is called so."""
    (folder / "x").write_text("")
    Model.register(workspace, "x", "digits-cnn")
    with pytest.raises(UserErrorException, match=r"(?s)digits-cnn.*no file or folder 'digit-cnn'"):
        made(workspace, model="digit-cnn")


def test_all_that_is_wrong_is_told_at_once(workspace, model) -> None:
    """Nobody mends one argument after the other, and nothing was sent."""
    with pytest.raises(UserErrorException) as raised:
        made(
            workspace,
            model=model,
            script="nowhere.py",
            replicas=(4, 2),
            gpus=-1,
            batch="many",
            timeout=0,
            replicsa=3,
        )
    said = raised.value.message
    assert "6 things" in said
    for part in ("'nowhere.py'", "(4, 2)", "gpus is -1", "'many'", "timeout", "'replicas'"):
        assert part in said
    assert workspace.models == {}


def test_the_environment_of_a_model_is_what_saved_it(workspace, model) -> None:
    """A pickle is loaded by the version it was registered with."""
    Model.register(
        workspace,
        model,
        "old",
        model_framework="ScikitLearn",
        model_framework_version="0.20.3",
    )
    spec, why = made(workspace, model="old")
    assert spec.environment.python == "3.7"
    assert "scikit-learn==0.20.3" in spec.environment.pip
    assert "scikit-learn==0.20.3" in why


def test_an_mlflow_folder_says_itself_what_it_needs(workspace, folder) -> None:
    """Its requirements are used, and not mlflow's newest alone."""
    (folder / "m").mkdir()
    (folder / "m" / "MLmodel").write_text("flavors:\n")
    (folder / "m" / "requirements.txt").write_text("mlflow==2.9.2\nscikit-learn==1.3.0\n")
    spec, why = made(workspace, model="m/")
    assert spec.flavor == "pyfunc"
    assert spec.environment.pip == ["mlflow==2.9.2", "scikit-learn==1.3.0"]
    assert "MLflow" in why


def test_a_script_runs_in_what_lies_beside_it_or_in_this_python(workspace, folder) -> None:
    """A requirements file counts where there is one; without, what runs here runs there."""
    (folder / "score.py").write_text(SCORE)
    assert made(workspace, script="score.py").spec.environment.user_managed
    (folder / "requirements.txt").write_text("numpy==1.26.4\n")
    spec, why = made(workspace, script="score.py")
    assert spec.environment.pip == ["numpy==1.26.4"]
    assert "requirements.txt" in why
    assert (spec.flavor, spec.entry_script, spec.source_directory) == ("script", "score.py", "")


def test_a_chosen_environment_stays_and_a_found_one_follows_the_model(workspace, folder) -> None:
    """An update with another model keeps what somebody chose, and finds anew what nobody did."""
    for name, version in (("a", "1.3.0"), ("b", "1.4.0")):
        (folder / f"{name}.pkl").write_bytes(name.encode())
        Model.register(
            workspace,
            f"{name}.pkl",
            name,
            model_framework="ScikitLearn",
            model_framework_version=version,
        )
    found = made(workspace, model="a")
    chosen = made(workspace, model="a", environment=["scikit-learn==1.2.2"])
    assert "scikit-learn==1.4.0" in made(workspace, found.spec, model="b").spec.environment.pip
    after = made(workspace, chosen.spec, model="b").spec
    assert (after.models, after.environment.pip) == (["b:1"], ["scikit-learn==1.2.2"])
    assert made(workspace, found.spec, replicas=2).spec.environment == found.spec.environment


def test_an_environment_s_variables_reach_the_worker(workspace, model) -> None:
    """They are set as they are for runs; what is given beside them wins."""
    environment = Environment("mine")
    environment.environment_variables = {"A": "1", "B": "1"}
    spec = made(
        workspace, model=model, environment=environment, environment_variables={"B": "2"}
    ).spec
    assert spec.environment_variables == {"A": "1", "B": "2"}


def test_a_model_that_nothing_tells_how_to_serve_is_refused(workspace, folder) -> None:
    """The message says which files are known, that a script serves all; nothing is registered."""
    (folder / "weights.bin").write_bytes(b"x")
    before = len(Model.list(workspace, name="digits"))
    with pytest.raises(UserErrorException, match=r"script= with init\(\) and run\(\)"):
        made(workspace, model="weights.bin")
    # What was refused has left nothing behind.
    assert len(Model.list(workspace, name="digits")) == before


def test_how_it_is_reached_is_checked_together() -> None:
    """Each wrong word is told with those there are."""
    faults = Faults()
    endpoint_specs.access_of({"auth": "keys", "protocols": ["tf"], "port": 0}, Access(), faults)
    with pytest.raises(UserErrorException, match=r"(?s)3 things.*'key'.*'tf-serving'.*port is 0"):
        faults.raise_all("the endpoint")


def test_nothing_is_registered_where_one_of_several_is_missing(workspace, model, folder) -> None:
    """A slip in the second of two models leaves no version of the first behind."""
    (folder / "score.py").write_text(SCORE)
    with pytest.raises(UserErrorException, match="nowhere"):
        made(workspace, model=[model, "nowhere"], script="score.py")
    with pytest.raises(UserErrorException, match="2 models are served together by a script"):
        made(workspace, model=[model, f"./{model}"])
    assert workspace.models == {}


def test_an_mlflow_folder_within_another_does_not_decide(workspace, folder) -> None:
    """Artifacts of a model may be whole MLflow folders with requirements of their own."""
    for place, line in (("m/artifacts/inner", "xgboost==2.0.0"), ("m", "scikit-learn==1.3.0")):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / "MLmodel").write_text("flavors:\n")
        (folder / place / "requirements.txt").write_text(f"{line}\n")
    assert made(workspace, model="m/").spec.environment.pip == ["scikit-learn==1.3.0"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"protocols": 5}, "protocols is 5"),
        ({"auth": ["key", "token"]}, r"auth is \['key', 'token'\]"),
        ({"origins": [1]}, "origins"),
    ],
)
def test_a_value_of_another_type_is_told_like_the_rest(given, said) -> None:
    """Neither a traceback from within nor a refusal of what was sent."""
    faults = Faults()
    endpoint_specs.access_of(given, Access(), faults)
    with pytest.raises(UserErrorException, match=said):
        faults.raise_all("the endpoint")


def test_variables_may_be_numbers(workspace, model) -> None:
    """They reach the worker as texts, as those of a run's environment do."""
    spec = made(workspace, model=model, environment_variables={"THREADS": 4}).spec
    assert spec.environment_variables == {"THREADS": "4"}


def test_one_tag_alone_is_asked_for_as_it_stands(workspace) -> None:
    """A text is a list of one, not of its letters; anything else is told."""
    assert Endpoint.list(workspace, tags="team=vision") == []
    with pytest.raises(UserErrorException, match="tags is 5"):
        Endpoint.list(workspace, tags=5)
