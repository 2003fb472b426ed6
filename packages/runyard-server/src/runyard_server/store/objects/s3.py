"""What S3 is asked for beside obstore: signed addresses, listings, files in parts, new buckets.

Signatures are of version 4 in the query, with the host as the only signed header and the body
unsigned, as Amazon's documentation of "Authenticating Requests: Using Query Parameters" says it.
Buckets stand in the path, which every server that speaks S3 understands. Listings are read here
because obstore gives up at the first key that is no path, such as `a//b`, which buckets have.
"""

import hashlib
import hmac
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote, unquote_plus, urlencode, urlsplit
from xml.sax.saxutils import escape

from runyard.protocol.errors import StoreRefused
from runyard_server.store.objects import asking
from runyard_server.store.objects.opening import UploadGone, explained
from runyard_server.store.objects.places import FIRST_REGION, Known, Place

_ENTRY = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)
_PART = re.compile(r"<Part>(.*?)</Part>", re.DOTALL)
_UPLOAD = re.compile(r"<UploadId>([^<]+)</UploadId>")
_HERE = 60
_LAST = "\U0010ffff"
_unordered: dict[Place, bool] = {}


def address(
    place: Place,
    method: str,
    key: str,
    seconds: int,
    query: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> str:
    """An address that opens an object, or the bucket itself, for a while.

    Args:
        place: The bucket.
        method: The one method that it opens it for.
        key: The object, "" for the bucket.
        seconds: For how long.
        query: What else the address is to ask.
        now: When that begins; the present by default.
    """
    asked = dict(query or {})
    if place.credentials:
        return _signed(place, method, key, {**asked, "X-Amz-Expires": str(seconds)}, now)
    base, path = _where(place, key)
    return f"{base}{path}?{urlencode(asked)}"


def _signed(
    place: Place, method: str, key: str, query: Mapping[str, str], now: datetime | None
) -> str:
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{place.region or FIRST_REGION}/s3/aws4_request"
    signed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{place.credential('access_key')}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-SignedHeaders": "host",
        **query,
    }
    if token := place.credential("session_token"):
        signed["X-Amz-Security-Token"] = token
    base, path = _where(place, key)
    host = base.partition("://")[2]
    asked = "&".join(f"{_quoted(name)}={_quoted(signed[name])}" for name in sorted(signed))
    request = f"{method}\n{path}\n{asked}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    told = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(_key(place, scope), told.encode(), "sha256").hexdigest()
    return f"{base}{path}?{asked}&X-Amz-Signature={signature}"


def _where(place: Place, key: str) -> tuple[str, str]:
    """The server, and the path of an object or of the bucket there."""
    base = urlsplit(place.base)
    whole = "/".join(part for part in (place.container, key) if part)
    path = f"{base.path.rstrip('/')}/{quote(whole, safe='/-_.~')}"
    return f"{base.scheme}://{base.netloc}", path


def listed(place: Place, prefix: str, after: str) -> Iterator[Known]:
    """The objects whose key begins with `prefix`, above `after`, by key.

    Args:
        place: The bucket.
        prefix: What their keys begin with.
        after: The last key that is known, "" for none.
    """
    found = _pages(place, prefix, after)
    # A mark that some tools leave for a folder is an empty object whose key ends so.
    files = (each for each in found if not each.key.endswith("/"))
    return iter(sorted(files)) if _ignores_order(place) else files


def _pages(place: Place, prefix: str, after: str) -> Iterator[Known]:
    asked = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
    asked |= {"start-after": after} if after else {}
    token: str | None = ""
    while token is not None:
        query = asked | ({"continuation-token": token} if token else {})
        url = address(place, "GET", "", _HERE, query)
        answer = asking.ask(place, "its files cannot be listed", "GET", url)
        is_quoted = "<EncodingType>url</EncodingType>" in answer
        for entry in _ENTRY.finditer(answer):
            yield _known(entry[1], is_quoted=is_quoted)
        token = _field(answer, "NextContinuationToken") or None


def _known(entry: str, *, is_quoted: bool) -> Known:
    key = _field(entry, "Key")
    moment = datetime.fromisoformat(_field(entry, "LastModified"))
    return Known(
        unquote_plus(key) if is_quoted else key,
        int(_field(entry, "Size")),
        int(moment.timestamp() * 1_000_000),
        _field(entry, "ETag").strip('"'),
    )


