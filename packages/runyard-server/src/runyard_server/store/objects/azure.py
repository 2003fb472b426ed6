"""What Azure Blob is asked for beside obstore: files in blocks, new containers.

A file in blocks needs no beginning: blocks have names of the sender's, lie beside the file for a
week, and become it when they are listed. Any address that opens the file for writing opens that.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlencode

from runyard.protocol.errors import StoreRefused
from runyard_server.store.objects import asking
from runyard_server.store.objects.places import Place

HEADERS = {"x-ms-blob-type": "BlockBlob"}
Method = Literal["GET", "PUT"]
# The last version whose signature of an account is told without an encryption scope.
_VERSION = "2018-11-09"
_HERE = 60
_BLOCK = re.compile(r"<Block><Name>([^<]+)</Name><Size>(\d+)</Size></Block>")


def address(place: Place, method: Method, key: str, seconds: int) -> str:
    """An address that opens a file for a while.

    Signed here, for obstore signs another name than it puts into the address where a file's name
    has signs that an address must quote.

    Args:
        place: The container.
        method: The one method that it opens it for.
        key: The file.
        seconds: For how long.
    """
    told = {
        "sp": "r" if method == "GET" else "cw",
        "st": "",
        "se": _end(seconds),
        "name": f"/blob/{place.account}/{place.container}/{key}",
        "si": "",
        "sip": "",
        "spr": "https,http",
        "sv": _VERSION,
        "sr": "b",
    }
    # Behind these come a snapshot and five headers of the answer, none of which is asked for.
    signature = _signature(place, [*told.values(), *[""] * 6])
    given = {name: value for name, value in told.items() if value and name != "name"}
    where = f"{place.base}/{quote(place.container)}/{quote(key)}"
    return f"{where}?{urlencode({**given, 'sig': signature})}"


def block(url: str, upload: str, number: int) -> str:
    """The address of a block, from that of its file.

    Args:
        url: The file's address.
        upload: What tells the blocks of this sender from others'.
        number: Of the block, from 0.
    """
    return f"{url}&comp=block&blockid={quote(_name(upload, number))}"


def blocks(place: Place, key: str, upload: str) -> dict[int, int]:
    """The blocks of an upload that the container has: by number, their sizes.

    Args:
        place: The container.
        key: The file.
        upload: What tells its blocks.
    """
    url = f"{address(place, 'GET', key, _HERE)}&comp=blocklist&blocklisttype=uncommitted"
    try:
        answer = asking.ask(place, f"{key!r} cannot be gone on with", "GET", url)
    except StoreRefused:
        # Nothing of that name has come, or it was removed since.
        return {}
    found = {}
    for name, size in _BLOCK.findall(answer):
        told, _, number = base64.b64decode(name).decode("ascii", "replace").rpartition("-")
        if told == upload:
            found[int(number)] = int(size)
    return found


def complete(place: Place, key: str, upload: str, blocks: int, *, overwrite: bool) -> None:
    """Make the file of its blocks.

    Args:
        place: The container.
        key: The file.
        upload: What tells its blocks.
        blocks: How many they are.
        overwrite: Whether it may replace one that is there.

    Raises:
        FileExistsError: It is there and `overwrite` is False.
        StoreRefused: Blocks are missing.
    """
    names = "".join(f"<Latest>{_name(upload, number)}</Latest>" for number in range(blocks))
    body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{names}</BlockList>'.encode()
    url = f"{address(place, 'PUT', key, _HERE)}&comp=blocklist"
    headers = {"Content-Type": "application/xml"} | ({} if overwrite else {"If-None-Match": "*"})
    asking.ask(place, f"{key!r} cannot be completed", "PUT", url, body, headers)


def make_container(place: Place) -> None:
    """Make the container; one that is there already stays as it is."""
    signed = place.credential("sas_token").lstrip("?") or _account_signature(place)
    url = f"{place.base}/{quote(place.container)}?restype=container&{signed}"
    try:
        asking.ask(place, f"container {place.container!r} cannot be made", "PUT", url)
    except FileExistsError:
        return


def _account_signature(place: Place) -> str:
    """A signature for the account's containers, for a minute."""
    told = {"sp": "c", "ss": "b", "srt": "c", "st": "", "se": _end(_HERE), "sip": ""}
    told |= {"spr": "https,http", "sv": _VERSION}
    signature = _signature(place, [place.account, *told.values(), ""])
    given = {name: value for name, value in told.items() if value}
    return urlencode({**given, "sig": signature})


def _signature(place: Place, told: Sequence[str]) -> str:
    try:
        key = base64.b64decode(place.credential("account_key"))
    except binascii.Error:
        raise StoreRefused("the account's key is not as Azure gives it, in base64") from None
    return base64.b64encode(hmac.digest(key, "\n".join(told).encode(), "sha256")).decode()


def _end(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _name(upload: str, number: int) -> str:
    # All names of a file's blocks must be of one length.
    return base64.b64encode(f"{upload}-{number:06d}".encode()).decode()
