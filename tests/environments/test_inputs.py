"""What users write, in pip's words: conda specifications, option lines, names of our own."""

import pytest

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import EnvironmentFailed
from runyard_server.environments import conda, inputs, lines


@pytest.mark.parametrize(
    ("spec", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.16", "numpy==1.16.*"),
        ("numpy=1.16.2", "numpy==1.16.2"),
        ("numpy==1.16", "numpy==1.16"),
        ("numpy 1.16", "numpy==1.16.*"),
        ("numpy=1.16.2=py37h7e9f1db_0", "numpy==1.16.2"),
        ("numpy>=1.15,<1.17", "numpy>=1.15,<1.17"),
        ("numpy=1.16.*", "numpy==1.16.*"),
        ("conda-forge::scipy", "scipy"),
        ("scipy[version='>=1.2,<2']", "scipy>=1.2,<2"),
        ("pytorch=1.2", "torch==1.2.*"),
        ("Pillow", "pillow"),
        ("scikit-learn=0.20.3", "scikit-learn==0.20.3"),
    ],
)
def test_a_conda_package_is_the_pip_package(spec, requirement):
    """Versions mean the same, and packages that pip calls otherwise get pip's name."""
    assert conda.mapped(spec).requirement == requirement


@pytest.mark.parametrize("spec", ["cudatoolkit=10.0", "cudnn", "mkl=2019", "libgcc-ng", "openssl"])
def test_what_pip_brings_along_is_left_out_with_a_note(spec):
    """Compiled libraries of conda are no pip packages; the log says that they were passed over."""
    found = conda.mapped(spec)
    assert found.requirement == ""
    assert spec.split("=")[0] in found.note


@pytest.mark.parametrize(
    "spec",
    ["git+https://x.example/y.git", "https://x.example/a.whl", "-r r.txt", "=1.0", "a @ b:/c"],
)
def test_what_is_no_conda_package_is_refused(spec):
    """A line in the wrong list would be missing in the job, or be another package."""
    with pytest.raises(EnvironmentFailed, match="pip:"):
        conda.mapped(spec)


@pytest.mark.parametrize("spec", ["python=3.6.2", "python==3.6.2", "python>=3.6,<=3.6.2"])
def test_python_among_conda_packages_chooses_the_interpreter(spec):
    """conda files name the interpreter as a package."""
    assert conda.mapped(spec).python == "3.6.2"


@pytest.mark.parametrize(
    "line",
    [
        "numpy==1.16",
        "tensorflow[and-cuda]>=2.15 ; python_version > '3.8'",
        "git+https://example.org/x.git@v1#egg=x",
        "https://example.org/x-1.0-py3-none-any.whl",
        "x @ https://example.org/x.zip",
        "azure-storage-blob",
    ],
)
def test_requirements_are_passed_on(line):
    """What pip understands is not touched."""
    assert lines.sort(line).requirement == line


@pytest.mark.parametrize(
    ("line", "option"),
    [
        (
            "--extra-index-url https://a.example/simple",
            "--extra-index-url https://a.example/simple",
        ),
        ("--extra-index-url=https://a.example/?q=1", "--extra-index-url https://a.example/?q=1"),
        ("-f https://a.example/links", "--find-links https://a.example/links"),
        ("--pre", "--pre"),
    ],
)
def test_options_for_the_resolver_are_passed_on(line, option):
    """Indexes and folders of wheels reach the resolver, in one spelling."""
    assert lines.sort(line).option == option


def test_an_editable_repository_is_installed_as_it_is():
    """`pip freeze` writes such lines; the contents are the same."""
    found = lines.sort("-e git+https://x.example/y.git@abc#egg=y")
    assert found.requirement == "git+https://x.example/y.git@abc#egg=y"
    assert "not to be edited" in found.note


def test_a_mistake_of_pip_freeze_is_left_out():
    """Debian's writes a package that does not exist."""
    assert lines.sort("pkg-resources==0.0.0").note
    assert lines.sort("pkg_resources==0.0.0").requirement == ""


def test_a_folder_of_the_client_is_refused():
    """The resolver would look for it beside its own files."""
    with pytest.raises(EnvironmentFailed, match="names a folder on the client"):
        lines.sort("--find-links ./wheels")


def test_the_last_index_counts():
    """As pip has it where a file names several."""
    definition = EnvironmentDefinition(
        pip=["-i https://a.example", "--index-url https://b.example"]
    )
    assert inputs.read(definition, gpu=False).index_url == "https://b.example"


@pytest.mark.parametrize("line", ["-i https://a.example", "--index-url=https://a.example"])
def test_an_index_line_is_the_index(line):
    """The index in a requirements file is the same as index_url."""
    definition = EnvironmentDefinition(pip=[line, "six"])
    assert inputs.read(definition, gpu=False).index_url == "https://a.example"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "-e .",
            "./wheels/x.whl",
            "-r other.txt",
            "sub/folder",
            "--odd",
            "x-1.0-py3-none-any.whl",
        ),
        *("dist\\x-1.0-py3-none-any.whl", "C:\\x.zip", "numpy=1.16"),
    ],
)
def test_what_only_the_client_has_is_refused(line):
    """The service cannot see the client's files; the message says so and names the line."""
    with pytest.raises(EnvironmentFailed) as failed:
        lines.sort(line)
    assert repr(line) in failed.value.message


def test_the_default_python_of_old_files_becomes_the_oldest_that_works():
    """3.6 was v1's default; jobs need 3.7, and a note says that it is used."""
    found = inputs.read(EnvironmentDefinition(python="3.6.2", pip=["six"]), gpu=False)
    assert found.python == "3.7"
    assert any("3.6.2" in note for note in found.notes)


def test_a_tensorflow_for_gpus_is_replaced_where_there_is_none():
    """tensorflow-gpu does not even import without the drivers."""
    definition = EnvironmentDefinition(pip=["tensorflow-gpu==1.13.1"])
    assert inputs.read(definition, gpu=False).requirements == ("tensorflow==1.13.1",)
    assert inputs.read(definition, gpu=True).requirements == ("tensorflow-gpu==1.13.1",)


def test_an_image_is_noted():
    """A base image that is not used is said, not passed over in silence."""
    found = inputs.read(EnvironmentDefinition(docker_image="org/image:1"), gpu=False)
    assert any("org/image:1" in note for note in found.notes)


def test_spellings_of_one_name_have_one_order() -> None:
    """The order decides the hash: in another process the same definition must find its lock."""
    spellings = ["numpy", "Numpy", "nUmpy", "nuMpy", "numPy", "numpY", "NUMPY"]
    read = inputs.read(EnvironmentDefinition(pip=spellings), gpu=False)
    assert read.requirements == tuple(sorted(spellings))
