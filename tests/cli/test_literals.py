"""No text reaches a person past the catalogue: literals that are written, raised or shown as help without `tr` or `mark`."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path
from typing import Iterator, Optional

import pytest

import hfai
from hfai.model import errors
from hfai.model.errors import HfaiError

PACKAGE = Path(hfai.__file__).parent
CLI = sorted((PACKAGE / "cli").rglob("*.py"))
# What is raised inside a training script, or by the daemon's own command line, never comes through hai-cli.
OTHERS = ("client/checkpoint/", "client/runtime/", "engine/supervise/", "testing/")
# Who shows its argument to a person, and by which argument or keyword.
WRITERS = {"note", "write", "print", "ArgumentTypeError", "add_argument_group", "Command", "add_parser"}
SENTENCES = {"allowed", "problem", "reason", "message"}
KEYWORDS = {"help", "description", "epilog", "title", "head", "tail"}
MARKED = {"tr", "mark", "ngettext", "Phrase", "said", "phrase", "filled"}
# The same in every language: programs, switches, paths, form.
PLAIN = re.compile(r"hai-cli|haienv|hfai|Usage|http\S*|--?[\w-]+|\$\w+|[A-Z_]{2,}\b|\\\w+|\brank\b|\{.*?\}")

# Sentences that are no messages, as a pattern per file: code, the frame of the help screen and the tutorial's own lines.
SAME = {
    "completion/shells.py": r"^(_hai_cli|# >>>|# <<<)",
    "haienv/entering.py": r"^source haienv $",
    "help_screen.py": r"^  (--?\w+)|^Topics ",
    "logs.py": r"^ fetching  log on rank $",
    "wording.py": r"\(\?P<value>",
}


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def words_of(node: Optional[ast.AST]) -> Iterator[str]:
    """The literal texts in an expression that are words of a language, but for those that were marked."""
    if node is None or (isinstance(node, ast.Call) and called(node) in MARKED):
        return
    if isinstance(node, ast.Call):  # what a function makes of it is the function's business, but "".join and format
        if called(node) in ("join", "format"):
            for part in (*node.args, node.func):
                yield from words_of(part)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.search(r"[^\W\d_]{2,}", PLAIN.sub("", node.value)):
            yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from words_of(child)


def shown_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        shown = [keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS]
        shown += node.args[1:] if called(node) == "Command" else node.args if called(node) in WRITERS else []
        for argument in shown:
            yield from ((node.lineno, words) for words in words_of(argument))


@pytest.mark.parametrize("path", CLI, ids=lambda path: path.relative_to(PACKAGE / "cli").as_posix())
def test_what_is_shown_is_translated(path: Path) -> None:
    """Put it into `tr(...)`, with `{name}` fields instead of an f-string."""
    found = list(shown_in(ast.parse(path.read_text(encoding="utf-8"))))
    assert not found, f"{path.name}: texts that no Chinese reader can read: {found}"


def sentences_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every literal with two words of a language, but docstrings."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
        if is_text and re.search(r"[A-Za-z]{2,} [a-z]{2,}", node.value):
            yield node.lineno, node.value


def test_every_sentence_is_in_the_catalogue() -> None:
    """Whatever it is assigned to and wherever it goes from there."""
    messages = gettext.translation("hai-cli", PACKAGE / "cli" / "locale", ["zh"])._catalog  # type: ignore[attr-defined]
    found = []
    for path in CLI:
        where = path.relative_to(PACKAGE / "cli").as_posix()
        for line, text in sentences_in(ast.parse(path.read_text(encoding="utf-8"))):
            if text not in messages and not text.startswith("hai-cli ") and not re.search(SAME.get(where, r"(?!)"), text):
                found.append(f"{where}:{line}: {text!r}")
    assert not found, "put these into tr(...) or mark(...), or say in SAME why not:\n" + "\n".join(found)


def kinds() -> set[str]:
    def below(kind: type[HfaiError]) -> set[str]:
        return {kind.__name__}.union(*(below(child) for child in kind.__subclasses__()))

    return below(HfaiError) | {name for name in dir(errors) if name.endswith("Error")}


def test_what_is_raised_is_a_template() -> None:
    """An f-string cannot be looked up in the catalogue: the values go beside the template, as in `Phrase`."""
    wrong = []
    raisers = kinds() | {"tr", "mark", "Phrase", "TransportError"}
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        if where.startswith(OTHERS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called(node) in raisers:
                parts = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg in SENTENCES)]
                wrong += [f"{where}:{node.lineno}: {ast.unparse(part)}" for part in parts if is_built(part)]
    assert not wrong, "\n".join(wrong)


def is_built(template: ast.expr) -> bool:
    """Whether it has literal words that are put together only when it runs."""
    if isinstance(template, ast.Call):
        return called(template) == "format" and bool(list(words_of(template)))
    return isinstance(template, ast.JoinedStr) and bool(list(words_of(template)))
