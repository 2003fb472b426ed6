"""Real Ray clusters on this machine: a head, further nodes, or an autoscaler with nodes to start.

A cluster has its own ports, its own short folder and its own process group, and goes with that:
`ray stop` would end every Ray of the machine. Ray's own Python is not ours.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from tests.ray import environments

from runyard_server.testing import programs
from runyard_server.testing.programs import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

PATIENCE_SECONDS = 120.0
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    # A cluster of tests needs no worker that waits for work, and no tracing.
    "RAY_prestart_worker_first_driver": "0",
    "RAY_enable_worker_prestart": "0",
    # Whether there is an autoscaler is in its first report.
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
}
# What `ray start --block` says last.
_UP = "will now block"
_FAKE_HEAD = "fffffffffffffffffffffffffffffffffffffffffffffffffff00000"


class Ended(Exception):
    """A head has ended instead of coming up; with what it has said."""


@dataclass
class Cluster:
    """A cluster.

    Args:
        release: Which lock file its Ray is from.
        cpus: CPUs of the head.
        kinds: The nodes that an autoscaler may start, by name: `{"cpus": 2, "most": 3}`, and what
            `resources` of its own such a node has.
        token: What the cluster wants to be shown.
        idle_seconds: When its autoscaler takes nodes away that nobody has reserved.
    """

    release: str = environments.NEWEST
    cpus: int = 4
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)
    token: str = ""
    idle_seconds: float = 3.0

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        self.port, self.dashboard = free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._bin = environments.python_of(self.release).parent

    @property
    def address(self) -> str:
        """Where its dashboard is."""
        return f"http://127.0.0.1:{self.dashboard}"

    @property
    def token_file(self) -> Path:
        """Where its token is."""
        return self.folder / "token"

    def start(self) -> None:
        """Start the head and wait until jobs can be submitted."""
        options = [
            "--head",
            f"--port={self.port}",
            f"--dashboard-port={self.dashboard}",
            "--dashboard-host=127.0.0.1",
            "--include-dashboard=true",
            f"--num-cpus={self.cpus}",
            f"--temp-dir={self.folder}",
            f"--ray-client-server-port={free_port()}",
        ]
        variables = {}
        if self.kinds:
            options.append(f"--autoscaling-config={self._autoscaling()}")
            provider = self.folder / "provider"
            provider.mkdir(exist_ok=True)
            shutil.copy(Path(__file__).parent / "refusing.py", provider)
            variables = {
                "PYTHONPATH": str(provider),
                "RAY_FAKE_CLUSTER": "1",
                "RAY_OVERRIDE_NODE_ID_FOR_TESTING": _FAKE_HEAD,
                "RAY_CLOUD_INSTANCE_ID": _FAKE_HEAD,
                "RAY_enable_autoscaler_v2": "1",
            }
        self._run(options, variables)
        try:
            self._await_jobs()
        except Ended:
            # Ray gives a head half a minute to come up, and a busy machine may not have it.
            self._processes.clear()
            self._run(options, variables)
            self._await_jobs()

    def add_node(self, cpus: int = 2, resources: str = "{}") -> subprocess.Popen[bytes]:
        """Have another node join; give the process group that it is."""
        return self._run(
            [f"--address=127.0.0.1:{self.port}", f"--num-cpus={cpus}", f"--resources={resources}"],
            {},
        )

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """Have a node fail: everything on it is gone at once, agents too."""
        family = [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        node.wait()

    def stop(self) -> None:
        """End all of it."""
        for node in self._processes:
            with suppress(psutil.NoSuchProcess):
                self.kill(node)
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                # The autoscaler's nodes and drivers are in sessions of their own.
                if any(str(self.folder) in part for part in (process.cwd(), *process.cmdline())):
                    process.kill()
        self._processes = []
        shutil.rmtree(self.folder, ignore_errors=True)

    def refuse(self, *kinds: str) -> None:
        """Have nodes of some kinds not to be had from now on."""
        (self.folder / "refused").write_text(" ".join(kinds))

    def kill_head(self) -> None:
        """Have the head fail."""
        self.kill(self._processes.pop(0))

    def ask(self, path: str) -> Any:
        """What the dashboard says."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(self.address + path, headers=headers)
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()

    def _run(self, options: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
        foreign = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
        kept = {name: value for name, value in os.environ.items() if name not in foreign}
        environment = {**kept, **_QUIET, **variables}
        environment["PATH"] = f"{self._bin}{os.pathsep}{environment['PATH']}"
        if self.token:
            self.token_file.write_text(self.token)
            environment.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=str(self.token_file))
        ports = [
            "--min-worker-port=0",
            "--max-worker-port=0",
            f"--dashboard-agent-listen-port={free_port()}",
            "--object-store-memory=80000000",
            "--disable-usage-stats",
            "--block",
        ]
        log = (self.folder / f"node-{len(self._processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [str(self._bin / "ray"), "start", *options, *ports],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def _await_jobs(self) -> None:
        programs.until(self._has_jobs, self._log, PATIENCE_SECONDS)

    def _has_jobs(self) -> bool:
        if self._processes[0].poll() is not None:
            raise Ended(self._log())
        with suppress(OSError):
            self.ask("/api/jobs/")
            # The dashboard answers before it is sure that the head comes up at all.
            return _UP in self._log()
        return False

    def _log(self) -> str:
        return (self.folder / "node-0.log").read_text()

    def _autoscaling(self) -> Path:
        """Describe the cluster to Ray's autoscaler, whose provider makes nodes of processes."""
        provider = {
            "type": "external",
            "module": "refusing.RefusingProvider",
            "refused": str(self.folder / "refused"),
            "use_node_id_as_ip": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
            "launch_multiple": True,
            "head_node_id": _FAKE_HEAD,
            "gcs_address": f"127.0.0.1:{self.port}",
        }
        workers = {
            name: {
                "resources": {"CPU": kind["cpus"], **kind.get("resources", {})},
                "node_config": {},
                "min_workers": 0,
                "max_workers": kind["most"],
            }
            for name, kind in self.kinds.items()
        }
        head = {"resources": {"CPU": self.cpus}, "node_config": {}, "max_workers": 0}
        lists = (
            *("initialization_commands", "setup_commands", "head_setup_commands"),
            *("worker_setup_commands", "head_start_ray_commands"),
            *("worker_start_ray_commands", "cluster_synced_files"),
        )
        empty: dict[str, Any] = {name: {} for name in ("docker", "file_mounts", "auth")}
        empty |= {name: [] for name in lists}
        config = {
            "cluster_name": "fake",
            "max_workers": sum(kind["most"] for kind in self.kinds.values()),
            "upscaling_speed": 100.0,
            "idle_timeout_minutes": self.idle_seconds / 60,
            "provider": provider,
            "available_node_types": {"ray.head.default": head, **workers},
            "head_node_type": "ray.head.default",
            "file_mounts_sync_continuously": False,
            "rsync_exclude": [],
            "rsync_filter": [],
            **empty,
        }
        file = self.folder / "autoscaling.json"
        file.write_text(json.dumps(config))
        return file


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something has come to pass."""
    programs.until(condition, lambda: "it did not come to pass", seconds)
