"""The Python environment of a task, ``options.py_venv`` (wire document, section 10): found when it is submitted, entered when it starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping, Optional

from hfai.engine import unix_accounts
from hfai.engine.queries import User
from hfai.engine.users import has_own_account
from hfai.haienv.activation import applied, variables_of
from hfai.haienv.places import split_owner, user_name
from hfai.haienv.registry import Environment, environments, find
from hfai.model.errors import EnvironmentNotFound, InvalidTask, UsageError
from hfai.model.phrase import Phrase


def theirs(state_dir: Path) -> Path:
    """Where the engine's registries are of what users with an account of their own have pushed: the files are in the account's place."""
    return state_dir / "envs"


def pushed(user: User, state_dir: Path) -> list[Environment]:
    """What a user has pushed; of the engine's owner also what they have made.

    What the account that they had before has, or somebody of that name, is none of theirs.
    """
    if not has_own_account(user):
        return environments(user.name)
    account = unix_accounts.find(user.unix_name)
    found = environments(user.name, theirs(state_dir))
    return [one for one in found if account is not None and _owner(one.path) == account.uid]


def _owner(path: str) -> Optional[int]:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return None


def environment_of(word: str, user: User, state_dir: Path) -> Environment:
    """The environment that a task of a user names; one without an owner is what they have pushed, else that of the account
    their tasks run under.

    Raises:
        InvalidTask: there is none; the nearest name is suggested.
    """
    name, owner = split_owner(word)
    try:
        for one in () if owner else pushed(user, state_dir):
            if one.name == name and Path(one.path).is_dir():
                return one
        return find(name, owner or user.unix_name or user_name(os.getuid()))
    except (EnvironmentNotFound, UsageError) as error:
        # As they have named it: they need not know of the account.
        said = {**error.data, "environment": word} if isinstance(error, EnvironmentNotFound) else error.data
        raise InvalidTask("{key}: {problem}", key="options.py_venv", problem=Phrase(error.template, **said)) from None


def environments_of(user: User, state_dir: Path) -> list[Environment]:
    """Those that :func:`environment_of` finds by their name alone, by name."""
    found = {one.name: one for one in environments(user.unix_name or user_name(os.getuid()))}
    return sorted({**found, **{one.name: one for one in pushed(user, state_dir)}}.values())


def entered(environ: Mapping[str, str], one: Environment) -> dict[str, str]:
    """The variables of a task inside of it."""
    return applied(environ, variables_of(one, environ))
