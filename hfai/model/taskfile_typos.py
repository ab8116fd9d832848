"""Which unknown keys of a task file are meant to be known ones."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Optional

from hfai.model.spec_reading import KNOWN_KEYS

# What people write who know other schedulers; without this their task would silently run on one node, or without its
# variables.
_OTHER_WORDS = {
    "nodes": "resource.node_count",
    "num_nodes": "resource.node_count",
    "env": "spec.environments",
    "envs": "spec.environments",
    "args": "spec.parameters",
    "script": "spec.entrypoint",
    "watchdog": "options.watchdog_time",
}
_CUTOFF = 0.8


def typos(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The key path of each suspicious key of a task with the key path that was probably meant, in order.

    Suspicious is a key that nearly spells a known key of its section, that is a known key of another section, or
    that is another scheduler's word for a known key. Anything else is nobody's business but the user's.

    Example:
        >>> list(typos({"name": "x", "resource": {"node_cuont": 2}}))
        [('resource.node_cuont', 'resource.node_count')]
    """
    for section, known in KNOWN_KEYS.items():
        value = body.get(section) if section else body
        if not isinstance(value, Mapping):
            continue
        for key in value:
            if isinstance(key, str) and key not in known and (meant := _meant(section, key)):
                yield _path(section, key), meant


def _meant(section: str, key: str) -> Optional[str]:
    import difflib

    word = key.lower().replace("-", "_").strip()
    if close := difflib.get_close_matches(word, KNOWN_KEYS[section], n=1, cutoff=_CUTOFF):
        return _path(section, close[0])
    # Of a short word two letters that have changed places are a quarter.
    if swapped := [known for known in KNOWN_KEYS[section] if sorted(known) == sorted(word)]:
        return _path(section, swapped[0])
    for other, known in KNOWN_KEYS.items():
        if word in known:
            return _path(other, word)
    return _OTHER_WORDS.get(word)


def _path(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key
