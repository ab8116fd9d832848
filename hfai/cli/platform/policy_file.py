"""The policy's numbers for a simulation: from an engine.yaml, from options, or those that an engine has by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from hfai.model.errors import ConfigError


def policy_of(path: Optional[Path], slice_s: Optional[float], min_slice_s: Optional[float]) -> Any:
    """The engine's ``PolicySettings``; what was given as an option wins over the file.

    Raises:
        ConfigError: the file cannot be read, or is no engine.yaml; one line.
    """
    from hfai.engine.policy.snapshot import PolicySettings

    settings = PolicySettings() if path is None else _read(path)
    given = {"slice_s": slice_s, "min_slice_s": min_slice_s}
    return settings._replace(**{name: value for name, value in given.items() if value is not None})


def _read(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from hfai.engine.config import EngineConfig

    try:
        body: Any = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("{file}: {problem}", file=str(path), problem=error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise ConfigError("{file}: {problem}", file=str(path), problem="this is no UTF-8 text") from None
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigError("{file} is no YAML: {reason}", file=str(path), reason=reason) from error
    if not isinstance(body, dict):
        raise ConfigError("{file}: {problem}", file=str(path), problem="keys and values were expected")
    return EngineConfig.from_mapping(body, state_dir=path.parent, file=str(path)).policy
