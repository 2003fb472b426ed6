"""Where a bucket or container is, and what opens it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from runyard.protocol.datastores import AZURE, GCS, S3
from runyard.protocol.errors import InvalidRequest

# By kind: what may open it, each a set of names that belong together.
CREDENTIALS: Mapping[str, tuple[frozenset[str], ...]] = {
    S3: (
        frozenset(("access_key", "secret_key")),
        frozenset(("access_key", "secret_key", "session_token")),
    ),
    AZURE: (frozenset(("account_key",)), frozenset(("sas_token",))),
    GCS: (frozenset(("service_account",)),),
}
_SCHEMES = {S3: "s3", AZURE: "az", GCS: "gs"}
_ASKED = frozenset(("endpoint", "region"))
# S3's own name for where a bucket is that names no region; others ignore it and sign with it.
FIRST_REGION = "us-east-1"


@dataclass(frozen=True)
class Place:
    """A bucket or container, or what is below a prefix in it.

    Args:
        kind: S3, AZURE or GCS.
        container: The bucket or container.
        account: The storage account, of Azure alone.
        endpoint: Where the store is; "" for its provider's own address.
        region: The region of an S3 bucket.
        prefix: What all keys begin with, without a slash at its end.
        credentials: Names and values of what opens it; none: what anybody may see of it.
    """

    kind: str
    container: str
    account: str = ""
    endpoint: str = ""
    region: str = ""
    prefix: str = ""
    # Never shown: places stand in messages and traces.
    credentials: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def url(self) -> str:
        """What people call it."""
        parts = (self.account, self.container, self.prefix)
        return f"{_SCHEMES[self.kind]}://{'/'.join(part for part in parts if part)}"

    @property
    def noun(self) -> str:
        """What the store calls such a thing."""
        return "container" if self.kind == AZURE else "bucket"

    @property
    def base(self) -> str:
        """The address of the store, or of the account in it."""
        if self.kind == AZURE:
            return self.endpoint or f"https://{self.account}.blob.core.windows.net"
        if self.kind == GCS:
            return self.endpoint or "https://storage.googleapis.com"
        return self.endpoint or f"https://s3.{self.region or FIRST_REGION}.amazonaws.com"

    def credential(self, name: str) -> str:
        """One of what opens it, "" where it is not given."""
        return dict(self.credentials).get(name, "")

    def key(self, path: str) -> str:
        """What the store calls a path below the prefix."""
        return f"{self.prefix}/{path}" if self.prefix else path

    def path(self, key: str) -> str:
        """The path below the prefix of a key that begins with it."""
        return key[len(self.prefix) + 1 :] if self.prefix else key


class Known(NamedTuple):
    """What a listing says of an object; the time is in microseconds."""

    key: str
    size: int
    modified_at: int
    etag: str


def at(url: str) -> Place:
    """The place that an address names, without what opens it.

    Args:
        url: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://account/container/prefix`, behind
            which `?endpoint=` and `&region=` may stand.

    Raises:
        InvalidRequest: It is no such address.
    """
    try:
        parts = urlsplit(url)
        more = dict(parse_qsl(parts.query, strict_parsing=True) if parts.query else ())
    except ValueError as error:
        raise InvalidRequest(f"{url!r} cannot be read: {error}") from None
    kinds = {scheme: kind for kind, scheme in _SCHEMES.items()}
    kind = kinds.get(parts.scheme, "")
    names = [name for name in (parts.netloc, *parts.path.split("/")) if name]
    account = names.pop(0) if kind == AZURE and names else ""
    if not kind or not names or parts.fragment or "@" in parts.netloc:
        raise InvalidRequest(
            f"{url.partition('@')[2] or url!r} is no store: write s3://BUCKET/PREFIX, "
            "gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX; the prefix may be left out"
        )
    if unknown := sorted(more.keys() - _ASKED):
        raise InvalidRequest(
            f"{unknown[0]!r} cannot stand behind the ? of {parts.scheme}://{parts.netloc}; "
            f"there are {' and '.join(sorted(_ASKED))}"
        )
    endpoint = more.get("endpoint", "").rstrip("/")
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise InvalidRequest(f"the endpoint {endpoint!r} must begin with http:// or https://")
    region = more.get("region", "")
    return Place(kind, names[0], account, endpoint, region, "/".join(names[1:]))


def opened_by(place: Place, credentials: Mapping[str, str]) -> Place:
    """The same place with what opens it."""
    return replace(place, credentials=tuple(sorted(credentials.items())))
