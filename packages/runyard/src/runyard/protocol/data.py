"""Data references: how a job sees a part of a datastore.

In the job each reference is the variable `AZUREML_DATAREFERENCE_<name>`, an absolute path.
"""

from runyard.protocol.records import dataclass

MOUNT = "mount"
DOWNLOAD = "download"
UPLOAD = "upload"
MODES = (MOUNT, DOWNLOAD, UPLOAD)
VARIABLE_PREFIX = "AZUREML_DATAREFERENCE_"
RESUMED = "MODEL_LOCATION"
"""What v1 called the reference to what an earlier run has left."""


@dataclass(frozen=True)
class DataReference:
    """A path on a datastore; "" is its root. `path_on_compute` "" lets the agent choose.

    A mounted path need not exist yet: scripts write their results there. One that ends in `/` is
    a folder and is made; of any other only the parent is, for it may become a file.
    """

    name: str
    datastore: str
    path: str = ""
    mode: str = MOUNT
    path_on_compute: str = ""
    overwrite: bool = False
