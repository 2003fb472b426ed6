"""`@rawhttp`: a `run` that takes the HTTP request, and may answer with a whole response.

The names are v1's, from `azureml.contrib.services`; a request looks like Flask's, as it did there.
"""

from __future__ import annotations

import io
import json
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple, TypeVar, Union
from urllib.parse import parse_qsl, urlsplit

from runyard.runtime.model.served import Refused

Function = TypeVar("Function", bound=Callable[..., Any])

_RAW = "__runyard_rawhttp__"
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
UNSUPPORTED_TYPE = 415


def rawhttp(run: Function) -> Function:
    """Have `run` take an AMLRequest."""
    setattr(run, _RAW, True)
    return run


def is_raw(run: Callable[..., Any]) -> bool:
    """Whether it does."""
    return bool(getattr(run, _RAW, False))


class Headers(Mapping[str, str]):
    """HTTP headers, found by their names in any case."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._values = {name.lower(): str(value) for name, value in given.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(title(name) for name in self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setitem__(self, name: str, value: str) -> None:
        self._values[name.lower()] = str(value)

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def add(self, name: str, value: str) -> None:
        """Add a value to a header's others."""
        before = self._values.get(name.lower())
        self._values[name.lower()] = f"{before}, {value}" if before else str(value)


class Values(Dict[str, str]):
    """Values by name, of which one name may have several: the first is the dict's.

    Args:
        pairs: Names and values in order.
    """

    def __init__(self, pairs: List[Tuple[str, str]]) -> None:
        super().__init__()
        self._all: Dict[str, List[str]] = {}
        for name, value in pairs:
            self._all.setdefault(name, []).append(value)
            self.setdefault(name, value)

    def getlist(self, name: str) -> List[str]:
        """All values of a name."""
        return list(self._all.get(name, ()))

    def to_dict(self, flat: bool = True) -> Dict[str, Any]:
        """A plain dict, of the first values or of all."""
        return dict(self) if flat else {name: list(each) for name, each in self._all.items()}


class Uploaded(io.BytesIO):
    """A file of a form, itself a file to read: `Image.open(request.files["image"])`.

    Attributes:
        filename: Its name, "" where none was sent.
        content_type: Its type.
        stream: Its contents as a file.
    """

    def __init__(self, filename: str, content_type: str, data: bytes) -> None:
        super().__init__(data)
        self.filename = filename
        self.content_type = self.mimetype = content_type
        self.content_length = len(data)

    @property
    def stream(self) -> io.BytesIO:
        """Itself: Flask's has its file there."""
        return self

    def save(self, path: str) -> None:
        """Write it to a file."""
        with open(path, "wb") as target:
            target.write(self.read())


