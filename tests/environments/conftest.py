"""A room for environments of its own: wheels made here, real uv, no network."""

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import runyard
from runyard.protocol.environments import EnvironmentDefinition
from runyard_server.environments import Environments

LIGHT = Path(runyard.__file__).parents[1]


@dataclass(frozen=True)
class Offline:
    """Settings under which nothing is fetched."""

    python_downloads: bool = False
    environments_as_of: str = ""
    environments_compatibility: str = ""
    conda: str = "needed"
    conda_channels: Sequence[str] = ()
    conda_mirrors: Mapping[str, str] = field(default_factory=dict)


class Room:
    """A state folder and a folder of wheels."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "environments"
        self.packages = root / "packages"
        self.wheels = root / "wheels"
        self.log_path = root / "logs" / "20_image_build_log.txt"
        for each in (self.folder, self.packages, self.wheels):
            each.mkdir()
        self.datastores = root / "data stores"
        self.environments = Environments(
            self.folder, self.packages, LIGHT, Offline(), self.datastores
        )
        self.lines: list[str] = []

    def definition(self, *requirements: str, **more: object) -> EnvironmentDefinition:
        """Ask for packages out of the folder of wheels alone."""
        pip = [f"--find-links {self.wheels}", "--no-index", *requirements]
        return EnvironmentDefinition(pip=pip, **more)

    def lock(self, definition: EnvironmentDefinition):
        """Resolve; what is said goes to `lines`."""
        return self.environments.lock(definition, self.lines.append)

    def realise(self, lock, cancelled: Callable[[], bool] = lambda: False):
        """Build; what is said goes to `log_path`."""
        return self.environments.realise(lock, self.log_path, cancelled)

    @property
    def log(self) -> str:
        """The build log."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    def wheel(
        self,
        name: str,
        version: str,
        requires: str = "",
        tag: str = "py3-none-any",
        scripts: Sequence[str] = (),
    ) -> None:
        """Put a package with one module, and scripts that print where they are, with the wheels."""
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += f"Requires-Dist: {requires}\n" if requires else ""
        prints = "import sys\n\n\ndef main():\n    print(sys.prefix)\n" if scripts else ""
        files = {
            f"{name}.py": f"version = {version!r}\n{prints}",
            f"{info}/METADATA": metadata,
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        if scripts:
            told = "".join(f"{script} = {name}:main\n" for script in scripts)
            files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{told}"
        record = "".join(f"{path},{_digest(text)},{len(text)}\n" for path, text in files.items())
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        path = self.wheels / f"{name}-{version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for inner, text in files.items():
                archive.writestr(inner, text)


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """An empty state folder, and no pip settings of the user's."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    made = Room(tmp_path)
    made.wheel("alpha", "1.0")
    made.wheel("alpha", "2.0")
    made.wheel("beta", "1.0", "alpha<2")
    yield made
    made.environments.close()
