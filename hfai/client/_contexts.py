"""``contexts``, ``use_context``, ``remove_context``: the servers in the configuration, and which of them requests go to."""

from __future__ import annotations

from typing import NamedTuple, Optional

from hfai.client import _config, _session


class Context(NamedTuple):
    """A server in the configuration, without the token.

    Attributes:
        name: ``local`` is the engine of this machine.
        url: its address; None for ``local``.
        kind: ``hfai``, ``haiplatform``, or None while nobody has asked it.
        user: whom its token stood for when it was set up; None where that is not known.
        is_current: whether requests go there now.
    """

    name: str
    url: Optional[str]
    kind: Optional[str]
    user: Optional[str]
    is_current: bool


def contexts() -> list[Context]:
    """Every context, ``local`` first. Read from the configuration: nobody is asked.

    Raises:
        ConfigError: the configuration cannot be used.
        NotFoundError: ``HFAI_CONTEXT`` names no context.

    Example:
        >>> [context.name for context in contexts() if context.is_current]  # doctest: +SKIP
        ['local']
    """
    now = _config.load_settings()
    found = {**_config.all_settings(), now.context: now}
    return [_context(settings, now.context) for settings in found.values()]


def use_context(name: str) -> Context:
    """Let requests go to another server from now on: those of this process, and of every later command of this user.

    ``HFAI_CONTEXT``, where it is set, goes before this.

    Args:
        name: of the context; ``local`` for the engine of this machine.

    Returns:
        That context.

    Raises:
        NotFoundError: there is none of that name.
        ConfigError: the configuration cannot be read or written.

    Asks nobody; may be called twice.

    Example:
        >>> use_context("local").url is None  # doctest: +SKIP
        True
    """
    _config.use(name)
    _session.forget()
    return _context(_config.named(name), name)


def remove_context(name: str) -> Context:
    """Take a server and its token out of the configuration; the token stays valid. If it was the current one, ``local`` is.

    Returns:
        The one that requests go to from now on.

    Raises:
        NotFoundError: there is none of that name.
        UsageError: it is ``local``, or comes from the environment.
        ConfigError: the configuration cannot be read or written.

    Example:
        >>> remove_context("lab").name  # doctest: +SKIP
        'local'
    """
    _config.remove(name)
    _session.forget()
    now = _config.load_settings()
    return _context(now, now.context)


def _context(settings: _config.Settings, current: str) -> Context:
    return Context(settings.context, settings.url, settings.kind, settings.user, settings.context == current)
