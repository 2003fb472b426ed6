"""Data references: how a job sees a part of a datastore.

`str(reference)` is `$AZUREML_DATAREFERENCE_<name>`: put it (or the reference itself) among a
script's arguments, and the job finds the path there.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Optional

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.sections import Section

if TYPE_CHECKING:
    from runyard.protocol.data import DataReference as DataReferenceRecord
    from runyard.sdk.datastores import Datastore

# Written out: the protocol's records would make every import of the SDK slower.
MOUNT, DOWNLOAD, UPLOAD = "mount", "download", "upload"
MODES = (MOUNT, DOWNLOAD, UPLOAD)
# All of them mean the root, and the reference is then named after the datastore, as in v1.
ROOTS = (None, "", ".", "./", "/")


class DataReference:
    """A file or folder on a datastore, and how a job is to get at it.

    Args:
        datastore: The datastore.
        data_reference_name: The name in the job's environment; made from the place if not given.
        path_on_datastore: Where on the datastore; None is its root.
        mode: `mount`, `download` or `upload`.
        path_on_compute: Where in the job; relative means below the working folder.
        overwrite: Whether an upload may replace files.

    Raises:
        UserErrorException: The mode is none of the three.
    """

    def __init__(
        self,
        datastore: Datastore,
        data_reference_name: Optional[str] = None,
        path_on_datastore: Optional[str] = None,
        mode: Optional[str] = MOUNT,
        path_on_compute: Optional[str] = None,
        overwrite: bool = False,
    ) -> None:
        self.datastore = datastore
        self.path_on_datastore = path_on_datastore
        self.path_on_compute = path_on_compute
        self.overwrite = bool(overwrite)
        self.mode = checked_mode(mode)
        self._given_name = data_reference_name

    @property
    def data_reference_name(self) -> str:
        """The name in the job's environment; the same place always has the same.

        The root of a datastore has the datastore's name in every mode: v1 scripts write
        `data_references={ds.name: ds.as_download()}` beside `str(ds.as_download())`.
        """
        if self._given_name:
            return self._given_name
        if self.path_on_datastore in ROOTS:
            return self.datastore.name
        place = (self.datastore.name, self.path_on_datastore, self.mode, self.path_on_compute)
        # As long as v1's, which were random: equal submissions were never equal there.
        return hashlib.sha256(repr(place).encode("utf-8")).hexdigest()[:32]

    @data_reference_name.setter
    def data_reference_name(self, name: Optional[str]) -> None:
        self._given_name = name

    def __str__(self) -> str:
        return f"$AZUREML_DATAREFERENCE_{self.data_reference_name}"

    def __repr__(self) -> str:
        return (
            f"DataReference(datastore={self.datastore.name!r}, "
            f"name={self.data_reference_name!r}, path={self.path_on_datastore!r}, "
            f"mode={self.mode!r})"
        )

    def as_mount(self) -> DataReference:
        """Refer to the same place, seen in the job without a copy."""
        return self._as(MOUNT, self.path_on_compute)

    def as_download(
        self, path_on_compute: Optional[str] = None, overwrite: bool = False
    ) -> DataReference:
        """Refer to the same place, copied to the job before it starts."""
        return self._as(DOWNLOAD, path_on_compute or self.path_on_compute, overwrite)

    def as_upload(
        self, path_on_compute: Optional[str] = None, overwrite: bool = False
    ) -> DataReference:
        """Refer to the same place, filled from the job after its end."""
        return self._as(UPLOAD, path_on_compute or self.path_on_compute, overwrite)

    def path(
        self, path: Optional[str] = None, data_reference_name: Optional[str] = None
    ) -> DataReference:
        """Refer to a place below this one."""
        base = "" if self.path_on_datastore in ROOTS else str(self.path_on_datastore).rstrip("/")
        joined = "/".join(part for part in (base, (path or "").strip("/")) if part)
        return DataReference(
            self.datastore, data_reference_name, joined, self.mode, self.path_on_compute
        )

    def to_config(self) -> DataReferenceConfiguration:
        """Write it as the `DataReferenceConfiguration` that a run configuration holds."""
        return DataReferenceConfiguration(
            datastore_name=self.datastore.name,
            mode=self.mode,
            path_on_datastore=self.path_on_datastore,
            path_on_compute=self.path_on_compute,
            overwrite=self.overwrite,
        )

    def to_record(self) -> DataReferenceRecord:
        """Write it as a run's specification holds it."""
        from runyard.protocol.data import DataReference as Record

        root = self.path_on_datastore in ROOTS
        return Record(
            name=self.data_reference_name,
            datastore=self.datastore.name,
            path="" if root else str(self.path_on_datastore).lstrip("/"),
            mode=self.mode,
            path_on_compute=self.path_on_compute or "",
            overwrite=self.overwrite,
        )

    def _as(
        self, mode: str, path_on_compute: Optional[str], overwrite: bool = False
    ) -> DataReference:
        return DataReference(
            self.datastore,
            # v1 forgot it here in 2019, so that the job had the variable under another name.
            self._given_name,
            self.path_on_datastore,
            mode,
            path_on_compute,
            overwrite or self.overwrite,
        )


