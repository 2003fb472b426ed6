"""Conda files are written and read as v1 users know them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.sdk import yaml
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.requirements import read_requirements, without_own

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


def test_commas_in_quotes_are_part_of_a_flow_list_s_texts(tmp_path):
    """A range of versions in a list on one line stays the range of its package."""
    (tmp_path / "env.yml").write_text("dependencies: [\"numpy>=1.17,<2\", 'a', b]\n")
    packages = CondaDependencies(str(tmp_path / "env.yml")).conda_packages
    assert list(packages) == ["numpy>=1.17,<2", "a", "b"]


def test_requirement_files_in_a_conda_file_are_read_in(tmp_path):
    """The list travels to the service, the file beside it does not; a loop is refused."""
    (tmp_path / "r.txt").write_text("keras  # k\n")
    (tmp_path / "env.yml").write_text("dependencies:\n- pip:\n  - -r r.txt\n  - numpy\n")
    assert list(CondaDependencies(str(tmp_path / "env.yml")).pip_packages) == ["keras", "numpy"]
    (tmp_path / "r.txt").write_text("-r r.txt\n")
    with pytest.raises(UserErrorException, match="includes itself"):
        CondaDependencies(str(tmp_path / "env.yml"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_of_windows_are_read(tmp_path, encoding):
    """Editors and PowerShell put a mark or two bytes a letter; the packages must not be lost."""
    mark = "\ufeff" if encoding[-3:] in {"-le", "-be"} else ""
    text = mark + "dependencies:\r\n- numpy\r\n- pip:\r\n  - -r r.txt\r\n"
    (tmp_path / "env.yml").write_bytes(text.encode(encoding))
    (tmp_path / "r.txt").write_bytes((mark + "keras==2.0\r\n").encode(encoding))
    read = CondaDependencies(str(tmp_path / "env.yml"))
    assert list(read.conda_packages) == ["numpy"]
    assert list(read.pip_packages) == ["keras==2.0"]
    assert read_requirements(str(tmp_path / "r.txt")) == ["keras==2.0"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dependancies:\n- a\n", "`dependancies:`.*did you mean `dependencies:`"),
        ("channel: [x]\ndependencies:\n- a\n", "did you mean `channels:`"),
        ("pip:\n- a\ndependencies:\n- b\n", "`pip:`"),
        ("dependencies:\n- numpy: 1.16\n", "write `numpy=1.16`"),
        ("dependencies:\n- pip: six\n", "`pip:` must have a list"),
        ("dependencies:\n- pip:\n  - - six\n", "`pip:` must have a list"),
        ("dependencies:\n- a\ndependencies:\n- b\n", "a second time"),
        ("channels: main\ndependencies:\n- a\n", "`channels:` must be a list"),
        ("variables:\n- A\ndependencies:\n- a\n", "`variables:`"),
        ("variables:\n  A:\ndependencies:\n- a\n", "'A' has no text"),
        ('name: "C:\\users"\ndependencies:\n- a\n', "line 1.*escape"),
        ("dependencies:\n- pip:\n  - -e .\n", "path on this machine"),
        ("dependencies:\n- pip:\n  - ./x.whl\n", "path on this machine"),
        ("dependencies:\n- pip:\n  - -c c.txt\n", "constraints 'c.txt'"),
        ("dependencies:\n- pip:\n  - -r https://x.example/r.txt\n", "download that file"),
        ("dependencies:\n- pip:\n  - six @ file:///croot/six/work\n", "six==VERSION"),
    ],
)
def test_nothing_of_a_conda_file_is_lost(tmp_path, text, said):
    """What would not reach the job is refused, with the file and what to write."""
    (tmp_path / "env.yml").write_text(text)
    with pytest.raises(UserErrorException, match=f"(?s){said}") as caught:
        CondaDependencies(str(tmp_path / "env.yml"))
    assert "env.yml" in caught.value.message


def test_what_conda_accepts_is_accepted(tmp_path):
    """Exported files have a name and a prefix, which say nothing here."""
    text = "name: x\nprefix: /opt/x\nchannels: []\nvariables:\n  A: 3\n  B: ''\ndependencies: []\n"
    (tmp_path / "env.yml").write_text(text)
    assert CondaDependencies(str(tmp_path / "env.yml")).variables == {"A": "3", "B": ""}


def test_lines_for_one_package_add_up(tmp_path):
    """Two bounds, two systems or two addresses are no second thought that replaces the first."""
    wanted = [
        "a>=1", "a<2", "b==1; python_version<'3.8'", "b==2; python_version>='3.8'",
        "git+https://x.example/c.git", "git+https://x.example/d.git",
        "--extra-index-url https://x.example", "--extra-index-url https://y.example",
    ]  # fmt: skip
    made = CondaDependencies.create(pip_packages=["a==0", "e"])
    made.add_pip_lines(wanted)
    assert list(made.pip_packages) == ["e", *wanted[:6]]
    assert list(made.pip_options) == wanted[6:]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dependencies:\n\t- a\n", "line 2"),
        ("dependencies: &x\n- a\n", "line 1"),
        ("dependencies: a\n", "no list"),
        ("dependencies:\n  - a\n b\n", "line 3"),
        ("dependencies: [numpy, {pip: [scipy]}]\n", "'{' begins"),
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


def test_several_extra_indexes_are_kept():
    """pip looks at all of them; the index in place of the default is one, and the last counts."""
    packages = CondaDependencies()
    for option in (
        "--extra-index-url https://a.example",
        "--extra-index-url https://b.example",
        "--extra-index-url https://b.example",
        "--index-url https://c.example",
        "--index-url https://d.example",
    ):
        packages.set_pip_option(option)
    assert sorted(packages.pip_options) == [
        "--extra-index-url https://a.example",
        "--extra-index-url https://b.example",
        "--index-url https://d.example",
    ]
    packages.remove_pip_option("--extra-index-url")
    assert list(packages.pip_options) == ["--index-url https://d.example"]


def test_what_read_datasets_leaves_its_pandas():
    """`azureml-dataset-runtime[pandas,fuse]` of 2020 was how scripts got pandas into their job."""
    lines = ["azureml-defaults", "azureml-dataset-runtime[fuse,pandas]~=1.19", "azureml-dataprep"]
    assert without_own([*lines, "numpy"]) == ["pandas", "pyarrow", "numpy"]
