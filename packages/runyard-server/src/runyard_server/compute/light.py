"""The light half as jobs get it: a zip file and, beside it, the same files unpacked.

    light/runyard-light-<hash>.zip      one file for nodes elsewhere, first on PYTHONPATH
    light/<hash>/                       for nodes on this machine: starts faster

Made from the installed packages, also where they are installed as links to a checkout, and the
same bytes from the same sources everywhere: names sorted, times fixed. A set that is there is
never changed, so a job keeps the code it began with. The unpacked files are compiled for the
service's own Python, which is the agents'.
"""

import hashlib
import importlib.util
import marshal
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

from runyard.protocol import light_half

HASH_LENGTH = 16
# The earliest date that a zip can tell: it counts from there.
EARLIEST = (1980, 1, 1, 0, 0, 0)
REGULAR = 0o100644
MAIN = b"""\
import sys

from runyard.runtime.__main__ import main

sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Light:
    """The light half in a state folder: its hash, the zip and the unpacked folder."""

    hash: str
    zip: Path
    folder: Path


def install(folder: Path) -> Light:
    """Make sure that the present light half is in `folder`; give where.

    Args:
        folder: `light/` of the state folder; exists.
    """
    files = collect()
    light = named(folder, digest(files))
    if not light.zip.exists():
        _place(light.zip, pack(files))
    if not light.folder.is_dir():
        _unpack(files, light.folder)
    return light


def named(folder: Path, identity: str) -> Light:
    """The places of the light half with a hash."""
    return Light(identity, folder / f"runyard-light-{identity}.zip", folder / identity)


def collect() -> dict[str, bytes]:
    """The files of the installed light packages by their name in the zip."""
    return {"__main__.py": MAIN, **light_half.files()}


def digest(files: Mapping[str, bytes]) -> str:
    """The hash of names and contents."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{len(files[name])}\0".encode())
        whole.update(files[name])
    return whole.hexdigest()[:HASH_LENGTH]


def pack(files: Mapping[str, bytes]) -> bytes:
    """The zip; the same files make the same bytes."""
    import zipfile
    from io import BytesIO

    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.external_attr = REGULAR << 16
            entry.create_system = 3  # Unix, whatever made it
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return packed.getvalue()


def compile_folder(light: Light) -> None:
    """Compile what is not yet compiled for this Python; safe beside jobs that use the files."""
    for path in light.folder.rglob("*.py"):
        place = Path(importlib.util.cache_from_source(str(path)))
        if not place.exists():
            with suppress(SyntaxError):
                _compile(path, _installed(light, path), place)


def _installed(light: Light, path: Path) -> Path:
    """The installed file that a file of the light half is a copy of; itself where it is none."""
    package, *names = path.relative_to(light.folder).parts
    root = light_half.root_of(package) if names else None
    found = path if root is None else root.joinpath(*names)
    same = found.is_file() and found.read_bytes() == path.read_bytes()
    return found if same else path


def _compile(path: Path, installed: Path, place: Path) -> None:
    """Write a file's bytecode.

    The installed file's has mostly been compiled: to compile all of them took a third of the time
    of a first start. Tracebacks are right, for Python puts in the path that it imports from.

    Args:
        path: The file.
        installed: One with the same content.
        place: Where the bytecode goes.
    """
    code = SourceFileLoader("light", str(installed)).get_code("light")
    # PEP 552: hash-based and not checked. The files never change, so nobody needs to compare times.
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
    place.parent.mkdir(exist_ok=True)
    _place(place, head + importlib.util.source_hash(path.read_bytes()) + marshal.dumps(code))


def _place(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _unpack(files: Mapping[str, bytes], folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        # A folder of that name holds the same files: whoever came first is right.
        with suppress(OSError):
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if not folder.is_dir():
        raise OSError(f"{folder} could not be made")
