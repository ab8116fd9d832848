"""The Python environment of a task, ``options.py_venv`` (wire document, section 10): found when it is submitted, entered when it starts."""

from __future__ import annotations

import os
from typing import Mapping

from hfai.engine.queries import User
from hfai.haienv.activation import applied, variables_of
from hfai.haienv.places import split_owner, user_name
from hfai.haienv.registry import Environment, environments, find
from hfai.model.errors import EnvironmentNotFound, InvalidTask, UsageError


def environment_of(word: str, user: User) -> Environment:
    """The environment that a task of a user names; one without an owner is what they have pushed, else that of the account
    their tasks run under.

    Raises:
        InvalidTask: there is none; the nearest name is suggested.
    """
    name, owner = split_owner(word)
    try:
        if not owner and any(one.name == name for one in environments(user.name)):
            owner = user.name
        return find(name, owner or user.unix_name or user_name(os.getuid()))
    except (EnvironmentNotFound, UsageError) as error:
        raise InvalidTask("{key}: {problem}", key="options.py_venv", problem=error.said) from None


def environments_of(user: User) -> list[Environment]:
    """Those that :func:`environment_of` finds by their name alone, by name."""
    made = environments(user.unix_name or user_name(os.getuid()))
    return sorted({**{one.name: one for one in made}, **{one.name: one for one in environments(user.name)}}.values())


def entered(environ: Mapping[str, str], one: Environment) -> dict[str, str]:
    """The variables of a task inside of it."""
    return applied(environ, variables_of(one, environ))
