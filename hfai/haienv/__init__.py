"""Python environments: made once, used in the shell, in notebooks and in tasks (tutorial, use case 1).

Imports the standard library and ``hfai.model`` only; each part is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hfai.haienv.creating import Plan, configure, create, plan, remove
    from hfai.haienv.inside import set_env
    from hfai.haienv.registry import Environment, environments, everybodys, find

_HOMES = {
    "Environment": "registry",
    "Plan": "creating",
    "configure": "creating",
    "create": "creating",
    "environments": "registry",
    "everybodys": "registry",
    "find": "registry",
    "plan": "creating",
    "remove": "creating",
    "set_env": "inside",
}

__all__ = [
    "Environment",
    "Plan",
    "configure",
    "create",
    "environments",
    "everybodys",
    "find",
    "plan",
    "remove",
    "set_env",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
