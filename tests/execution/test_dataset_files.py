"""Digests of files that take longer to read than anybody has time."""

import hashlib
import io

from runyard.protocol.datastores import WriteQuery
from runyard_server.core.system import System
from runyard_server.execution import dataset_files
from runyard_server.operations import datastores
from runyard_server.store.folders import CHUNK

W, STORE = "default", "workspaceblobstore"
FILES = {"kind": "file", "sources": [{"datastore": STORE, "path": "d"}]}
NO_TIME = 1e-9


def write(system: System, data: bytes) -> str:
    query = WriteQuery(overwrite=True)
    datastores.write(system, W, STORE, "d/large", query, io.BytesIO(data))
    return hashlib.sha256(data).hexdigest()


def read(system: System) -> str:
    """Read as long as there is time, which is for one block."""
    return dataset_files.resolve(system, W, FILES, NO_TIME).files[0].digest


def test_who_comes_again_goes_on_where_time_was_over(system: System) -> None:
    """A step that made gigabytes on a slow disk completes, however short each of its turns is."""
    digest = write(system, bytes(range(256)) * (8 * CHUNK // 256))
    found = [read(system) for _ in range(8)]
    assert found[0] == ""
    assert found[-1] == digest


def test_a_file_that_changed_in_between_is_read_anew(system: System) -> None:
    """Half of the one and half of the other would have a digest that is of neither."""
    write(system, b"a" * (8 * CHUNK))
    assert read(system) == ""
    digest = write(system, b"b" * (8 * CHUNK))
    assert digest in [read(system) for _ in range(8)]
