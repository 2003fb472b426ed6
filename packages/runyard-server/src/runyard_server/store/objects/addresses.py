"""Addresses of a store's own, by which clients read and write files past the service.

Each opens one file, for one method, for an hour. Where only the credentials themselves could open
it, as with a token that somebody else has made for a container, there are none, and bytes go
through the service.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import obstore

from runyard.protocol.datastores import (
    AZURE,
    GCS,
    PART_BYTES,
    PART_CAME,
    S3,
    StoreAddress,
    WritePlan,
)
from runyard.protocol.errors import StoreRefused
from runyard_server.store.objects import azure, s3
from runyard_server.store.objects.opening import failures, opened
from runyard_server.store.objects.places import Place

LASTING_SECONDS = 3600
# What one request may send; a file that is larger comes in parts.
_WHOLE_BYTES = 2 * PART_BYTES
_MOST_PARTS = 1000
# As many as others have: Azure takes blocks of one file only with names of one length.
_NAME_DIGITS = 16


def read_address(place: Place, key: str) -> str:
    """The address by which a file can be read for an hour."""
    return _signed(place, "GET", key)


def plan(
    place: Place, key: str, path: str, size: int, upload: str, *, overwrite: bool, name: str = ""
) -> WritePlan:
    """Where a file goes: by one request, or in parts.

    Args:
        place: The store.
        key: What it calls the file.
        path: What the datastore calls it.
        size: The file's bytes.
        upload: What an earlier plan for it was called, whose addresses have ended; "" for none.
        overwrite: Whether it may replace one that is there.
        name: What an upload is called that its client can go on with, where a store lets us choose.
    """
    if size <= _WHOLE_BYTES or place.kind == GCS:
        headers = dict(azure.HEADERS) if place.kind == AZURE else {}
        if not overwrite and place.kind != GCS:
            # Of two writers of a new file the store lets one win, if it can.
            headers["If-None-Match"] = "*"
        return WritePlan([StoreAddress(_signed(place, "PUT", key), path, size, headers=headers)])
    if place.kind == S3:
        upload = upload or s3.begin(place, key)
        urls = _s3_parts(place, key, upload, len(_offsets(size)))
    else:
        upload = upload or name[:_NAME_DIGITS] or secrets.token_hex(8)
        url = _signed(place, "PUT", key)
        urls = [azure.block(url, upload, number) for number in range(len(_offsets(size)))]
    step = _step(size)
    parts = [
        StoreAddress(url, path, min(step, size - offset), offset)
        for url, offset in zip(urls, _offsets(size), strict=True)
    ]
    return WritePlan(parts, upload)


def with_what_came(place: Place, key: str, plan: WritePlan) -> WritePlan:
    """The same plan, in which parts that the store has from before are named.

    Args:
        place: The store.
        key: What it calls the file.
        plan: The plan.

    Raises:
        UploadGone: There is no such upload any more.
        StoreRefused: The store does not tell.
    """
    if place.kind == S3:
        there = s3.parts(place, key, plan.upload)
    else:
        blocks = azure.blocks(place, key, plan.upload)
        there = {number + 1: (size, PART_CAME) for number, size in blocks.items()}
    parts = []
    for number, part in enumerate(plan.parts, 1):
        size, etag = there.get(number, (-1, ""))
        parts.append(replace(part, etag=etag if size == part.size else ""))
    return replace(plan, parts=parts)


def complete(
    place: Place, key: str, size: int, upload: str, etags: Sequence[str], *, overwrite: bool
) -> None:
    """Make a file of its parts.

    Args:
        place: The store.
        key: What it calls the file.
        size: The file's bytes.
        upload: What its plan was called.
        etags: What the store called each part, in order.
        overwrite: Whether it may replace one that is there.

    Raises:
        FileExistsError: It is there and `overwrite` is False.
        StoreRefused: Parts are missing.
    """
    if place.kind != S3:
        azure.complete(place, key, upload, len(_offsets(size)), overwrite=overwrite)
        return
    try:
        s3.complete(place, key, upload, etags, overwrite=overwrite)
    except StoreRefused:
        # Asked twice, after a kill or by two who went on with one upload: it is the file by now.
        if not _is_made(place, key, size, etags):
            raise


def _is_made(place: Place, key: str, size: int, etags: Sequence[str]) -> bool:
    """Whether a bucket has a file that was made of just these parts."""
    try:
        with failures(place, f"{key!r} cannot be looked up"):
            known = obstore.head(opened(place), key)
    except FileNotFoundError:
        return False
    tag = (known["e_tag"] or "").strip('"')
    return known["size"] == size and tag == s3.tag_of_parts(etags)


def abandon(place: Place, key: str, upload: str) -> None:
    """Have the parts removed of a file that will not come.

    Args:
        place: The store.
        key: What it calls the file.
        upload: What its plan was called.
    """
    # Azure removes blocks that nothing lists by itself, after a week.
    if place.kind == S3:
        s3.abandon(place, key, upload)


def _s3_parts(place: Place, key: str, upload: str, count: int) -> list[str]:
    return [
        s3.address(
            place,
            "PUT",
            key,
            LASTING_SECONDS,
            {"partNumber": str(number), "uploadId": upload},
        )
        for number in range(1, count + 1)
    ]


def _signed(place: Place, method: azure.Method, key: str) -> str:
    if place.kind == S3:
        return s3.address(place, method, key, LASTING_SECONDS)
    if place.kind == AZURE:
        return azure.address(place, method, key, LASTING_SECONDS)
    with failures(place, "it cannot be signed"):
        lasting = timedelta(seconds=LASTING_SECONDS)
        return obstore.sign(opened(place), method, key, lasting)


def _step(size: int) -> int:
    """How many bytes a part has, so that they are not more than stores take."""
    megabyte = 1 << 20
    least = -(-size // _MOST_PARTS)
    return max(PART_BYTES, -(-least // megabyte) * megabyte)


def _offsets(size: int) -> range:
    return range(0, size, _step(size))
