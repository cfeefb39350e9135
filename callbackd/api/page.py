"""The API as a page to read: made from its description, without scripts and without anything from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

from callbackd.api.openapi import document
from callbackd.api.problems import Kind

CSS = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em }
h2 code { font-weight: 600 } section { border-top: 1px solid #ccc; margin-top: 1.5rem }
table { border-collapse: collapse } td, th { text-align: left; padding: 0.2rem 1rem 0.2rem 0; vertical-align: top }
pre { background: #f4f4f4; padding: 0.8rem; overflow: auto }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #e8e8e8 } pre { background: #242424 } }
""".lstrip()


def html(version: str) -> str:
    described = document(version)
    operations = "".join(
        _operation(path, method, shown)
        for path, methods in described["paths"].items()
        for method, shown in methods.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in sorted(described["components"]["schemas"].items()))
    problems = "".join(_problem(kind) for kind in Kind)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>callbackd: API</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/v1/page.css"></head><body>'
        f"<h1>callbackd {escape(version)}: API</h1>"
        '<p>For programs: <a href="/v1/openapi.json">OpenAPI 3.1</a>.'
        " Send <code>Authorization: Bearer</code> with a key made by <code>callbackd key create</code>.</p>"
        f"{operations}<section><h2>What is sent and shown</h2>{schemas}</section>"
        "<section><h2>Problems</h2><table><tr><th>type<th>status<th>what is wrong<th>the way out</tr>"
        f"{problems}</table></section></body></html>\n"
    )


def _operation(path: str, method: str, shown: dict[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(one['name'])}</code><td>{escape(one['in'])}"
        f"<td>{escape(one['schema'].get('description', ''))}</tr>"
        for one in shown["parameters"]
    )
    content = shown.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = f"<p>Body: {_link(content['schema'])}</p>" if content else ""
    answers = "".join(
        f"<tr><td>{escape(status)}<td>{escape(answer['description'])}<td>{_shown(answer)}</tr>"
        for status, answer in shown["responses"].items()
    )
    return (
        f'<section id="{escape(shown["operationId"])}"><h2><code>{method.upper()} {escape(path)}</code></h2>'
        f"<p>{escape(shown['summary'])}. {escape(shown['description']).replace('`', '')}</p>"
        f"<table>{parameters}</table>{body}<table>{answers}</table></section>"
    )


def _shown(answer: dict[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    return _link(schema) if schema else ""


def _link(schema: dict[str, Any]) -> str:
    name = schema["$ref"].rpartition("/")[2]
    return f'<a href="#{escape(name)}">{escape(name)}</a>'


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code><td>{escape(_type(one))}<td>{'required' if field in required else ''}"
        f"<td>{escape(one.get('description', ''))}</tr>"
        for field, one in schema.get("properties", {}).items()
    )
    values = f"<p>{escape(', '.join(map(str, schema['enum'])))}</p>" if "enum" in schema else ""
    return f'<h3 id="{escape(name)}">{escape(name)}</h3><table>{rows}</table>{values}'


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("format", schema.get("type", "")))


def _problem(kind: Kind) -> str:
    meaning = kind.value
    return (
        f'<tr id="{kind.slug}"><td><code>{kind.slug}</code><td>{meaning.status}'
        f"<td>{escape(meaning.title)}<td>{escape(meaning.way_out)}</tr>"
    )
