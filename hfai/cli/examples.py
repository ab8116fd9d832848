"""The examples of a command, at the end of its ``--help`` and in the pages made from it.

Each command's module declares ``EXAMPLES``: pairs of a command line as one would type it and what it does, in a few
words. A test parses every one with the command's own parser.
"""

from __future__ import annotations

import shlex
from typing import Sequence

from hfai.cli.language import tr

Examples = Sequence[tuple[str, str]]

_ENDS = ("|", "||", "&&", ";", ">", ">>", "<")


def examples_text(examples: Examples) -> str:
    """The section as ``--help`` shows it: a comment above each line, ready to be copied."""
    lines = [f"{tr('examples')}:"]
    for line, what in examples:
        lines += [f"  # {tr(what)}", f"  {line}"]
    return "\n".join(lines)


def example_words(line: str) -> list[str]:
    """The words of the first command on the line, without what a pipe or redirection hands it to.

    Example:
        >>> example_words("hai-cli list -q | xargs hai-cli stop")
        ['hai-cli', 'list', '-q']
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words = list(lexer)
    return words[: next((at for at, word in enumerate(words) if word in _ENDS), len(words))]
