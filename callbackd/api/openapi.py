"""The description of the API (OpenAPI 3.1), made from the table: ``python -m callbackd.api.openapi``."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from callbackd.api.operation import Operation
from callbackd.api.problems import MEDIA_TYPE, Kind
from callbackd.api.table import OPERATIONS

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "way_out"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "way_out": {"type": "string"},
        "free": {"type": "array", "items": {"type": "string", "format": "date-time"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "detail"],
                "properties": {name: {"type": "string"} for name in ("in", "pointer", "detail")},
            },
        },
    },
}


_FEED = {
    "operationId": "watch",
    "summary": "The live feed: a snapshot, then each change as it happens",
    "description": "Needs the role `viewer`. Events: `snapshot`, `place`, `agent`, `callback`, `gone`, `figures`.",
    "parameters": [{"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}}],
    "responses": {
        "200": {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        **{
            str(kind.value.status): {
                "description": f"{kind.value.title} (`{kind.slug}`)",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
            for kind in (Kind.NOT_KNOWN, Kind.NOT_ALLOWED, Kind.TOO_MANY_REQUESTS, Kind.NOT_NOW)
        },
    },
}


@cache
def document(version: str) -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for operation in OPERATIONS:
        wanted += [(model, "serialization") for model in operation.answers.values() if model]
        wanted += [(operation.body, "validation")] if operation.body else []
    names, schemas = models_json_schema(wanted, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, names)
    licensed = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    paths["/v1/events"] = {"get": _FEED}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "callbackd",
            "version": version,
            "license": licensed,
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def text(version: str) -> str:
    return json.dumps(document(version), indent=1, ensure_ascii=False) + "\n"


def _operation(operation: Operation, names: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": f"Needs the role `{operation.role}`.",
        "parameters": [*_of_path(operation), *_of_query(operation), *_of_headers(operation)],
        "responses": _responses(operation, names),
    }
    if operation.body:
        schema = names[operation.body, "validation"]
        required = any(field.is_required() for field in operation.body.model_fields.values())
        shown["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return shown


def _of_path(operation: Operation) -> list[dict[str, Any]]:
    found = re.findall(r"\{(\w+)\}", operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in found]


def _of_query(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": _without_null(one)}
        for name, one in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is not null: an address has no null."""
    kept = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default", "title"}}
    return rest | kept[0] if kept else rest


def _of_headers(operation: Operation) -> list[dict[str, Any]]:
    found = []
    if operation.method == "POST":
        pattern = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": pattern})
    if operation.versioned:
        name = "If-Match" if operation.method == "POST" else "If-None-Match"
        found.append({"name": name, "in": "header", "schema": {"type": "string"}})
    return found


def _responses(operation: Operation, names: Any) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in operation.answers.items():
        responses[str(status)] = {"description": "Done" if operation.body else "As it is now"}
        if model:
            responses[str(status)]["content"] = {"application/json": {"schema": names[model, "serialization"]}}
    if operation.versioned and operation.method == "GET":
        responses["304"] = {"description": "It is as you know it"}
    by_status: dict[int, list[Kind]] = {}
    for kind in operation.kinds:
        by_status.setdefault(kind.value.status, []).append(kind)
    for status, kinds in by_status.items():
        told = "; ".join(f"{kind.value.title} (`{kind.slug}`)" for kind in kinds)
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses[str(status)] = {"description": told, "content": content}
    return responses


if __name__ == "__main__":
    sys.stdout.write(text("1"))
