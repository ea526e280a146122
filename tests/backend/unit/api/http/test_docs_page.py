"""The page of the OpenAPI document."""

from html.parser import HTMLParser
from typing import Any

import pytest

from tumorscope.api.app import create_app
from tumorscope.api.http.docs_page import render_page
from tumorscope.api.settings import Settings


class _Reader(HTMLParser):
    """Collects what a page says, links to and names, and which elements it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes |= set(values)
        self.links += [values[name] for name in ("href", "src") if name in values]
        self.ids |= {values["id"]} if "id" in values else set()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


def test_page_has_every_route_answer_and_field_of_the_document(document: dict[str, Any]) -> None:
    page = _read(render_page(document))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"{method.upper()} {path}" in page.texts
            assert set(operation["responses"]) <= set(page.texts)
    for name, schema in document["components"]["schemas"].items():
        assert {name, *schema.get("properties", {})} <= set(page.texts)


def test_page_needs_no_script_no_inline_style_and_no_other_host(document: dict[str, Any]) -> None:
    page = _read(render_page(document))
    assert not {"script", "style", "iframe", "img"} & page.tags
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    outside = {link for link in page.links if not link.startswith("#")}
    assert outside == {"docs.css", "openapi.json"}


def test_every_link_within_the_page_leads_somewhere(document: dict[str, Any]) -> None:
    page = _read(render_page(document))
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inside
    assert inside <= page.ids


def test_text_of_the_document_is_never_markup() -> None:
    hostile = "<script>alert(1)</script>"
    schema = {"description": hostile, "properties": {hostile: {"type": hostile, "description": hostile}}}
    info = {"title": hostile, "version": hostile, "description": hostile}
    page = render_page({"info": info, "paths": {}, "components": {"schemas": {hostile: schema}, "securitySchemes": {}}})
    assert "script" not in _read(page).tags
    assert page.count("&lt;script&gt;") >= 7
