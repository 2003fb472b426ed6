"""Writes the studio's TypeScript types from the protocol's records and routes.

`web/src/protocol.ts` of the server's package holds an interface for each record and, for each
route, what it takes and answers. So a field that is renamed in Python fails the type check of the
page that reads it. `--check` says whether the file is what it should be, and writes nothing.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from runyard.protocol.route import Bytes, Events, Nothing, Route
from runyard.protocol.routes import ROUTES
from runyard.protocol.stream import Hint

FILE = Path(__file__).parents[1] / "packages/runyard-server/web/src/protocol.ts"
_HEAD = """\
// Written by tools/studio_types.py from the protocol's records and routes: do not edit.

"""
_PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


def text() -> str:
    """The whole file."""
    schemas = _schemas()
    records = [_record(name, schema) for name, schema in sorted(schemas.items())]
    routes = [_route(route) for route in sorted(ROUTES, key=lambda route: route.name)]
    paths = [_path(route) for route in sorted(ROUTES, key=lambda route: route.name)]
    table = "export const routes = {\n" + "".join(paths) + "} as const;\n"
    kinds = "export interface Routes {\n" + "".join(routes) + "}\n"
    return _HEAD + "\n".join([*records, kinds, table])


def _schemas() -> dict[str, dict[str, Any]]:
    """The JSON schemas of all records that routes take or answer."""
    # What streams carry stands in no row.
    kinds: set[Any] = {Hint}
    for route in ROUTES:
        kinds |= {route.answer, route.body, route.query}
    records = sorted(kinds - {None, Bytes, Events, Nothing}, key=lambda kind: kind.__name__)
    return msgspec.json.schema_components(records, ref_template="#/{name}")[1]


def _record(name: str, schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        return f"export type {name} = {_type(schema)};\n"
    return f"export interface {name} {_fields(schema, '')}\n"


def _fields(schema: dict[str, Any], indent: str) -> str:
    """An object's fields. What answers always carry has no question mark: the service sends all."""
    lines = [
        f"{indent}  {_key(key)}: {_type(kind)};\n" for key, kind in schema["properties"].items()
    ]
    return "{\n" + "".join(lines) + indent + "}"


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _type(schema: dict[str, Any]) -> str:
    """The TypeScript type of a JSON schema, as far as msgspec writes them."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    kind = str(schema.get("type"))
    if kind == "array":
        return _array(schema)
    return _object(schema) if kind == "object" else _PLAIN.get(kind, "unknown")


def _array(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(one) for one in schema['prefixItems'])}]"
    return f"Array<{_type(schema.get('items', {}))}>"


def _object(schema: dict[str, Any]) -> str:
    if "properties" in schema:
        return _fields(schema, "")
    inner = schema.get("additionalProperties", {})
    return f"Record<string, {_type(inner) if isinstance(inner, dict) else 'unknown'}>"


def _route(route: Route[Any]) -> str:
    segments = [part[1:-1].split(":")[0] for part in route.path.split("/") if part.startswith("{")]
    takes = "{ " + "; ".join(f"{name}: string" for name in segments) + " }" if segments else "{}"
    query = f"Partial<{route.query.__name__}>" if route.query is not None else "never"
    body = _body(route.body)
    answer = {Bytes: "Response", Events: "never", Nothing: "void"}.get(
        route.answer, getattr(route.answer, "__name__", "unknown")
    )
    return (
        f"  {json.dumps(route.name)}: "
        f"{{ segments: {takes}; query: {query}; body: {body}; answer: {answer} }};\n"
    )


def _body(kind: Any) -> str:
    if kind is None:
        return "never"
    return "Blob | string" if kind is Bytes else f"Partial<{kind.__name__}>"


def _path(route: Route[Any]) -> str:
    place = json.dumps({"method": route.method, "path": route.url})
    return f"  {json.dumps(route.name)}: {place},\n"


def main() -> int:
    """Write the file, or with `--check` compare it."""
    wanted = text()
    if "--check" not in sys.argv[1:]:
        FILE.write_text(wanted, encoding="utf-8")
        return 0
    found = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if found != wanted:
        print(f"{FILE.name} is not what the protocol says: run 'make docs'", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
