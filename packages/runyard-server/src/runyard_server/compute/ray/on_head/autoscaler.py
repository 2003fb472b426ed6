"""What can be learned on the head of the cluster's autoscaler: its kinds of nodes, its doings.

Ray has no interface for the first: the configuration is in the file that the head was started with,
which stands in the command line of the process that watches the cluster. On Kubernetes that is in
another container, and the kinds are to be set at the site. Of a launch that failed Ray's report has
no reason, which is in the log of the process that launches. Whatever is not found is not told.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from ray._private import worker as rays

_FLAG = "--autoscaling-config="
_FAILED = re.compile(r"Failed to launch \d+ nodes of type (\S+): (.+)")
_LOG, _LOG_BYTES = "monitor.log", 64 << 10
_SHOWN = 300
_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}


def kinds() -> list[dict[str, Any]]:
    """The kinds of nodes that the autoscaler can start."""
    file = _configuration()
    if file is None:
        return []
    try:
        config = yaml.safe_load(file.read_text("utf-8"))
        types = config["available_node_types"]
        most = int(config.get("max_workers", 0))
        return [
            {
                "name": name,
                "resources": _amounts(kind.get("resources") or {}),
                "most": min(int(kind.get("max_workers", most)), most),
            }
            for name, kind in types.items()
            if name != config.get("head_node_type")
        ]
    except Exception:  # noqa: BLE001 - a release may write it otherwise, which must end nothing
        return []


def news() -> dict[str, Any]:
    """How many nodes it is starting, and why some could not be."""
    try:
        from ray.autoscaler.v2.sdk import get_cluster_status

        status = get_cluster_status(rays.global_worker.gcs_client.address)
    except Exception:  # noqa: BLE001 - that of older clusters tells the dashboard instead
        return {}
    starting = sum(each.count for each in status.pending_launches)
    starting += sum(1 for each in status.pending_nodes if "head" not in each.ray_node_type_name)
    failed = [str(each.ray_node_type_name) for each in status.failed_launches]
    return {"starting": starting, "failed": _failure(failed[-1]) if failed else ""}


def _failure(kind: str) -> str:
    """Which kind of nodes could not be started, and why, as its log has it last."""
    try:
        log = Path(rays.global_worker.node.get_logs_dir_path()) / _LOG
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _LOG_BYTES))
            lines = stream.read().decode("utf-8", "replace")
    except (OSError, AttributeError):
        return kind
    reasons = [why for name, why in _FAILED.findall(lines) if name == kind]
    return f"{kind}: {reasons[-1].strip()[:_SHOWN]}" if reasons else kind


def _configuration() -> Path | None:
    """The file that the head was started with."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        gcs = rays.global_worker.gcs_client.address
        # Several heads on one machine: it is ours that names our address.
        if any(gcs in word for word in words):
            found = [word[len(_FLAG) :] for word in words if word.startswith(_FLAG)]
            if found and found[0]:
                return Path(found[0])
    return None


def _amounts(resources: dict[str, Any]) -> dict[str, float]:
    return {name: _amount(value) for name, value in resources.items()}


def _amount(value: Any) -> float:
    """An amount as the configuration has it: a number, or one with a unit."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*([kKmMgG]?i?)[bB]?\s*", str(value))
    if match is None:
        return 0.0
    return float(match[1]) * _UNITS[match[2].lower()]
