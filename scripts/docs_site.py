"""Pages of the repository's root in, pages of the documentation's site out; called by MkDocs."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[1]
_ROOT_PAGES = {"README.md": "index.md", **{name: name for name in ("MODEL_CARD.md", "CONTRIBUTING.md", "CHANGELOG.md")}}
# File systems that know no case would take it for docs/security.md.
_ROOT_PAGES["SECURITY.md"] = "security-policy.md"
_LINK = re.compile(r'(?P<opening>\]\(|src="|srcset=")(?!https?://|#|mailto:)(?P<target>[^)"\s]+)')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root to those of docs/."""
    for name, place in _ROOT_PAGES.items():
        files.append(File.generated(config, place, content=(_ROOT / name).read_text(encoding="utf-8")))
    for name in ("LICENSE", "NOTICE"):
        files.append(File.generated(config, f"{name}.txt", content=(_ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn links that hold in the repository into links that hold in the site."""
    return _LINK.sub(lambda found: found["opening"] + _move(found["target"]), markdown)


def _move(target: str) -> str:
    path, separator, anchor = target.removeprefix("../").removeprefix("docs/").partition("#")
    if path in {"LICENSE", "NOTICE"}:
        path = f"{path}.txt"
    return _ROOT_PAGES.get(path, path) + separator + anchor
