"""A wheel compiled in one environment works in the others."""

import base64
import hashlib
import zipfile

from runyard.runtime import wheels

HOME = "/srv/somebody/environments/0123456789abcdef"
PLACE = HOME + "/lib/python3.7/site-packages/horovod/tensorflow"


def test_folders_of_the_environment_become_relative():
    """Each folder of the list is rewritten, others stay, and the length stays too."""
    old = b"\0/usr/lib:" + HOME.encode() + b"/lib:" + HOME.encode()
    old += b"/lib/python3.7/site-packages/tensorflow\0rest\0"
    new = wheels.repointed(old, HOME, PLACE)
    assert len(new) == len(old)
    assert new.rstrip(b"\0").startswith(
        b"\0/usr/lib:$ORIGIN/../../../..:$ORIGIN/../../tensorflow\0"
    )
    assert new.endswith(b"\0rest\0")


def test_other_texts_stay():
    """Names of files, and texts that merely speak of the folder, are not search folders."""
    for text in (b"/lib/mpi.h", b"/include/mpi.h", b"/library"):
        data = b"\0" + HOME.encode() + text + b"\0"
        assert wheels.repointed(data, HOME, PLACE) == data
    spoken = b"\0see " + HOME.encode() + b"/lib for more\0"
    assert wheels.repointed(spoken, HOME, PLACE) == spoken


def test_the_list_of_files_fits_the_new_files(tmp_path):
    """Hash and size in RECORD are those of the rewritten library."""
    environment = tmp_path / "environment"
    (environment / "lib" / "python3.7").mkdir(parents=True)
    old, new = tmp_path / "old.whl", tmp_path / "new.whl"
    library = b"\0" + str(environment).encode() + b"/lib\0"
    with zipfile.ZipFile(old, "w") as archive:
        archive.writestr("horovod/tensorflow/mpi_lib.so", library)
        archive.writestr("horovod/__init__.py", "")
        lines = "horovod/tensorflow/mpi_lib.so,sha256=x,1\nhorovod/__init__.py,sha256=y,0\n"
        archive.writestr("horovod-1.dist-info/RECORD", lines + "horovod-1.dist-info/RECORD,,\n")
    wheels.relocated(str(old), str(new), str(environment))
    with zipfile.ZipFile(new) as archive:
        data = archive.read("horovod/tensorflow/mpi_lib.so")
        record = archive.read("horovod-1.dist-info/RECORD").decode()
    assert data.startswith(b"\0$ORIGIN/../../../..\0")
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    assert f"horovod/tensorflow/mpi_lib.so,sha256={digest},{len(data)}\n" in record
    assert record.endswith("horovod-1.dist-info/RECORD,,\n")
