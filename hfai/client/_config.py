"""``conf.yaml``: which server, with which token; nothing configured means the embedded engine.

Two shapes are read: the flat one of HAI (``token``, ``url``) and named contexts
(``{current: NAME, contexts: {NAME: {url, token, kind}}}``). A key that is missing is taken from ``MARSV2_SERVER`` and
``MARSV2_USER_TOKEN``; the file wins (wire document, section 8).
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Optional

from hfai.client._places import config_file
from hfai.model.errors import ConfigError

EMBEDDED = "embedded"
DEFAULT = "default"
KINDS = ("hfai", "haiplatform")
_KEYS = ("url", "token", "kind")


class Settings(NamedTuple):
    """What one context says.

    Attributes:
        context: its name; ``embedded`` where no server is configured.
        url: the server, None for the embedded engine.
        token: what to show it.
        kind: what runs there: ``hfai``, ``haiplatform``, or None if that has not been found out.
    """

    context: str = EMBEDDED
    url: Optional[str] = None
    token: Optional[str] = None
    kind: Optional[str] = None


def load_settings() -> Settings:
    """The settings that count now.

    Raises:
        ConfigError: the file cannot be read or used; the message has file and, where there is one, line.
    """
    settings = _from_file(config_file()) or Settings(DEFAULT)
    url = settings.url or os.environ.get("MARSV2_SERVER")
    if not url:
        return Settings(token=settings.token)
    token = settings.token or os.environ.get("MARSV2_USER_TOKEN")
    return settings._replace(url=with_scheme(url), token=token)


def save_settings(settings: Settings) -> Path:
    """Write a context and make it the current one; the others stay. The file is replaced whole, mode 0600.

    Raises:
        ConfigError: the file that is there cannot be read, or the new one cannot be written.
    """
    path = config_file()
    entry = {key: value for key, value in zip(_KEYS, (settings.url, settings.token, settings.kind)) if value}
    old = _load(path) if path.exists() else {}
    if "contexts" not in old and settings.context == DEFAULT:
        kept = {key: value for key, value in old.items() if key not in _KEYS}
        _write(path, {**kept, **entry})
        return path
    contexts = dict(old.get("contexts") or {})
    if "contexts" not in old and any(key in old for key in _KEYS):
        contexts[DEFAULT] = {key: old[key] for key in _KEYS if key in old}
    contexts[settings.context] = entry
    _write(path, {"current": settings.context, "contexts": contexts})
    return path


def with_scheme(url: str) -> str:
    """The address with ``https://`` in front where it names no scheme."""
    return (url if "://" in url else f"https://{url}").rstrip("/")


def _from_file(path: Path) -> Optional[Settings]:
    # Most people have none: ruamel.yaml is loaded only where there is something to read.
    if not path.exists():
        return None
    body = _load(path)
    name = DEFAULT
    if "contexts" in body:
        contexts, name = body["contexts"], str(body.get("current") or DEFAULT)
        if not isinstance(contexts, dict) or not isinstance(contexts.get(name), (dict, type(None))):
            raise ConfigError("{file}: contexts must be names with url, token and kind under them", file=str(path))
        if name not in contexts and name != EMBEDDED:
            known = ", ".join(map(str, contexts)) or "none"
            raise ConfigError("{file}: no context {name}; there are: {known}", file=str(path), name=name, known=known)
        body = contexts.get(name) or {}
    for key in _KEYS:
        if not isinstance(body.get(key), (str, type(None))):
            raise ConfigError("{file}: {key} must be text in quotes", file=str(path), key=key)
    url, token, kind = (body.get(key) or None for key in _KEYS)
    if kind not in (None, *KINDS):
        raise ConfigError("{file}: kind must be one of {kinds}", file=str(path), kinds=", ".join(KINDS))
    if url is not None and with_scheme(url).split("://")[0] not in ("http", "https"):
        raise ConfigError("{file}: url must begin with http:// or https://", file=str(path))
    return Settings(name, url, token, kind)


def _load(path: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        body = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or "no YAML"
        raise ConfigError("{file}:{line}: {problem}", file=str(path), line=line, problem=problem) from None
    except (YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        raise ConfigError("{file}:1: this is no YAML text", file=str(path), line=1) from None
    except OSError as error:
        raise ConfigError("{file}: {problem}", file=str(path), problem=error.strerror or str(error)) from None
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ConfigError("{file}:1: token and url are missing: see `hai-cli init`", file=str(path), line=1)
    return body


def _write(path: Path, body: Mapping[str, Any]) -> None:
    text = "".join(_lines(body, ""))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from the beginning
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(fd)
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink()
            raise
    except OSError as error:
        raise ConfigError("{file}: {problem}", file=str(path), problem=error.strerror or str(error)) from None


def _lines(body: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key, value in body.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{json.dumps(key)}:\n", *_lines(value, indent + "  ")]
        else:
            # JSON is YAML; quotes keep a token of digits a text.
            name = key if key in (*_KEYS, "current", "contexts") else json.dumps(key)
            lines.append(f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}\n")
    return lines
