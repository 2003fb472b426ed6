"""What is to be done: `job.json` (the protocol's JobSpec) as an agent reads it.

Plain values instead of records, because making the records costs more than everything else
between an agent's start and the script's. Unknown fields are passed over, as everywhere.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from runyard.runtime import names

QUICK_BYTES = 64 << 20
QUICK_FILES = 500


class JobError(Exception):
    """The job cannot go on, for a reason that its owner can understand.

    Args:
        message: What happened, to what, and what to do next.
        code: `UserError` when the submission is at fault, `ServiceError` otherwise.
    """

    def __init__(self, message: str, code: str = names.USER_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Canceled(Exception):
    """The job was canceled while it was being prepared."""


class Stopped(Exception):
    """Another node of the run has ended, so this one must not begin."""


class Job:
    """One node's part of a run; the attributes are those of `protocol.jobs.JobSpec`.

    `spec`, `environment`, `container` and the items of `files`, `resumed`, `data` and `inputs` stay
    plain dictionaries with the field names of RunSpec, JobEnvironment, JobContainer, FileEntry,
    JobData and JobInput.
    """

    def __init__(self, plain: Dict[str, Any]) -> None:
        self.run: str = plain["run"]
        self.workspace: str = plain["workspace"]
        self.workspace_name: str = plain["workspace_name"]
        self.subscription_id: str = plain["subscription_id"]
        self.resource_group: str = plain["resource_group"]
        self.experiment_id: str = plain["experiment_id"]
        self.spec: Dict[str, Any] = plain["spec"]
        self.files: List[Dict[str, Any]] = plain["files"]
        self.environment: Dict[str, Any] = plain["environment"]
        self.url: str = plain["url"]
        self.token: str = plain["token"]
        self.run_folder: str = plain["run_folder"]
        self.light: str = plain["light"]
        self.connection_file: str = plain.get("connection_file", "")
        self.blobs: str = plain.get("blobs", "")
        self.cache: str = plain.get("cache", "")
        self.node: int = plain.get("node", 0)
        self.node_name: str = plain.get("node_name", "")
        self.data: List[Dict[str, Any]] = plain.get("data", [])
        self.cpus: int = plain.get("cpus", 1)
        self.gpus: int = plain.get("gpus", 0)
        self.attempt: int = plain.get("attempt", 1)
        self.shared_folder: str = plain.get("shared_folder", "")
        self.address: str = plain.get("address", "")
        self.resumed: List[Dict[str, Any]] = plain.get("resumed", [])
        self.system_metrics: bool = plain.get("system_metrics", True)
        self.limit_seconds: float = plain.get("limit_seconds", 0.0)
        self.limit_of: str = plain.get("limit_of", "")
        self.inputs: List[Dict[str, Any]] = plain.get("inputs", [])
        self.container: Optional[Dict[str, Any]] = plain.get("container")

    @classmethod
    def load(cls, path: str) -> Job:
        """Read a job.json."""
        with open(path, "rb") as stream:
            return cls(json.loads(stream.read().decode("utf-8")))

    @property
    def launcher(self) -> Dict[str, Any]:
        """How its processes are started: the fields of LauncherSpec."""
        return self.spec.get("launcher") or {"kind": names.SINGLE}

    @property
    def kind(self) -> str:
        """The kind of its launcher."""
        return str(self.launcher.get("kind", names.SINGLE))

    @property
    def nodes(self) -> int:
        """How many agents work for the run."""
        return 1 if self.kind == names.SINGLE else int(self.spec.get("node_count", 1))

    @property
    def is_apart(self) -> bool:
        """Whether each node of the run has a working folder of its own."""
        return self.nodes > 1 and not self.shared_folder

    @property
    def has_own_folder(self) -> bool:
        """Whether this node fills a working folder and looks after it."""
        return self.node == 0 or self.is_apart

    @property
    def starts_at_once(self) -> bool:
        """Whether preparing is a matter of milliseconds, so that it need not be told first."""
        files = self.files + self.resumed
        size = sum(int(file["size"]) for file in files)
        copied = any(item["mode"] == names.DOWNLOAD or not item["source"] for item in self.data)
        copied = copied or any(item["files"] for item in self.inputs)
        small = size < QUICK_BYTES and len(files) < QUICK_FILES
        return small and bool(self.blobs) and not copied and self.container is None
