"""Conda environments of this machine: read by conda, or from the records that conda keeps."""

import json

import pytest

from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException

FORGE = "https://conda.anaconda.org/conda-forge"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without any conda."""
    for name in ("CONDA_EXE", "CONDA_PREFIX", "CONDA_ENVS_PATH", "MAMBA_ROOT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def put(prefix, name, version, channel, *files: str):
    """Write what conda keeps of a package that it has installed."""
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    record = {"name": name, "version": version, "channel": channel, "files": list(files)}
    (meta / f"{name}-{version}-0.json").write_text(json.dumps(record))


def dist(prefix, name, version):
    """Write what pip keeps of a package; give the path as conda's records have it."""
    path = prefix / f"lib/python3.8/site-packages/{name}-{version}.dist-info/METADATA"
    path.parent.mkdir(parents=True)
    path.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText\n")
    return path.relative_to(prefix).as_posix()


def test_an_environment_is_read_from_its_records(home):
    """As where it was copied to without conda: exact versions, channels, and what pip put there."""
    prefix = home / "miniconda3" / "envs" / "lab"
    put(prefix, "python", "3.8.20", f"{FORGE}/linux-64")
    put(prefix, "numpy", "1.16.4", f"{FORGE}/linux-64", dist(prefix, "numpy", "1.16.4"))
    put(prefix, "r-base", "3.6", "https://repo.anaconda.com/pkgs/r/linux-64")
    put(prefix, "own", "1.0", "https://conda.example.org/lab/noarch")
    dist(prefix, "tabulate", "0.9")
    for named in ("lab", str(prefix)):
        found = Environment.from_existing_conda_environment("mine", named).python.conda_dependencies
        assert found.get_python_version() == "3.8.20"
        assert list(found.conda_packages) == ["numpy=1.16.4", "own=1.0", "r-base=3.6"]
        assert list(found.pip_packages) == ["tabulate==0.9"]
        channels = ["conda-forge", "https://conda.example.org/lab", "defaults"]
        assert list(found.conda_channels) == channels


def test_conda_is_asked_where_it_is(home):
    """It knows environments in places of its own."""
    program = home / "bin" / "conda"
    program.parent.mkdir()
    text = (
        "name: lab\\nchannels: [conda-forge]\\ndependencies:\\n- python=3.8.20\\n- numpy=1.16.4\\n"
    )
    program.write_text(
        f'#!/bin/sh\n[ "$*" = "env export --no-builds --name lab" ] && printf "{text}"\n'
    )
    program.chmod(0o755)
    found = Environment.from_existing_conda_environment("mine", "lab").python.conda_dependencies
    assert (found.get_python_version(), list(found.conda_packages)) == ("3.8.20", ["numpy=1.16.4"])


def test_an_environment_that_is_not_there_is_told_with_the_nearest(home):
    """The name of another, or a folder that is none."""
    put(home / "miniforge3" / "envs" / "labor", "python", "3.8.20", FORGE)
    with pytest.raises(UserErrorException, match=r"no conda environment 'labr'.*labor"):
        Environment.from_existing_conda_environment("mine", "labr")
    with pytest.raises(UserErrorException, match="it has no folder conda-meta"):
        Environment.from_existing_conda_environment("mine", f"{home}/miniforge3/envs")
