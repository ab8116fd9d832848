"""A topic as ``hai-cli help`` shows it: wrapped to the terminal."""

from __future__ import annotations

import shutil

from hfai.cli.language import tr
from hfai.cli.text_width import text_width, wrap
from hfai.cli.topics import TOPICS, Block, Code, Terms, blocks_of

_WIDEST = 100
# Longer words have their meaning below them instead of beside.
_LONGEST_WORD = 28


def topic_screen(topic: str) -> str:
    """The whole topic, with a line break at the end."""
    width = max(min(shutil.get_terminal_size().columns, _WIDEST), 20)
    title = f"hai-cli help {topic}: {tr(TOPICS[topic])}"
    return "\n\n".join(["\n".join(wrap(title, width)), *(_text(block, width) for block in blocks_of(topic))]) + "\n"


def _text(block: Block, width: int) -> str:
    if isinstance(block, Code):
        return "\n".join(f"  {line}" for line in block.text.splitlines())
    if not isinstance(block, Terms):
        return "\n".join(wrap(block, width))
    lines = []
    column = min(max(text_width(word) for word, _ in block.rows), _LONGEST_WORD, width // 3) + 4
    for word, meaning in block.rows:
        first, *others = wrap(meaning, width - column)
        head = f"  {word}"
        gap = column - text_width(head)
        if gap < 1:
            lines.append(head)
            head, gap = "", column
        lines += [f"{head}{' ' * gap}{first}", *(f"{' ' * column}{line}" for line in others)]
    return "\n".join(lines)
