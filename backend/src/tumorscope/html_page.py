"""Texts, tables and pictures in, an HTML page out: without scripts, and without anything from another host."""

from base64 import b64encode
from collections.abc import Iterable
from html import escape

STYLE = """
:root { color-scheme: light dark }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif }
h2 { margin-top: 2.5rem }
p { max-width: 60rem }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere }
div { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1px solid #8c959f }
figure { display: inline-block; vertical-align: top; margin: 0 1rem 1rem 0; font-size: 0.8rem }
figcaption { max-width: 15rem; overflow-wrap: anywhere }
img { max-width: 100% }
"""


def write_page(title: str, parts: Iterable[str], style: str = f"<style>{STYLE}</style>") -> str:
    """One page; its title is text, all else HTML."""
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{style}</head>\n<body>'
        f"<h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def write_table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table whose heads are text and whose cells are HTML; nothing where it has no rows."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>" if body else ""


def write_figure(pictures: Iterable[bytes], caption: str = "", alt: str = "") -> str:
    """PNG pictures side by side, within the page; the caption is HTML."""
    images = "".join(
        f'<img alt="{escape(alt)}" src="data:image/png;base64,{b64encode(png).decode()}"> ' for png in pictures
    )
    return f"<figure>{images}<figcaption>{caption}</figcaption></figure>"
