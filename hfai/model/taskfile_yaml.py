"""YAML of a task file as plain values that remember where they stood.

The tree of nodes is read, not the constructed values: a node knows its line and column and its text as written, so that
``name: 007`` stays ``007`` where a text is meant. YAML 1.2: ``yes`` and ``no`` are text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from hfai.model.checks import shown
from hfai.model.errors import InvalidTaskFile

if TYPE_CHECKING:
    from ruamel.yaml.error import StringMark
    from ruamel.yaml.nodes import Node

POSITION = "{file}:{line}:{column}: "

# More than any task needs; keeps aliases of aliases from filling the memory.
_MOST_VALUES = 20_000
_TAG = "tag:yaml.org,2002:"
# Sections and keys whose numbers are meant as text.
_TEXT_KEYS = (
    "name",
    "task_type",
    "spec.workspace",
    "spec.entrypoint",
    "spec.parameters",
    "resource.image",
    "resource.group",
    "options.py_venv",
)
_TEXT_SECTIONS = ("spec.environments.", "options.tags[")


class Document:
    """One parsed task file.

    Attributes:
        file: what messages call it.
        value: the plain value: mappings, lists, texts, numbers, true, false, None.
        quoted_keys: key paths whose key was written in quotes.

    Raises:
        InvalidTaskFile: the text is no YAML that a task file may have, with line and column.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.quoted_keys: set[str] = set()
        self._keys: dict[str, tuple[int, int]] = {}
        self._values: dict[str, tuple[int, int]] = {"": (1, 1)}
        self._open: list[Node] = []
        self._count = 0
        node = self._compose(text)
        self.value: Any = None if node is None else self._plain(node, "")
        if self.value is None:
            self.fail("", "{file} is empty: it must be a task file, see `hai-cli help task-file`", position=False)

    def fail(self, key: str, template: str, *, at_key: bool = False, position: bool = True, **data: Any) -> NoReturn:
        """Raise InvalidTaskFile for ``key``, or for the nearest section around it that is in the file."""
        line, column = self.position(key, at_key=at_key)
        prefix = POSITION if position else ""
        raise InvalidTaskFile(prefix + template, file=self.file, line=line, column=column, **{"key": key, **data})

    def position(self, key: str, *, at_key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at a key path or of its key; of the section around it if absent."""
        places = self._keys if at_key else self._values
        while key not in places:
            if not key:
                return 1, 1
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
            places = self._keys if key in self._keys else self._values
        return places[key]

    def _compose(self, text: str) -> Node | None:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
        from ruamel.yaml.reader import ReaderError

        try:
            node: Node | None = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._values[""] = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            problem = str(error.problem or error.context)
            if "'\\t'" in problem:
                self.fail("", "{problem}", problem="a tab: indent with blanks")
            if "but found another document" in str(error):
                self.fail("", "{problem}", problem="a second document begins: one file is one task")
            self.fail("", "this is no valid YAML: {problem}", problem=problem)
        except ReaderError as error:
            before = text[: error.position]
            self._values[""] = (before.count("\n") + 1, len(before) - before.rfind("\n"))
            self.fail("", "{problem}", problem=f"the character {text[error.position]!a} may not be in YAML")
        except YAMLError as error:
            self.fail("", "{problem}", problem=str(error).splitlines()[0])
        except RecursionError:
            self.fail("", "{problem}", problem="nested too deeply")
        return node

    def _plain(self, node: Node, path: str) -> Any:
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        self._values[path] = _place(node.start_mark)
        self._count += 1
        if self._count > _MOST_VALUES or node in self._open or len(self._open) > 64:
            self.fail(path, "{problem}", problem="more values, or more deeply nested ones, than a task file may hold")
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._open.append(node)
        try:
            if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
                return [self._plain(item, f"{path}[{number}]") for number, item in enumerate(node.value)]
            if isinstance(node, MappingNode) and node.tag == _TAG + "map":
                return self._mapping(node, path)
        finally:
            self._open.pop()
        return self._bad_tag(node, path)

    def _mapping(self, node: Node, path: str) -> dict[str, Any]:
        from ruamel.yaml.nodes import ScalarNode

        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._values[path] = _place(key_node.start_mark)
                self.fail(path, "{problem}", problem="a key must be text")
            if key_node.tag == _TAG + "merge":
                merged = {**self._merge(value_node, path), **merged}
                continue
            key = str(key_node.value)
            key_path = f"{path}.{key}" if path else key
            place = _place(key_node.start_mark)
            if key in own:
                first = self._keys[key_path][0]
                self._keys[key_path] = place
                self.fail(key_path, "{key} is there twice, first in line {first}", at_key=True, first=first)
            self._keys[key_path] = place
            if key_node.style in ('"', "'"):
                self.quoted_keys.add(key_path)
            own[key] = self._plain(value_node, key_path)
        return {**merged, **own}

    def _merge(self, node: Node, path: str) -> dict[str, Any]:
        place = self._values[path]
        value = self._plain(node, path)
        self._values[path] = place
        merged: dict[str, Any] = {}
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                self.fail(path, "<< is {found}: it must be a mapping or a list of mappings", found=shown(part))
            merged = {**part, **merged}
        return merged

    def _scalar(self, node: Node, path: str) -> Any:
        text, tag = str(node.value), str(node.tag)
        if tag == _TAG + "null" and text == "" and path.startswith(_TEXT_SECTIONS):
            return ""
        if path.startswith(_TEXT_SECTIONS) and tag in (_TAG + "bool", _TAG + "int", _TAG + "float"):
            return text
        if path in _TEXT_KEYS and tag in (_TAG + "int", _TAG + "float"):
            return text
        if tag in (_TAG + "str", _TAG + "timestamp", _TAG + "value"):
            return text
        if tag == _TAG + "null":
            return None
        if tag == _TAG + "bool":
            return text.lower() in ("true", "yes", "on", "y")
        try:
            if tag == _TAG + "int":
                return _whole(text)
            if tag == _TAG + "float":
                return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            self.fail(path, "{key} is '{found}': it is no number", found=text[:60])
        return self._bad_tag(node, path)

    def _bad_tag(self, node: Node, path: str) -> NoReturn:
        tag = str(node.tag).replace(_TAG, "!!")
        self.fail(path, "{problem}", problem=f"the tag {tag} has no meaning in a task file")


def _place(mark: StringMark) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _whole(text: str) -> int:
    digits = text.replace("_", "").lower()
    return int(digits, 0) if any(base in digits for base in ("0x", "0o", "0b")) else int(digits, 10)