class DataReferenceConfiguration(Section):
    """How a job sees a part of a datastore.

    Args:
        datastore_name: The datastore's name.
        mode: `mount`, `download` or `upload`.
        path_on_datastore: "" or None for its root.
        path_on_compute: Relative to the working folder, or absolute; None lets the agent choose.
        overwrite: Whether existing files may be replaced.
    """

    def __init__(
        self,
        datastore_name: Optional[str] = None,
        mode: str = "mount",
        path_on_datastore: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: bool = False,
    ) -> None:
        self.data_store_name = datastore_name
        self.mode = checked_mode(mode)
        self.path_on_data_store = path_on_datastore
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite
        self._close()


class DataPathComputeBinding:
    """How a job gets at a DataPath.

    Args:
        mode: `mount`, `download` or `upload`.
        path_on_compute: Where in the job.
        overwrite: Whether an upload may replace files.
    """

    def __init__(
        self, mode: str = MOUNT, path_on_compute: Optional[str] = None, overwrite: bool = False
    ) -> None:
        self.mode = checked_mode(mode)
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> DataPathComputeBinding:
        """Take from a reference how a job gets at it."""
        known = data_reference
        return DataPathComputeBinding(known.mode, known.path_on_compute, known.overwrite)

    def create_data_reference(
        self, datapath: DataPath, data_reference_name: Optional[str] = None
    ) -> DataReference:
        """Refer to a DataPath."""
        return datapath.create_data_reference(data_reference_name, self)


class DataPath:
    """A place on a datastore, without a word on how a job gets at it.

    Args:
        datastore: The datastore.
        path_on_datastore: Where on it; None is its root.
        name: A name for references to it.
    """

    def __init__(
        self,
        datastore: Optional[Datastore] = None,
        path_on_datastore: Optional[str] = None,
        name: Optional[str] = None,
    ) -> None:
        self.datastore = datastore
        self.path_on_datastore = path_on_datastore
        self.name = name

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> DataPath:
        """Take from a reference the place that it is to."""
        return DataPath(data_reference.datastore, data_reference.path_on_datastore)

    @property
    def datastore_name(self) -> Optional[str]:
        """The datastore's name."""
        return self.datastore.name if self.datastore is not None else None

    def __repr__(self) -> str:
        store = self.datastore_name
        return f"DataPath(datastore={store!r}, path_on_datastore={self.path_on_datastore!r})"

    def create_data_reference(
        self,
        data_reference_name: Optional[str] = None,
        datapath_compute_binding: Optional[DataPathComputeBinding] = None,
    ) -> DataReference:
        """Refer to this place.

        Raises:
            UserErrorException: The path names no datastore.
        """
        if self.datastore is None:
            raise UserErrorException("this DataPath has no datastore; give one when making it")
        binding = datapath_compute_binding or DataPathComputeBinding()
        return DataReference(
            self.datastore,
            data_reference_name or self.name,
            self.path_on_datastore,
            binding.mode,
            binding.path_on_compute,
            binding.overwrite,
        )


def checked_mode(mode: Any) -> str:
    """Check a mode, and write it in lower case.

    Raises:
        UserErrorException: It is none of mount, download, upload.
    """
    lower = str(mode).lower()
    if lower not in MODES:
        raise UserErrorException(f"mode {mode!r} is none of {', '.join(MODES)}")
    return lower