class AMLRequest:
    """An HTTP request.

    Attributes:
        method: `POST`, `GET` …
        path: Its path.
        headers: Its headers.
    """

    def __init__(
        self,
        method: str = "POST",
        full_path: str = "/score",
        headers: Optional[Mapping[str, str]] = None,
        data: bytes = b"",
    ) -> None:
        self.method = method
        self.headers = Headers(headers or {})
        parts = urlsplit(full_path)
        self.path = parts.path
        self.query_string = parts.query.encode("ascii", "replace")
        self._query = parts.query
        self._data = bytes(data)
        self._form: Optional[Tuple[Values, Dict[str, Uploaded]]] = None

    @property
    def full_path(self) -> str:
        """The path with its query."""
        # Flask has the question mark there even where nothing follows.
        return f"{self.path}?{self._query}"

    @property
    def host(self) -> str:
        """Whom the request was sent to."""
        return self.headers.get("host", "localhost")

    @property
    def base_url(self) -> str:
        """The address without its query."""
        scheme = self.headers.get("x-forwarded-proto", "http")
        return f"{scheme}://{self.host}{self.path}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.base_url}?{self._query}" if self._query else self.base_url

    @property
    def args(self) -> Values:
        """The values of the query."""
        return Values(parse_qsl(self._query, keep_blank_values=True))

    @property
    def content_type(self) -> str:
        """The body's type, with its parameters."""
        return self.headers.get("content-type", "")

    @property
    def mimetype(self) -> str:
        """The body's type."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int:
        """Bytes of the body."""
        return len(self._data)

    @property
    def data(self) -> bytes:
        """The body."""
        return self._data

    @property
    def stream(self) -> io.BytesIO:
        """The body as a file."""
        return io.BytesIO(self._data)

    def get_data(
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> Union[bytes, str]:
        """The body.

        Args:
            cache: Without meaning here: it is always kept.
            as_text: As text in place of bytes.
            parse_form_data: Without meaning here: a form is read where it is asked for.
        """
        del cache, parse_form_data
        return self._data.decode("utf-8", "replace") if as_text else self._data

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        kind = self.mimetype
        return kind == "application/json" or (
            kind.startswith("application/") and kind.endswith("+json")
        )

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False) -> Any:
        """The body's JSON.

        Args:
            force: Whatever its type.
            silent: None where it is none.

        Raises:
            Refused: It is no JSON: the caller is told so.
        """
        if not (force or self.is_json):
            if silent:
                return None
            raise Refused("the request's Content-Type must be application/json", UNSUPPORTED_TYPE)
        try:
            return json.loads(self._data.decode("utf-8"))
        except ValueError as error:
            if silent:
                return None
            raise Refused(f"the body is not JSON: {error}") from None

    @property
    def form(self) -> Values:
        """The fields of a form."""
        return self._parsed()[0]

    @property
    def files(self) -> Dict[str, Uploaded]:
        """The files of a form."""
        return self._parsed()[1]

    def _parsed(self) -> Tuple[Values, Dict[str, Uploaded]]:
        if self._form is None:
            self._form = self._parse()
        return self._form

    def _parse(self) -> Tuple[Values, Dict[str, Uploaded]]:
        if self.mimetype == FORM:
            text = self._data.decode("utf-8", "replace")
            return Values(parse_qsl(text, keep_blank_values=True)), {}
        if self.mimetype != MULTIPART:
            return Values([]), {}
        fields, files = [], {}
        for part in _parts(self.content_type, self._data):
            name = part.get_param("name", "", "content-disposition")
            payload = part.get_payload(decode=True) or b""
            filename = part.get_filename()
            if filename is None:
                fields.append((str(name), payload.decode("utf-8", "replace")))
            else:
                files[str(name)] = Uploaded(filename, part.get_content_type(), payload)
        return Values(fields), files


class AMLResponse:
    """An HTTP response.

    Args:
        message: The body: text or bytes; with `json_str` anything that JSON knows.
        status_code: The status.
        response_headers: More headers.
        json_str: Whether to write `message` as JSON.
        run_function_failed: What the header `x-ms-run-function-failed` says.

    Attributes:
        headers: The headers.
        data: The body's bytes.
    """

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: Optional[Mapping[str, str]] = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        self.status_code = int(status_code)
        self.run_function_failed = run_function_failed
        self.headers = Headers({"Content-Type": "text/html; charset=utf-8"})
        if message is None or json_str:
            self.headers["Content-Type"] = "application/json"
            self.data = json.dumps({} if message is None else message).encode("ascii")
        elif isinstance(message, (bytes, bytearray, memoryview)):
            self.data = bytes(message)
        else:
            self.data = str(message).encode("utf-8")
        for name, value in (response_headers or {}).items():
            self.headers[name] = value

    def get_data(self, as_text: bool = False) -> Union[bytes, str]:
        """The body, as bytes or as text."""
        return self.data.decode("utf-8", "replace") if as_text else self.data


def _parts(content_type: str, data: bytes) -> List[Any]:
    """The parts of a body of several."""
    # Late: most scripts take no forms, and this package is slow to import.
    from email import message_from_bytes
    from email.policy import HTTP

    # Latin-1 is what headers of HTTP are.
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1")
    whole = message_from_bytes(head + data, policy=HTTP)
    return list(whole.iter_parts()) if whole.is_multipart() else []


def title(name: str) -> str:
    """A header's name as people write it: `Content-Type`."""
    return "-".join(part.capitalize() for part in name.split("-"))
