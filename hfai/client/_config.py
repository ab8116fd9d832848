"""``conf.yaml``: which server, with which token; nothing configured means the engine of this machine.

Two shapes are read, also beside each other: the flat one of HAI (``token``, ``url``), which is the context ``default``, and named
contexts (``{current: NAME, contexts: {NAME: {url, token, kind, user}}}``). ``local`` is the engine of this machine and in no file. A key
that is missing is taken from ``MARSV2_SERVER`` and ``MARSV2_USER_TOKEN``; the file wins (wire document, section 8), except inside a
task, which is to ask the platform that runs it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Mapping, NamedTuple, NoReturn, Optional

from hfai.client._places import config_file, names_file
from hfai.model.errors import ConfigError, NotFoundError, UsageError

LOCAL = "local"
DEFAULT = "default"
KINDS = ("hfai", "haiplatform")
_KEYS = ("url", "token", "kind", "user")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


class Settings(NamedTuple):
    """What one context says.

    Attributes:
        context: its name; ``local`` where no server is configured.
        url: the server, None for the engine of this machine.
        token: what to show it.
        kind: what runs there: ``hfai``, ``haiplatform``, or None if that has not been found out.
        user: whom the token stood for when it was set up; None if that has not been found out.
    """

    context: str = LOCAL
    url: Optional[str] = None
    token: Optional[str] = None
    kind: Optional[str] = None
    user: Optional[str] = None


def load_settings() -> Settings:
    """The settings that count now: of ``HFAI_CONTEXT``, of a task's environment, of the file, of the environment.

    Raises:
        ConfigError: the file cannot be read or used; the message has file, line and column.
        NotFoundError: ``HFAI_CONTEXT`` names no context.
    """
    environ = os.environ
    if chosen := environ.get("HFAI_CONTEXT"):
        return named(chosen)
    if environ.get("HFAI_RUN") and environ.get("MARSV2_SERVER"):
        return _filled(Settings(DEFAULT))
    path = config_file()
    if not path.exists():
        return _filled(Settings(DEFAULT))
    body = _body(path)
    current = body.get("current")
    found = _contexts(path, body)
    name = str(current or DEFAULT)
    if name == LOCAL:
        return Settings(LOCAL)
    if current and name not in found:
        known = ", ".join((LOCAL, *found))
        fail((path, "current"), "no context {name}; there are: {known}", name=name, known=known)
    return _filled(found.get(name, Settings(DEFAULT)))


def named(context: str) -> Settings:
    """The settings of one context.

    Raises:
        ConfigError: the file cannot be read or used.
        NotFoundError: there is no such context.
    """
    found = all_settings()
    if context not in found:
        known = ", ".join(found)
        raise NotFoundError("no context {name}; there are: {known}", name=context, known=known)
    return _filled(found[context])


def all_settings() -> dict[str, Settings]:
    """Every context by its name, ``local`` first, then as they stand in the file.

    Raises:
        ConfigError: the file cannot be read or used.
    """
    path = config_file()
    found = _contexts(path, _body(path)) if path.exists() else {}
    if not found and (from_environ := _filled(Settings(DEFAULT))).url:
        found = {DEFAULT: from_environ}
    return {LOCAL: Settings(LOCAL), **found}


def save_settings(settings: Settings) -> Path:
    """Write a context and make it the current one. What else is in the file, comments too, stays; it is replaced whole, mode 0600.

    Raises:
        ConfigError: the file that is there cannot be read, or the new one cannot be written.
        UsageError: the name of the context cannot be used.
    """
    from hfai.client._config_file import edit, section

    ensure_name(settings.context)
    entry = dict(zip(_KEYS, (settings.url, settings.token, settings.kind, settings.user)))

    def change(body: Any) -> None:
        _contexts(config_file(), body)
        is_flat = settings.context == DEFAULT and _key_of(body.get("contexts") or {}, DEFAULT) is None
        target = body if is_flat else section(section(body, "contexts"), settings.context)
        if target.get("url") != settings.url:
            _drop_caches(settings.context)
        for key, value in entry.items():
            if value is None:
                target.pop(key, None)
            else:
                target[key] = value
        _make_current(body, settings.context)

    return edit(config_file(), change)


def use(context: str) -> Path:
    """Make a context the current one.

    Raises:
        ConfigError: the file cannot be read, used or written.
        NotFoundError: there is no such context.
    """
    from hfai.client._config_file import edit

    named(context)
    return edit(config_file(), lambda body: _make_current(body, context))


def remove(context: str) -> Path:
    """Take a context out of the file; if it was the current one, ``local`` is from now on.

    Raises:
        ConfigError: the file cannot be read, used or written.
        NotFoundError: there is no such context.
        UsageError: it is ``local``, or comes from the environment.
    """
    from hfai.client._config_file import edit

    path = config_file()
    named(context)
    if context == LOCAL:
        raise UsageError("{name} is the engine of this machine: it cannot be removed", name=LOCAL)
    if not path.exists() or context not in _contexts(path, _body(path)):
        raise UsageError("{name} comes from {variable}: unset that", name=context, variable="MARSV2_SERVER")

    def change(body: Any) -> None:
        was = str(body.get("current") or DEFAULT)
        in_contexts = body.get("contexts") or {}
        key = _key_of(in_contexts, context)
        if key is not None:
            del in_contexts[key]
            if not in_contexts:
                body.pop("contexts")
        else:
            for one in _KEYS:
                body.pop(one, None)
        if was == context:
            body["current"] = LOCAL

    written = edit(path, change)
    _drop_caches(context)
    return written


def ensure_name(context: str) -> None:
    """Refuse what cannot be the name of a context.

    Raises:
        UsageError: saying why.
    """
    if context == LOCAL:
        raise UsageError("{name} is the engine of this machine: choose another name", name=LOCAL)
    if not _NAME.fullmatch(context):
        raise UsageError("context {name}: a name has letters, digits, . _ - and at most 64 of them", name=context or "''")


def with_scheme(url: str) -> str:
    """The address with ``https://`` in front where it names no scheme."""
    return (url if "://" in url else f"https://{url}").rstrip("/")


