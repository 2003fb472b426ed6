"""The OpenAPI documents of a score.py, from its decorators or from files beside it, as v1 had them.

`inference_schema` is the user's: it is asked only where the script has imported it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

# Each version as inference_schema calls it, and the files that a user may have put beside.
VERSIONS = {"2": "2.0", "3": "3.0", "3.1": "3.1"}
FILES = {
    "2": ("swagger.json", "swagger2.json"),
    "3": ("swagger3.json",),
    "3.1": ("swagger3.1.json",),
}
_LIBRARY = "inference_schema.schema_util"
_FREE = {"type": "object", "example": {}}
_ERROR = {"type": "object", "properties": {"message": {"type": "string"}}}
_PAYLOAD = "The input payload for executing the real-time machine learning service."
_FAILED = "The service failed to execute due to an error."


def is_decorated(run: Callable[..., Any]) -> bool:
    """Whether a schema of `run` is known."""
    library = sys.modules.get(_LIBRARY)
    return library is not None and bool(library.is_schema_decorated(run))


def documents(run: Callable[..., Any], spec: WorkerSpec, decorated: bool) -> Dict[str, Any]:
    """The documents by version; those that the decorators do not support are left out.

    Args:
        run: The script's function.
        spec: What is served.
        decorated: Whether it is decorated.
    """
    given, result, known = _FREE, _FREE, list(VERSIONS.values())
    if decorated:
        library = sys.modules[_LIBRARY]
        given, result = library.get_input_schema(run), library.get_output_schema(run)
        # Versions before 1.5 knew swagger 2 alone, and did not say so.
        ask = getattr(library, "get_supported_versions", None)
        known = ask(run) if ask else ["2.0"]
    found: Dict[str, Any] = {}
    for version, name in VERSIONS.items():
        written = _from_file(version)
        if written is not None:
            found[version] = written
        elif name in known or version in known:
            made = _second if version == "2" else _third
            found[version] = made(spec, given, result)
            if version == "3.1":
                found[version]["openapi"] = "3.1.0"
    return _as_json(found)


def _as_json(found: Dict[str, Any]) -> Dict[str, Any]:
    """What JSON makes of it; samples may hold what JSON does not know, such as not-a-number."""
    text = json.dumps(found, default=str)
    plain: Dict[str, Any] = json.loads(text, parse_constant=lambda _name: None)
    return plain


def _from_file(version: str) -> Optional[Any]:
    for name in FILES[version]:
        if os.path.isfile(name):
            with open(name, encoding="utf-8") as stream:
                return json.load(stream)
    return None


def _info(spec: WorkerSpec) -> Dict[str, str]:
    told = f"API specification for the Azure Machine Learning service {spec.endpoint}"
    return {"title": spec.endpoint, "description": spec.description or told, "version": "1.0"}


def _second(spec: WorkerSpec, given: Any, result: Any) -> Dict[str, Any]:
    def answers(told: str, schema: Dict[str, Any], **more: Any) -> Dict[str, Any]:
        failed = {"description": _FAILED, "schema": {"$ref": "#/definitions/ErrorResponse"}}
        return {"200": {"description": told, "schema": schema, **more}, "default": failed}

    version = {"name": "version", "in": "query", "required": False, "type": "string"}
    version["enum"] = list(VERSIONS)
    payload = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": _PAYLOAD,
        "schema": {"$ref": "#/definitions/ServiceInput"},
    }
    paths = _paths(answers, lambda name: {"$ref": f"#/definitions/{name}"})
    paths["/"]["get"]["responses"]["200"]["examples"] = {"application/json": "Healthy"}
    paths["/score"]["post"].update(parameters=[payload], security=[{"Bearer": []}])
    paths["/swagger.json"]["get"]["parameters"] = [version]
    return {
        "swagger": "2.0",
        "info": _info(spec),
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": _bearer()},
        "paths": paths,
        "definitions": {"ServiceInput": given, "ServiceOutput": result, "ErrorResponse": _ERROR},
    }


def _third(spec: WorkerSpec, given: Any, result: Any) -> Dict[str, Any]:
    def content(schema: Dict[str, Any], kind: str = "application/json") -> Dict[str, Any]:
        return {kind: {"schema": schema}}

    def answers(told: str, schema: Dict[str, Any]) -> Dict[str, Any]:
        refused = content({"$ref": "#/components/schemas/ErrorResponse"})
        text = "text/plain" if schema.get("type") == "string" else "application/json"
        return {
            "200": {"description": told, "content": content(schema, text)},
            "default": {"description": _FAILED, "content": refused},
        }

    paths = _paths(answers, lambda name: {"$ref": f"#/components/schemas/{name}"})
    paths["/score"]["post"].update(
        requestBody={
            "description": _PAYLOAD,
            "content": content({"$ref": "#/components/schemas/ServiceInput"}),
        },
        security=[{"Bearer": []}],
    )
    versions = {"type": "string", "enum": list(VERSIONS)}
    paths["/swagger.json"]["get"]["parameters"] = [
        {"name": "version", "in": "query", "required": False, "schema": versions}
    ]
    schemas = {"ServiceInput": given, "ServiceOutput": result, "ErrorResponse": _ERROR}
    return {
        "openapi": "3.0.3",
        "info": _info(spec),
        "security": [{"Bearer": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"Bearer": _bearer()}},
    }


def _paths(
    answers: Callable[..., Dict[str, Any]], schema: Callable[[str], Dict[str, Any]]
) -> Dict[str, Any]:
    """The three paths that all versions describe.

    Args:
        answers: Makes the responses of what a good one says and its schema.
        schema: Refers to a schema by name.
    """
    healthy = (
        "If service is up and running, this response will be returned with the content 'Healthy'"
    )
    computed = (
        "The service processed the input correctly and provided a result prediction, if applicable."
    )
    return {
        "/": {
            "get": {
                "operationId": "ServiceHealthCheck",
                "description": "Simple health check endpoint to ensure the service is up at any "
                "given point.",
                "responses": answers(healthy, {"type": "string"}),
            }
        },
        "/score": {
            "post": {
                "operationId": "RunMLService",
                "description": "Run web service's model and get the prediction output",
                "responses": answers(computed, schema("ServiceOutput")),
            }
        },
        "/swagger.json": {
            "get": {
                "operationId": "GetSwaggerSpec",
                "description": "Get the Swagger specification.",
                "responses": answers("The Swagger specification.", {"type": "string"}),
            }
        },
    }


def _bearer() -> Dict[str, str]:
    told = "For example: Bearer abc123"
    return {"type": "apiKey", "name": "Authorization", "in": "header", "description": told}
