"""Conda files are written and read as v1 users know them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.sdk import yaml
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.exceptions import UserErrorException

_keys = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
_names = st.from_regex(r"[a-z][a-z0-9\-]{0,8}(==1\.2|<3,>=2)?", fullmatch=True)


def test_create_without_packages_has_the_sdk_alone():
    """pip_packages None means azureml-defaults; a list means exactly that list."""
    assert list(CondaDependencies.create().pip_packages) == ["azureml-defaults"]
    assert list(CondaDependencies.create(pip_packages=["keras"]).pip_packages) == ["keras"]


def test_the_text_is_the_file_that_notebooks_print():
    """serialize_to_string is written into myenv.yml by 33 notebooks."""
    made = CondaDependencies.create(
        conda_packages=["scikit-learn"], pip_packages=["azureml-defaults"], python_version="3.7"
    )
    made.add_channel("conda-forge")
    assert made.serialize_to_string() == (
        "name: project_environment\ndependencies:\n- python=3.7\n- pip:\n  - azureml-defaults\n"
        "- scikit-learn\nchannels:\n- conda-forge\n"
    )


def test_packages_are_replaced_and_removed_by_name():
    """Adding a package twice keeps the later; names match in any spelling."""
    made = CondaDependencies.create(pip_packages=["Numpy==1.16", "keras"])
    made.add_pip_package("numpy<1.17")
    made.remove_pip_package("keras")
    made.add_conda_package("conda-forge::scikit_learn=0.20")
    made.remove_conda_package("scikit-learn")
    made.add_tensorflow_conda_package(core_type="gpu", version="1.13")
    assert list(made.pip_packages) == ["numpy<1.17"]
    assert list(made.conda_packages) == ["tensorflow-gpu=1.13"]


def test_files_come_back_as_they_were_saved(tmp_path):
    """save_to_file and the constructor are each other's inverse."""
    made = CondaDependencies.create(
        pip_packages=["keras==2.2.4"], conda_packages=["numpy"], python_version="3.6.2",
        pip_indexurl="https://index.example/simple",
    )  # fmt: skip
    made.save_to_file(str(tmp_path), "env.yml")
    read = CondaDependencies(conda_dependencies_file_path=str(tmp_path / "env.yml"))
    assert read == made
    assert read.get_python_version() == "3.6.2"
    assert list(read.pip_options) == ["--index-url https://index.example/simple"]


def test_wild_conda_files_are_read(tmp_path):
    """Comments, quotes, indentation and flow lists as people write them."""
    (tmp_path / "env.yml").write_text(
        "# mine\nname: x  # n\nchannels: [conda-forge, defaults]\ndependencies:\n"
        "  - python=3.8\n  - 'numpy>=1.11'\n  - pip\n  - pip:\n      - \"keras<3\"  # new\n"
        "      - git+https://example.com/a.git#egg=a\n",
        encoding="utf-8",
    )
    read = CondaDependencies(str(tmp_path / "env.yml"))
    assert list(read.conda_channels) == ["conda-forge", "defaults"]
    assert list(read.conda_packages) == ["numpy>=1.11"]
    assert list(read.pip_packages) == ["keras<3", "git+https://example.com/a.git#egg=a"]


def test_requirement_files_in_a_conda_file_are_read_in(tmp_path):
    """The list travels to the service, the file beside it does not; a loop is refused."""
    (tmp_path / "r.txt").write_text("keras  # k\n")
    (tmp_path / "env.yml").write_text("dependencies:\n- pip:\n  - -r r.txt\n  - numpy\n")
    assert list(CondaDependencies(str(tmp_path / "env.yml")).pip_packages) == ["keras", "numpy"]
    (tmp_path / "r.txt").write_text("-r r.txt\n")
    with pytest.raises(UserErrorException, match="includes itself"):
        CondaDependencies(str(tmp_path / "env.yml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dependencies:\n\t- a\n", "line 2"),
        ("dependencies: &x\n- a\n", "line 1"),
        ("dependencies: a\n", "no list"),
        ("dependencies:\n  - a\n b\n", "line 3"),
    ],
)
def test_unreadable_files_name_the_line(tmp_path, text, said):
    """What is not understood is refused, not guessed."""
    (tmp_path / "env.yml").write_text(text)
    with pytest.raises(UserErrorException) as caught:
        CondaDependencies(str(tmp_path / "env.yml"))
    assert said in caught.value.message


def test_a_missing_file_is_named():
    """The message says where it was looked for."""
    with pytest.raises(UserErrorException, match=r"none\.yml"):
        CondaDependencies("none.yml")


@given(
    st.recursive(
        st.text(st.characters(min_codepoint=32, max_codepoint=1000), min_size=1).map(str.strip)
        .filter(lambda text: text and text not in {"null", "~", "{}", "---", "..."}),
        lambda inner: st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(_keys, inner, min_size=1, max_size=3),
        max_leaves=8,
    ).filter(lambda value: isinstance(value, (dict, list)))
)  # fmt: skip
def test_what_is_written_is_read(value):
    """Whatever nested lists, dicts and texts are written, the same come back."""
    assert yaml.read(yaml.write(value)) == value


@given(st.lists(_names, unique_by=lambda name: name.split("=")[0].split("<")[0], max_size=5))
def test_conda_text_round_trips(packages):
    """Any list of requirements survives the file."""
    made = CondaDependencies.create(pip_packages=packages)
    read = yaml.read(made.serialize_to_string())
    again = CondaDependencies(_underlying_structure=read)
    assert list(again.pip_packages) == packages
