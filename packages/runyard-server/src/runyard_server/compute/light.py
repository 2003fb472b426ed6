"""The light half as jobs get it: a zip file and, beside it, the same files unpacked.

    light/runyard-light-<hash>.zip      one file for nodes elsewhere, first on PYTHONPATH; made
                                        when the first of them needs it
    light/<hash>/                       for nodes on this machine: starts faster

Made from the installed packages, also where they are installed as links to a checkout, and the
same bytes from the same sources everywhere: names sorted, times fixed. A set that is there is
never changed, so a job keeps the code it began with. The unpacked files come compiled for the
service's own Python, which is the agents'.
"""

import hashlib
import importlib.util
import marshal
import secrets
import shutil
import struct
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path, PurePosixPath

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
    """The light half in a state folder: its hash, and the unpacked folder."""

    hash: str
    folder: Path

    @property
    def zip_name(self) -> str:
        """What the zip is called, here and elsewhere."""
        return f"runyard-light-{self.hash}.zip"

    @property
    def zip(self) -> Path:
        """The zip; who first asks has it made of the folder, for most services never need it."""
        found = self.folder.with_name(self.zip_name)
        if not found.exists():
            _place(found, pack(light_half.below(self.folder)))
        return found


def install(folder: Path) -> Light:
    """Make sure that the present light half is unpacked in `folder`; give where.

    Args:
        folder: `light/` of the state folder; exists.
    """
    files = collect()
    light = named(folder, digest(files))
    if not light.folder.is_dir():
        _unpack(files, light.folder)
    return light


def named(folder: Path, identity: str) -> Light:
    """The places of the light half with a hash."""
    return Light(identity, folder / identity)


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
    for name, content in light_half.below(light.folder).items():
        path = light.folder / name
        place = Path(importlib.util.cache_from_source(str(path)))
        if path.suffix == ".py" and not place.exists():
            with suppress(SyntaxError):
                code = SourceFileLoader("light", str(path)).source_to_code(content, str(path))
                place.parent.mkdir(exist_ok=True)
                _place(place, _bytecode(content, marshal.dumps(code)))


def _compiled(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The bytecode of those of the files that the installed packages have compiled.

    To compile them anew takes longer than all else of a first start. Tracebacks are right, for
    Python puts in the path that it imports from.
    """
    found = {}
    roots = {package: light_half.root_of(package) for package in _packages(files)}
    for name, content in files.items():
        package, _, inside = name.partition("/")
        root = roots.get(package) if inside.endswith(".py") else None
        code = _code(root / inside, len(content)) if root is not None else None
        if code is not None:
            found[_beside(PurePosixPath(name))] = _bytecode(content, code)
    return found


def _beside(name: PurePosixPath) -> str:
    """Where agents look for a file's bytecode: they heed no variable that has it elsewhere."""
    return str(name.parent / "__pycache__" / f"{name.stem}.{sys.implementation.cache_tag}.pyc")


def _packages(files: Iterable[str]) -> set[str]:
    return {name.partition("/")[0] for name in files if "/" in name}


def _code(source: Path, size: int) -> bytes | None:
    """What this Python has compiled an installed file of a size to; None where it has not."""
    try:
        place = importlib.util.cache_from_source(str(source), optimization="")
        found = Path(place).read_bytes()
        changed = int(source.stat().st_mtime)
    except OSError:
        return None
    # PEP 552: of a file of this time and size; what is told otherwise is compiled anew.
    head = importlib.util.MAGIC_NUMBER + struct.pack("<III", 0, changed, size)
    return found[len(head) :] if found.startswith(head) else None


def _bytecode(content: bytes, code: bytes) -> bytes:
    """A file of bytecode as PEP 552 has it: hash-based and not checked, for no file changes."""
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
    return head + importlib.util.source_hash(content) + code


def _place(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _unpack(files: Mapping[str, bytes], folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    whole = {**files, **_compiled(files)}
    try:
        for parent in {PurePosixPath(name).parent for name in whole}:
            (temporary / parent).mkdir(parents=True, exist_ok=True)
        for name, content in whole.items():
            (temporary / name).write_bytes(content)
        # A folder of that name holds the same files: whoever came first is right.
        with suppress(OSError):
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if not folder.is_dir():
        raise OSError(f"{folder} could not be made")