def _drop_caches(context: str) -> None:
    """What Tab knew of the server that a name stood for (hfai.client._names_cache)."""
    for kind in (".names", ".places"):
        names_file(context).with_suffix(kind).unlink(missing_ok=True)


def _make_current(body: Any, context: str) -> None:
    if context == DEFAULT and not body.get("contexts"):
        body.pop("current", None)
    else:
        body["current"] = context


def _filled(settings: Settings) -> Settings:
    """What a context lacks from the environment."""
    if settings.context == LOCAL:
        return settings
    url = settings.url or os.environ.get("MARSV2_SERVER")
    if not url:
        return Settings(token=settings.token)
    return settings._replace(url=with_scheme(url), token=settings.token or os.environ.get("MARSV2_USER_TOKEN"))


def _body(path: Path) -> Mapping[str, Any]:
    from hfai.client._config_file import read

    return read(path)


def _contexts(path: Path, body: Mapping[str, Any]) -> dict[str, Settings]:
    """The contexts that a file has, checked."""
    entries = body.get("contexts")
    if not isinstance(entries, (dict, type(None))):
        fail((path, "contexts"), "contexts must be names with url, token and kind under them")
    found: dict[str, Settings] = {}
    for name, entry in (entries or {}).items():
        if not isinstance(entry, (dict, type(None))):
            fail((path, "contexts", name), "contexts must be names with url, token and kind under them")
        found[str(name)] = _checked(path, ("contexts", name), str(name), entry or {})
    if DEFAULT not in found and any(key in body for key in _KEYS):
        found = {DEFAULT: _checked(path, (), DEFAULT, body), **found}
    return found


def _checked(path: Path, where: tuple[Any, ...], name: str, entry: Mapping[str, Any]) -> Settings:
    for key in _KEYS:
        if not isinstance(entry.get(key), (str, type(None))):
            fail((path, *where, key), "{key} must be text in quotes", key=key)
    url, token, kind, user = (entry.get(key) or None for key in _KEYS)
    if kind not in (None, *KINDS):
        fail((path, *where, "kind"), "kind must be one of {kinds}", kinds=", ".join(KINDS))
    if url is not None and with_scheme(url).split("://")[0] not in ("http", "https"):
        fail((path, *where, "url"), "url must begin with http:// or https://")
    return Settings(name, url, token, kind, user)


def fail(where: tuple[Any, ...], template: str, **data: Any) -> NoReturn:
    """Refuse what stands in a file under these keys; ``where`` begins with its path."""
    from hfai.client._config_file import position

    path, *keys = where
    line, column = position(path, keys)
    raise ConfigError("{file}:{line}:{column}: " + template, file=str(path), line=line, column=column, **data)


def _key_of(entries: Mapping[Any, Any], name: str) -> Any:
    """The key as the file has it: a name of digits is a number there."""
    return next((key for key in entries if str(key) == name), None)
