"""A conda channel made here: real packages of both formats, and a Python that runs."""

import bz2
import hashlib
import io
import json
import platform
import shutil
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

OWN = "{}.{}.{}".format(*sys.version_info[:3])
MINOR = "{}.{}".format(*sys.version_info[:2])
PLATFORM = f"linux-{ {'x86_64': '64'}.get(platform.machine(), platform.machine()) }"
_BLOCK = 1 << 17


class Channel:
    """A channel as a folder.

    Args:
        folder: Where it is; made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lists: dict[str, dict] = {}
        for subdir in ("noarch", PLATFORM):
            (folder / subdir).mkdir(parents=True)
            self.lists[subdir] = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}
        self.index()

    @property
    def address(self) -> str:
        """How environments name it."""
        return self.folder.as_uri()

    def index(self) -> None:
        """Write what there is, as those who run a channel do after each change."""
        for subdir, listed in self.lists.items():
            (self.folder / subdir / "repodata.json").write_text(json.dumps(listed))

    def package(
        self,
        name: str,
        version: str,
        *depends: str,
        files: dict[str, bytes] | None = None,
        links: dict[str, str] | None = None,
        build: str = "h1_0",
        noarch: str = "",
        old_format: bool = False,
        day: int = 0,
    ) -> Path:
        """Add a package and give its file.

        Args:
            name: Its name.
            version: Its version.
            depends: What it depends on.
            files: Contents by path.
            links: Targets of symbolic links by path.
            build: Its build.
            noarch: `python` or `generic` for one of every platform.
            old_format: Whether it is a `.tar.bz2` in place of a `.conda`.
            day: The day it was made, in seconds since 1970; 0 for none.
        """
        subdir = "noarch" if noarch else PLATFORM
        index = {"name": name, "version": version, "build": build, "build_number": 0}
        index |= {"depends": list(depends), "subdir": subdir}
        index |= {"noarch": noarch} if noarch else {}
        index |= {"timestamp": day * 1000} if day else {}
        files, links = dict(files or {}), dict(links or {})
        info = _info(index, files, links)
        if old_format:
            data = bz2.compress(_tar({**info, **files}, links), 1)
        else:
            data = _conda(f"{name}-{version}-{build}", _tar(info, {}), _tar(files, links))
        path = (
            self.folder
            / subdir
            / f"{name}-{version}-{build}.{'tar.bz2' if old_format else 'conda'}"
        )
        path.write_bytes(data)
        listed = self.lists[subdir]["packages" if old_format else "packages.conda"]
        hashes = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}
        listed[path.name] = {**index, **hashes, "size": len(data)}
        self.index()
        return path

    def python(self, version: str = OWN, day: int = 0) -> Path:
        """Add a Python: this one's program, with links to its library."""
        base = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
        lib = f"lib/python{MINOR}"
        program = Path(sys._base_executable).resolve().read_bytes()
        links = {f"{lib}/{each.name}": str(each) for each in base.iterdir() if _belongs(each)}
        links["bin/python"] = f"python{MINOR}"
        files = {f"bin/python{MINOR}": program, f"{lib}/site-packages/README.txt": b"empty\n"}
        return self.package(
            "python", version, files=files, links=links, build="h9_0_cpython", day=day
        )

    def module(self, name: str, version: str, *depends: str, day: int = 0, **more: bool) -> Path:
        """Add a Python package for every platform, with one module."""
        info = f"site-packages/{name}-{version}.dist-info"
        files = {
            f"site-packages/{name}.py": f"version = {version!r}\n".encode(),
            f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n".encode(),
            f"{info}/RECORD": b"",
        }
        needs = ("python", *depends)
        return self.package(
            name, version, *needs, files=files, build="py_0", noarch="python", day=day, **more
        )


def _belongs(path: Path) -> bool:
    return path.name not in ("site-packages", "dist-packages", "__pycache__")


def _info(index: dict, files: dict[str, bytes], links: dict[str, str]) -> dict[str, bytes]:
    """What a package says of itself, below `info/`."""
    paths = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_in_bytes": len(data),
        }
        for path, data in files.items()
    ]
    paths += [{"_path": path, "path_type": "softlink"} for path in links]
    found = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        "info/files": "".join(f"{each}\n" for each in (*files, *links)).encode(),
    }
    if index.get("noarch") == "python":
        link = {"noarch": {"type": "python"}, "package_metadata_version": 1}
        found["info/link.json"] = json.dumps(link).encode()
    return found


def _tar(files: dict[str, bytes], links: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o755 if path.startswith("bin/") else 0o644
            archive.addfile(member, io.BytesIO(data))
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return stream.getvalue()


def _conda(stem: str, info: bytes, content: bytes) -> bytes:
    """The newer format: a ZIP archive of two archives."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(f"info-{stem}.tar.zst", _zstd(info))
        archive.writestr(f"pkg-{stem}.tar.zst", _zstd(content))
    return stream.getvalue()


def _zstd(data: bytes) -> bytes:
    """A frame of Zstandard whose blocks are not compressed (RFC 8878): no library is needed."""
    frame = [b"\x28\xb5\x2f\xfd", b"\xa0", len(data).to_bytes(4, "little")]
    starts = range(0, len(data), _BLOCK) or (0,)
    for start in starts:
        block = data[start : start + _BLOCK]
        is_last = start == starts[-1]
        frame += [((len(block) << 3) | is_last).to_bytes(3, "little"), block]
    return b"".join(frame)


def copied(channel: Channel, folder: Path) -> Channel:
    """A copy of a channel for one test, which may change it."""
    shutil.copytree(channel.folder, folder)
    other = object.__new__(Channel)
    other.folder = folder
    other.lists = json.loads(json.dumps(channel.lists))
    return other
