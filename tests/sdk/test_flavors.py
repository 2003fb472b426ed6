"""How models are served without a script: by their framework, else by their files."""

import pytest

from runyard.sdk import flavors


@pytest.mark.parametrize(
    ("framework", "files", "flavor"),
    [
        ("", ["model/saved_model.pb", "model/variables/variables.index"], "tensorflow"),
        ("", ["digits.keras"], "keras"),
        ("", ["model/keras_metadata.pb", "model/saved_model.pb"], "tensorflow"),
        ("", ["model/MLmodel", "model/model.pkl"], "pyfunc"),
        ("", ["MODEL.ONNX"], "onnx"),
        ("", ["clf.joblib"], "sklearn"),
        ("", ["traced.pt"], "torch"),
        ("ScikitLearn", ["model"], "sklearn"),
        ("Custom", ["net.onnx"], "onnx"),
        ("", ["model/mnist-tf.model.meta", "model/checkpoint"], ""),
        ("", [], ""),
    ],
)
def test_what_a_model_is_tells_how_it_is_served(framework, files, flavor) -> None:
    """Nobody has to name a flavor that framework or files tell; the framework comes first."""
    assert flavors.of(framework, files) == flavor


def test_a_checkpoint_is_told_what_it_lacks() -> None:
    """Of the article's model people hear why it needs a script, not that it is unknown."""
    said = flavors.why_none("tf-dnn-mnist:1", ["model/mnist-tf.model.meta"])
    assert "checkpoint" in said
    assert "script=" in said


@pytest.mark.parametrize(
    ("flavor", "version", "python", "package"),
    [
        ("tensorflow", "1.13.1", "3.7", "tensorflow==1.13.1"),
        ("keras", "", "", "tensorflow-cpu==2.21.0"),
        ("tensorflow", "2.16.2", "", "tensorflow-cpu==2.16.2"),
        ("sklearn", "0.20.3", "3.7", "scikit-learn==0.20.3"),
        ("sklearn", "1.5.2", "", "scikit-learn==1.5.2"),
        ("torch", "2.4.0", "", "torch==2.4.0"),
        ("onnx", "1.16.0", "", "onnxruntime"),
    ],
)
def test_a_framework_s_version_decides_the_packages(flavor, version, python, package) -> None:
    """A model is loaded by the version that wrote it, on a Python that this version has."""
    found = flavors.packages(flavor, version)
    assert found[0] == python
    assert package in found[1]


def test_what_is_installed_here_is_found_on_every_python(tmp_path) -> None:
    """A model that was just saved here is registered with the version that saved it."""
    (tmp_path / "scikit_learn-1.5.2.dist-info").mkdir()
    (tmp_path / "torch-2.4.0+cpu.dist-info").mkdir()
    assert flavors.installed_version("sklearn", [str(tmp_path)]) == "1.5.2"
    assert flavors.installed_version("torch", [str(tmp_path)]) == "2.4.0"
    assert flavors.installed_version("onnx", [str(tmp_path)]) == ""
