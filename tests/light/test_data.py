"""Data references keep their names and places."""

import pytest

from runyard.sdk.data import DataPath, DataPathComputeBinding, DataReference
from runyard.sdk.exceptions import UserErrorException


class Store:
    """Stands for a datastore."""

    name = "workspaceblobstore"


def test_the_root_is_named_after_its_datastore():
    """The article's `ds.as_mount()` becomes $AZUREML_DATAREFERENCE_workspaceblobstore."""
    assert str(DataReference(Store())) == "$AZUREML_DATAREFERENCE_workspaceblobstore"


@pytest.mark.parametrize("path", [None, "", ".", "./", "/"])
def test_the_root_has_that_name_in_every_mode(path):
    """`str(ds.as_download())` finds `data_references={ds.name: ds.as_download()}`."""
    root = DataReference(Store(), path_on_datastore=path)
    for reference in (root.as_mount(), root.as_download(), root.as_upload("results")):
        assert str(reference) == "$AZUREML_DATAREFERENCE_workspaceblobstore"


def test_a_folder_is_told_by_its_slash():
    """Results of a script go into `ds.path("results/")`, which is made for it."""
    record = DataReference(Store(), path_on_datastore="/results/").to_record()
    assert record.path == "results/"


def test_a_given_name_survives_every_change_of_mode():
    """The v1 SDK lost it; nobody can have depended on a random one."""
    named = DataReference(Store(), "mine", "data")
    for changed in (named.as_mount(), named.as_download(), named.as_upload("x")):
        assert changed.data_reference_name == "mine"
    assert DataReference(Store(), path_on_datastore="data").data_reference_name != "data"


def test_the_same_place_has_the_same_name():
    """A run submitted twice is the same run twice."""
    names = {DataReference(Store(), path_on_datastore="data").data_reference_name for _ in "ab"}
    other = DataReference(Store(), path_on_datastore="data").as_download().data_reference_name
    assert len(names) == 1
    assert other not in names
    assert len(other) == 32


def test_paths_join_below_a_reference():
    """`ds.path('a').path('b')`."""
    assert DataReference(Store(), path_on_datastore="a/").path("/b").path_on_datastore == "a/b"


def test_an_unknown_mode_is_refused():
    """The message names the three there are."""
    with pytest.raises(UserErrorException) as error:
        DataReference(Store(), mode="link")
    assert "mount, download, upload" in error.value.message


def test_a_datapath_becomes_a_reference():
    """`resume_from` and pipeline inputs are DataPaths."""
    binding = DataPathComputeBinding(mode="download", path_on_compute="here")
    record = DataPath(Store(), "models").create_data_reference("m", binding).to_record()
    assert (record.name, record.path, record.mode) == ("m", "models", "download")
    assert record.path_on_compute == "here"
