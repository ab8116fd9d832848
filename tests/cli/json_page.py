"""``docs/json.md`` as data: which objects each command prints, and which keys each has.

A section is headed by its commands, with commas between them; its text may name more as ```hai-cli COMMAND```. A line that begins with
a name in bold describes an object, what stands before the first one the document itself. Keys are words ```of this kind``` outside
parentheses, in a table those of the first column. A link to another section means that its objects are printed too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
Words = tuple[str, ...]
# Objects whose keys are data, not words of ours; and those that are as their author wrote them.
BY_DATA = {"skipped", "counts", "wait_by_size_s", "wait_by_priority_s"}
THEIRS = {"spec", "resource", "options"}
_KEY = re.compile(r"`([a-z][a-z0-9_]*)`")


class Record(NamedTuple):
    """One object: the section that describes it, its name there (empty: the document itself) and its keys."""

    section: str
    name: str
    keys: frozenset[str]

    def __str__(self) -> str:
        return f"{self.section}: {self.name or 'the document'}"


class Section(NamedTuple):
    """A section: its heading, whose it is, its objects, and the headings that it links to, as anchors."""

    title: str
    commands: tuple[Words, ...]
    records: tuple[Record, ...]
    links: tuple[str, ...]


class JsonPage:
    """The page.

    Attributes:
        sections: by their anchors.
    """

    def __init__(self, text: Optional[str] = None) -> None:
        parts = (PAGE.read_text(encoding="utf-8") if text is None else text).split("\n## ")[1:]
        self.sections = {_anchor(part.partition("\n")[0]): _section(part) for part in parts}

    def section_of(self, command: Words) -> Section:
        """The section that describes what a command prints."""
        (found,) = [section for section in self.sections.values() if command in section.commands]
        return found

    def records_of(self, command: Words) -> list[Record]:
        """What a command may print: the objects of its section and of those that this one links to."""
        waiting, seen = [self.section_of(command)], []
        while waiting:
            section = waiting.pop()
            if section not in seen:
                seen.append(section)
                waiting += [self.sections[anchor] for anchor in section.links]
        return [record for section in seen for record in section.records]


def fitting(records: list[Record], keys: set[str]) -> Optional[Record]:
    """The object that has all these keys, and fewest others; None: there is none."""
    return min((record for record in records if keys <= record.keys), key=lambda record: len(record.keys), default=None)


def objects(value: Any) -> Iterator[set[str]]:
    """The keys of every object in a document, however deep, without those that are data."""
    if isinstance(value, dict):
        yield set(value)
        for key, one in value.items():
            if key not in THEIRS:
                yield from objects(list(one.values()) if key in BY_DATA and isinstance(one, dict) else one)
    elif isinstance(value, list):
        for one in value:
            yield from objects(one)


def _section(part: str) -> Section:
    title, _, text = part.partition("\n")
    commands = [tuple(name.split()) for name in title.split(", ")]
    commands += [tuple(words.split()) for words in re.findall(r"`hai-cli ([a-z ]+)`", text)]
    bodies = re.split(r"^\*\*([^*]+)\*\*", text, flags=re.MULTILINE)
    names = ["", *bodies[1::2]]
    records = [Record(title, name, _keys(body)) for name, body in zip(names, bodies[::2])]
    links = re.findall(r"\]\(#([a-z-]+)\)", text)
    return Section(title, tuple(commands), tuple(record for record in records if record.keys), tuple(links))


def _keys(text: str) -> frozenset[str]:
    rows = "\n".join(line.split("|")[1] if line.startswith("|") else line for line in text.splitlines())
    while rows != (flat := re.sub(r"\([^()]*\)", "", rows)):
        rows = flat
    return frozenset(_KEY.findall(rows))


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z -]", "", title).replace(" ", "-")
