"""Stores as obstore opens them, and their errors in words.

A store keeps its connections, so each place is opened once for the process. What a store answers
may have addresses with signatures in it, which open files: of an error only its code, its
message and what is known to be harmless is told.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import Any

from obstore import exceptions
from obstore.store import AzureStore, GCSStore, S3Store

from runyard.protocol.datastores import AZURE, S3
from runyard.protocol.errors import RunyardError, StoreRefused, TemporaryError
from runyard_server.store.objects.places import FIRST_REGION, Place

Store = S3Store | AzureStore | GCSStore


class UploadGone(StoreRefused):
    """Of an upload in parts the store has nothing any more: it is over, or was removed."""


# A store that is away is told within seconds, for a request's thread waits for it.
_RETRIES = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=15),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}
_OPEN_STORES = 64
# Of a whole request: a part of a large file may be slow on its way.
SECONDS = 300
_CODE = re.compile(r"<Code>([\w.]{1,80})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})")
_SIGNATURE = re.compile(r"(?i)\b(sig|signature|x-amz-\w+|sv|se|skoid)=[^&\s\"')]*")
_AWAY = re.compile(
    r"error sending request|connection (refused|closed|reset)|dns error|timed out|"
    r"error decoding response|status code: (408|429|5\d\d)|HTTP 5\d\d|body.*broke"
)
# What obstore tells of itself before the cause.
_BEFORE = re.compile(r".*(retry_timeout: \w+|in [\d.]+[µmn]?s)\s+-\s+")
_MISSING = ("nosuchbucket", "containernotfound", "nosuchcontainer", "resourcenotfound")
_WRONG_KEY = (
    *("signaturedoesnotmatch", "invalidaccesskeyid", "authenticationfailed", "unauthorized"),
    *("authorizationfailure", "invalidauthenticationinfo", "accessdenied", "forbidden"),
    *("unauthenticated", "invalidtoken", "expiredtoken"),
)


def opened(place: Place, seconds: int = SECONDS) -> Store:
    """The store of a place, with its connections.

    Args:
        place: The place.
        seconds: How long one request may take.

    Raises:
        StoreRefused: What opens it is not of the form that the store needs.
    """
    return _opened(place, seconds)


@lru_cache(_OPEN_STORES)
def _opened(place: Place, seconds: int) -> Store:
    client: dict[str, Any] = {
        "allow_http": place.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "timeout": timedelta(seconds=seconds),
    }
    options: dict[str, Any] = {"client_options": client, "retry_config": _RETRIES}
    try:
        return _made(place, options)
    except (exceptions.BaseError, ValueError, TypeError) as error:
        raise StoreRefused(f"{place.url} cannot be opened: {_short(str(error))}") from None


def _made(place: Place, options: dict[str, Any]) -> Store:
    if place.kind == S3:
        return S3Store(place.container, config=_s3(place), **options)
    if place.kind == AZURE:
        return AzureStore(place.container, config=_azure(place), **options)
    return GCSStore(place.container, config=_gcs(place), **options)


def _gcs(place: Place) -> Any:
    config: dict[str, Any] = {"base_url": place.endpoint} if place.endpoint else {}
    if place.credentials:
        return config | {"service_account_key": place.credential("service_account")}
    return config | {"skip_signature": True}


def _s3(place: Place) -> Any:
    config: dict[str, Any] = {"region": place.region or FIRST_REGION}
    if place.endpoint:
        config["endpoint"] = place.endpoint
    if place.credentials:
        config["access_key_id"] = place.credential("access_key")
        config["secret_access_key"] = place.credential("secret_key")
        if token := place.credential("session_token"):
            config["session_token"] = token
    else:
        config["skip_signature"] = True
    return config


def _azure(place: Place) -> Any:
    config: dict[str, Any] = {"account_name": place.account}
    if place.endpoint:
        config["endpoint"] = place.endpoint
    if key := place.credential("account_key"):
        config["account_key"] = key
    elif token := place.credential("sas_token"):
        config["sas_key"] = token.lstrip("?")
    else:
        config["skip_signature"] = True
    return config


@contextmanager
def failures(place: Place, what: str) -> Iterator[None]:
    """Turn the errors of a store into ours; what is not there is the caller's matter.

    Args:
        place: Which store.
        what: What was being done, for the message.

    Raises:
        TemporaryError: It does not answer.
        StoreRefused: It does not let the service do it.
        FileNotFoundError: It has nothing of that name.
        FileExistsError: It has something of that name.
    """
    try:
        yield
    except exceptions.NotFoundError as error:
        if any(sign in str(error).lower() for sign in _MISSING):
            raise explained(place, what, str(error)) from None
        raise FileNotFoundError(what) from None
    except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
        raise FileExistsError(what) from None
    except exceptions.BaseError as error:
        raise explained(place, what, str(error)) from None


def explained(place: Place, what: str, text: str) -> RunyardError:
    """The error for what a store said.

    Args:
        place: Which store.
        what: What was being done.
        text: What the store, or whoever asked it, said.
    """
    # Of the answer's own code where there is one: the text around it quotes the request.
    code = found[1] if (found := _CODE.search(text)) else ""
    cause = _short(text)
    lower = (code or cause).lower()
    if lower == "nosuchupload":
        return UploadGone(f"{what}: the store has no such upload any more")
    if any(sign in lower for sign in _MISSING):
        return StoreRefused(
            f"{what}: there is no {place.noun} {place.container!r} at {place.base}. Check its name"
            f"{' and the account' if place.account else ' and region'}, or make it first"
        )
    if any(sign in lower for sign in _WRONG_KEY):
        return StoreRefused(
            f"{what}: {place.base} refuses it ({_told(code, text)}). Check the key, that it has "
            f"not ended, and that it may read and write {place.noun} {place.container!r}"
        )
    if _AWAY.search(cause):
        return TemporaryError(
            f"{what}: {place.base} does not answer as a store ({cause}). Check the address, "
            "and that the service's machine reaches it"
        )
    return StoreRefused(f"{what}: {place.url} says: {_told(code, text)}")


def _told(code: str, text: str) -> str:
    # Azure puts the request's id and time into lines of their own behind it.
    message = found[1].strip().partition("\n")[0] if (found := _MESSAGE.search(text)) else ""
    if code or message:
        return _SIGNATURE.sub(r"\1=…", ": ".join(part for part in (code, message) if part))
    return _short(text)


def _short(text: str) -> str:
    """The first line of what obstore says, which is its cause, without what signs."""
    cause = _BEFORE.sub("", text.partition("\n")[0])
    return _SIGNATURE.sub(r"\1=…", cause[:300])