def _field(text: str, name: str) -> str:
    _, found, rest = text.partition(f"<{name}>")
    return html.unescape(rest.partition("</")[0]) if found else ""


def _ignores_order(place: Place) -> bool:
    """Whether a server lists everything, in any order, whatever it is asked to begin with.

    Amazon's and all that pretend to be it list by key. `rclone serve s3` walks folders, so that
    `data/x` comes before `data-2/y`, and a page that begins behind a key would leave files out.
    """
    if not place.endpoint:
        return False
    if place not in _unordered:
        if next(_pages(place, "", ""), None) is None:
            # Nothing is there: it cannot be told yet.
            return False
        _unordered[place] = next(_pages(place, "", _LAST), None) is not None
    return _unordered[place]


def begin(place: Place, key: str) -> str:
    """Begin a file that comes in parts; give what S3 calls it."""
    url = address(place, "POST", key, _HERE, {"uploads": ""})
    answer = asking.ask(place, f"{key!r} cannot be begun", "POST", url)
    found = _UPLOAD.search(answer)
    if found is None:
        raise StoreRefused(f"{place.base} takes no files in parts: it is no S3 server")
    return found[1]


def parts(place: Place, key: str, upload: str) -> dict[int, tuple[int, str]]:
    """The parts of an upload that S3 has: by number from 1, their sizes and what it calls them.

    Args:
        place: The bucket.
        key: The object.
        upload: What `begin` gave.

    Raises:
        UploadGone: There is no such upload any more.
        StoreRefused: Whoever may write need not be allowed to list parts.
    """
    query = {"uploadId": upload, "max-parts": "1000"}
    answer = asking.ask(
        place, f"{key!r} cannot be gone on with", "GET", address(place, "GET", key, _HERE, query)
    )
    return {
        int(_field(part, "PartNumber")): (
            int(_field(part, "Size")),
            _field(part, "ETag").strip('"'),
        )
        for part in _PART.findall(answer)
    }


def complete(place: Place, key: str, upload: str, etags: Sequence[str], *, overwrite: bool) -> None:
    """Make the file of its parts.

    Args:
        place: The bucket.
        key: The object.
        upload: What `begin` gave.
        etags: What S3 called each part, in order.
        overwrite: Whether it may replace one that is there.

    Raises:
        FileExistsError: It is there and `overwrite` is False.
        StoreRefused: Parts are missing.
    """
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
        for number, etag in enumerate(etags, 1)
    )
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    url = address(place, "POST", key, _HERE, {"uploadId": upload})
    headers = {"Content-Type": "application/xml"} | ({} if overwrite else {"If-None-Match": "*"})
    answer = asking.ask(place, f"{key!r} cannot be completed", "POST", url, body, headers)
    # Amazon begins its answer before it knows: an error may come with the status of success.
    if "<Error>" in answer:
        raise explained(place, f"{key!r} cannot be completed", answer)


def tag_of_parts(etags: Sequence[str]) -> str:
    """What S3 calls a file that was made of parts, by what it called them; "" where it may not."""
    try:
        digests = b"".join(bytes.fromhex(etag.strip('"')) for etag in etags)
    except ValueError:
        return ""
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(etags)}"


def abandon(place: Place, key: str, upload: str) -> None:
    """Have the parts removed of a file that will not come.

    Args:
        place: The bucket.
        key: The object.
        upload: What `begin` gave.
    """
    url = address(place, "DELETE", key, _HERE, {"uploadId": upload})
    with suppress(UploadGone):
        asking.ask(place, f"the parts of {key!r} cannot be removed", "DELETE", url)


def make_bucket(place: Place) -> None:
    """Make the bucket; one that is there already stays as it is."""
    body = b""
    if place.region and place.region != FIRST_REGION:
        inner = f"<LocationConstraint>{escape(place.region)}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{inner}</CreateBucketConfiguration>".encode()
    url = address(place, "PUT", "", _HERE)
    try:
        asking.ask(place, f"bucket {place.container!r} cannot be made", "PUT", url, body)
    except FileExistsError:
        return


def _key(place: Place, scope: str) -> bytes:
    """What signs requests of a day in a region."""
    found = f"AWS4{place.credential('secret_key')}".encode()
    for part in scope.split("/"):
        found = hmac.new(found, part.encode(), "sha256").digest()
    return found


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
