"""Nodes, groups and priorities for Tab, from the caches that engine and client keep (docs/architecture.md)."""

from __future__ import annotations

from typing import Any

from hfai.cli.completion_names import cached_lines


def node_names(prefix: str, parsed_args: Any = None, **_: Any) -> list[str]:
    """Every node that is not on the line yet."""
    return _first_of(_typed(prefix, parsed_args), 0, prefix)


def group_names(prefix: str, **_: Any) -> list[str]:
    """Every group that has nodes."""
    return _first_of((), 1, prefix)


def priority_names(prefix: str, **_: Any) -> list[str]:
    """The priorities, in small letters where those were begun with: both are understood."""
    from hfai.model.priorities import Priority

    names = [level.name.lower() if prefix.islower() else level.name for level in Priority]
    return [name for name in names if name.startswith(prefix)]


def _typed(prefix: str, parsed_args: Any) -> list[str]:
    """Words of the line that are there already, in lists of arguments."""
    lists = [value for value in vars(parsed_args).values() if isinstance(value, list)] if parsed_args else []
    return [word for value in lists for word in value if word != prefix]


def _first_of(taken: Any, column: int, prefix: str) -> list[str]:
    rows = (line.split("\t") for line in cached_lines("places"))
    found = dict.fromkeys(row[column] for row in rows if len(row) > column and row[column].startswith(prefix))
    return [word for word in found if word not in taken]
