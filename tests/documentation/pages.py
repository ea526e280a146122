"""Markdown pages in, their fenced blocks with what a comment above them says out."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

_BLOCK = re.compile(
    r"(?:^<!-- (?P<word>not run|output|until)(?:: (?P<text>.+?))? -->\n)?^```(?P<language>\S*)\n(?P<content>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Parameters
    ----------
    place : str
        File and line, for messages.
    language, content : str
        The word behind the fence, and the lines between the fences.
    not_run : str, optional
        Why nobody runs it.
    is_output : bool
        It is what the block before it printed.
    until : str, optional
        It runs until it prints this.
    """

    place: str
    language: str
    content: str
    not_run: str | None
    is_output: bool
    until: str | None

    @property
    def is_run(self) -> bool:
        """Whether it is commands, or a program, and can be run here."""
        return self.language in {"sh", "python"} and self.not_run is None


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT)
    return [
        Block(
            place=f"{name}:{text[: found.start('language')].count(chr(10)) + 1}",
            language=found["language"],
            content=found["content"],
            not_run=(found["text"] or "") if found["word"] == "not run" else None,
            is_output=found["word"] == "output",
            until=found["text"] if found["word"] == "until" else None,
        )
        for found in _BLOCK.finditer(text)
    ]
