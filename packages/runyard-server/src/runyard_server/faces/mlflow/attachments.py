"""How MLflow's server sends a file: under its name, as an attachment, with the type of its ending.

As an attachment a file is kept, whatever its type says, so that the type may be told as it is: a
page of HTML among a run's files is told to be one, and yet no page of the service.
"""

import mimetypes
import re
import unicodedata
from urllib.parse import quote

_UNKNOWN, _TEXT = "application/octet-stream", "text/plain"
# What people read is told as text, so that MLflow's pages show it.
_READ = (
    *("txt", "log", "err", "md", "rst", "csv", "tsv", "json", "jsonl", "xml", "yaml", "yml"),
    *("toml", "ini", "cfg", "conf", "properties", "hocon", "py", "js", "ipynb"),
    *("mlmodel", "mlproject"),
)
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`|~-]+")


def media_type(name: str) -> str:
    """The media type of a file of that name."""
    if name.rpartition(".")[2].lower() in _READ:
        return _TEXT
    guess, encoding = mimetypes.guess_type(name)
    return guess if guess is not None and encoding is None else _UNKNOWN


def disposition(name: str) -> str:
    """The header that has a file kept under its name, which may have any letters."""
    if _TOKEN.fullmatch(name):
        return f"attachment; filename={name}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # What ends a quoted text or a header's line is no part of a name that is only the nearest.
    plain = re.sub(r'[\x00-\x1f\x7f"\\]', "_", plain)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
