"""What is sent to the head: the driver's files, and where it finds its service.

The folder keeps its name, so that imports are the same there as here. The package has the site's
token in it, which opens nothing but the exchange of orders with this site; Ray shows of a package
its name alone, which is the hash of its bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from runyard.protocol import procfs
from runyard_server.compute.light import EARLIEST

MODULE = "runyard_server.compute.ray.on_head"
_CONFIG = "driver.json"
_HERE = Path(__file__).parent / "on_head"


@lru_cache(maxsize=1)
def files() -> Mapping[str, bytes]:
    """The driver's files by their name in the package."""
    folder = MODULE.replace(".", "/")
    found = {f"{folder}/{path.name}": path.read_bytes() for path in sorted(_HERE.glob("*.py"))}
    found["runyard/protocol/procfs.py"] = Path(procfs.__file__).read_bytes()
    for module in (MODULE, procfs.__name__):
        parents = module.split(".")[:-1]
        for depth in range(1, len(parents) + 1):
            found["/".join(parents[:depth]) + "/__init__.py"] = b""
    return found


@lru_cache(maxsize=1)
def build() -> str:
    """What tells this release's driver from others."""
    whole = hashlib.sha256()
    for name, content in sorted(files().items()):
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()[:12]


def make(config: Mapping[str, str] | None = None) -> tuple[str, bytes]:
    """Make the package of one driver; give its name and its bytes.

    Args:
        config: What the driver is told; None where none is to begin.
    """
    packed = io.BytesIO()
    more = {} if config is None else {_CONFIG: json.dumps(config).encode()}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files(), **more}.items():
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), content, zipfile.ZIP_DEFLATED)
    content = packed.getvalue()
    return f"_ray_pkg_{hashlib.sha256(content).hexdigest()[:32]}.zip", content
