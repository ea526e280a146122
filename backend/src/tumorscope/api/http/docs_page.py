"""An OpenAPI document in, one HTML page out, without scripts and without anything from another host.

FastAPI's own pages load scripts from a content delivery network that a hospital's network does not reach.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24;
  background: #fff; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
h2 { margin-top: 3rem; border-bottom: 2px solid; }
h3 { margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; margin: 0.75rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem; border: 1px solid #8c959f; }
a { color: #0550ae; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } a { color: #79c0ff; } }
"""

_Json = Mapping[str, Any]


def render_page(document: _Json) -> str:
    """Render the page of a document.

    Parameters
    ----------
    document : mapping
        OpenAPI 3.1, as FastAPI makes it.

    Returns
    -------
    str
        HTML with relative links, so that it can be served below any path.
    """
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
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="docs.css"></head><body>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
        '<p>Machine-readable: <a href="openapi.json">openapi.json</a>.</p>'
        f"<h2>API keys</h2><p>If the service has API keys, requests need one.</p>"
        f"{_render_table(('scheme', 'header', ''), schemes)}"
        f"<h2>Requests</h2>{''.join(operations)}<h2>Schemas</h2>{''.join(schemas)}</body></html>"
    )


def _render_operation(method: str, path: str, operation: _Json) -> str:
    needs_key = "" if operation.get("security") is None else " Needs an API key if the service has keys."
    parameters = [
        [_code(one["name"]), escape(one["in"]), _render_type(one["schema"]), escape(one.get("description", ""))]
        for one in operation.get("parameters", [])
    ]
    bodies = [
        [_code(media_type), _render_type(content.get("schema", {}))]
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
    ]
    answers = [
        [_code(status), escape(answer.get("description", "")), _render_content(answer.get("content", {}))]
        for status, answer in operation["responses"].items()
    ]
    return (
        f"<h3>{_code(f'{method.upper()} {path}')}</h3>"
        f"<p>{escape(operation.get('description', operation.get('summary', '')))}{needs_key}</p>"
        f"{_render_table(('parameter', 'in', 'type', ''), parameters)}"
        f"{_render_table(('body', 'type'), bodies)}{_render_table(('status', '', 'body'), answers)}"
    )


def _render_schema(name: str, schema: _Json) -> str:
    required = schema.get("required", [])
    rows = [
        [_code(field), _render_type(one), "yes" if field in required else "", escape(one.get("description", ""))]
        for field, one in schema.get("properties", {}).items()
    ]
    return (
        f'<h3 id="{escape(name)}">{_code(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
        f"{_render_table(('field', 'type', 'required', ''), rows)}"
    )


def _render_content(content: _Json) -> str:
    return "<br>".join(
        f"{_code(media_type)} {_render_type(one.get('schema', {}))}" for media_type, one in content.items()
    )


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


def _render_table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
