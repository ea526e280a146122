"""An OpenAPI document in, one HTML page out, without scripts and without anything from another host.

FastAPI's own pages load scripts from a content delivery network that a hospital's network does not reach.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from tumorscope.html_page import write_page, write_table

_Json = Mapping[str, Any]


def render_page(document: _Json) -> str:
    """Render an OpenAPI document as HTML with relative links, so that it can be served below any path."""
    info, components = document["info"], document["components"]
    operations = [
        _render_operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [_render_schema(name, schema) for name, schema in components["schemas"].items()]
    schemes = [
        [_code(name), escape(scheme.get("name", "Authorization: Bearer")), escape(scheme["description"])]
        for name, scheme in components["securitySchemes"].items()
    ]
    parts = [
        f"<p>{escape(info['version'])}. {escape(info['description'])}</p>",
        '<p>Machine-readable: <a href="openapi.json">openapi.json</a>.</p>',
        "<h2>API keys</h2><p>If the service has API keys, requests need one.</p>",
        write_table(("scheme", "header", ""), schemes),
        "<h2>Requests</h2>",
        *operations,
        "<h2>Schemas</h2>",
        *schemas,
    ]
    return write_page(f"{info['title']} API", parts, style='<link rel="stylesheet" href="docs.css">')


def _render_operation(method: str, path: str, operation: _Json) -> str:
    needs_key = "" if operation.get("security") is None else " Needs an API key if the service has keys."
    parameters = [
        [_code(one["name"]), escape(one["in"]), _render_type(one["schema"]), escape(one.get("description", ""))]
        for one in operation.get("parameters", [])
    ]
    body = _render_content(operation.get("requestBody", {}))
    answers = [
        [_code(status), escape(answer.get("description", "")), _render_content(answer)]
        for status, answer in operation["responses"].items()
    ]
    return (
        f"<h3>{_code(f'{method.upper()} {path}')}</h3>"
        f"<p>{escape(operation.get('description', operation.get('summary', '')))}{needs_key}</p>"
        f"{write_table(('parameter', 'in', 'type', ''), parameters)}"
        f"{f'<p>Body: {body}</p>' if body else ''}{write_table(('status', '', 'body'), answers)}"
    )


def _render_schema(name: str, schema: _Json) -> str:
    required = schema.get("required", [])
    rows = [
        [_code(field), _render_type(one), "yes" if field in required else "", escape(one.get("description", ""))]
        for field, one in schema.get("properties", {}).items()
    ]
    return (
        f'<h3 id="{escape(name)}">{_code(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
        f"{write_table(('field', 'type', 'required', ''), rows)}"
    )


def _render_content(message: _Json) -> str:
    bodies = message.get("content", {}).items()
    return "<br>".join(f"{_code(media_type)} {_render_type(one.get('schema', {}))}" for media_type, one in bodies)


def _render_type(schema: _Json) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(map(_render_type, schema[several]))
    if "const" in schema or "enum" in schema:
        return " or ".join(_code(str(value)) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_render_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_render_type(schema['additionalProperties'])}"
    return escape(str(schema.get("format") or schema.get("type") or ""))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
