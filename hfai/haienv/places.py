"""Where environments are: ``ROOT/OWNER/NAME_0``, beside the owner's registry.

ROOT is ``$HFAI_ENVS_DIR``, a place that a group can share, or ``$HFAI_HOME/envs``. Everybody writes under their own name only;
what others may read is a matter of the permissions of their directory.
"""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path

from hfai.model.errors import UsageError

_NAME = re.compile(r"\w[\w.+-]*")
_NAME_BYTES = 100
# What `source haienv` takes for a command.
_RESERVED = ("deactivate",)


def envs_root() -> Path:
    """The directory with one directory per owner."""
    told = os.environ.get("HFAI_ENVS_DIR")
    home = os.environ.get("HFAI_HOME") or "~/.hai"
    return Path(told or Path(home, "envs")).expanduser().absolute()


def user_name(uid: int = -1) -> str:
    """The name of an account, by default this process's; its number where it has no name."""
    number = os.getuid() if uid < 0 else uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container that runs under a number
        return str(number)


def ensure_name(name: str) -> str:
    """The name, if an environment may have it: letters and digits of any language, ``_``, and behind the first ``. + -``.

    Raises:
        UsageError: it may not.
    """
    if not _NAME.fullmatch(name) or len(name.encode("utf-8", "surrogatepass")) > _NAME_BYTES or name in _RESERVED:
        raise UsageError(
            "{name} cannot be the name of an environment: letters, digits and _, behind the first also . + -, "
            "at most {most} bytes; not {word}",
            name=name if name.isprintable() and name else repr(name),
            most=_NAME_BYTES,
            word="deactivate",
        )
    return name


def ensure_owner(owner: str) -> str:
    """The owner, if that can be the name of a directory.

    Raises:
        UsageError: it cannot.
    """
    if not owner or owner in (".", "..") or "/" in owner or not owner.isprintable():
        raise UsageError("{owner} cannot be the name of a user", owner=repr(owner))
    return owner


def split_owner(text: str) -> tuple[str, str]:
    """``NAME[OWNER]`` as ``(NAME, OWNER)``; without an owner that is empty."""
    name, bracket, owner = text.partition("[")
    if bracket and owner.endswith("]") and len(owner) > 1:
        return name, owner[:-1]
    return text, ""
