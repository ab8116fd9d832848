"""What being in an environment means: which variables of a process it changes, and how they come back.

``_HAIENV_SAVED`` holds what they were, one record per environment that was entered inside another.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Mapping, Optional

from hfai.haienv.registry import Environment, environments

SAVED = "_HAIENV_SAVED"
NAME, OWNER = "HF_ENV_NAME", "HF_ENV_OWNER"
OWN_VARIABLES = ("PATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", NAME, OWNER, SAVED)


def variables_of(one: Environment, environ: Mapping[str, str]) -> dict[str, Optional[str]]:
    """The variables that are other ones inside of an environment; None for those that are not set there.

    Args:
        one: the environment.
        environ: those outside of it. The programs of an environment of haienv that is active there are left behind, if
            it does not extend that one.
    """
    left = environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX") if environ.get(NAME) else None
    gone = {f"{left}/bin"} if left else set()
    path = [place for place in environ.get("PATH", "").split(":") if place not in gone]
    bases = [place for place in _programs_of_bases(one) if place not in path]
    told = one.config["extra_search_bin_dir"]
    changed: dict[str, Optional[str]] = {
        "PYTHONHOME": None,
        "VIRTUAL_ENV": None,
        "CONDA_PREFIX": None,
        "CONDA_DEFAULT_ENV": None,
        **dict(word.partition("=")[::2] for word in one.config["extra_environment"]),
        "PATH": ":".join([str(one.bin_dir), *told, *bases, *path]),
        NAME: one.name,
        OWNER: one.owner,
    }
    if one.engine in ("conda", "mamba"):
        changed.update(CONDA_PREFIX=one.path, CONDA_DEFAULT_ENV=one.name)
    else:
        changed["VIRTUAL_ENV"] = one.path
    return {key: value for key, value in changed.items() if value != environ.get(key)}


def _programs_of_bases(one: Environment) -> list[str]:
    """Where the programs are of what an environment extends, the nearest first."""
    beside = Path(one.path).parent
    known: dict[str, str] = {}
    found: list[str] = []
    base = one.base
    while base and f"{base}/bin" not in found:
        found.append(f"{base}/bin")
        if not known and Path(base).parent == beside:
            known = {each.path: each.base for each in environments(beside.name, beside.parent)}
        base = known.get(base, "")
    return [place for place in found if Path(place).is_dir()]


def entered(one: Environment, environ: Mapping[str, str]) -> dict[str, Optional[str]]:
    """The same with the record that :func:`left` needs."""
    changed = variables_of(one, environ)
    record = {key: environ.get(key) for key in changed}
    return {**changed, SAVED: json.dumps([*records(environ), record])}


def left(environ: Mapping[str, str]) -> Optional[dict[str, Optional[str]]]:
    """What changes when the innermost environment is left; None where none was entered."""
    known = records(environ)
    if not known:
        return None
    *outer, record = known
    return {**record, SAVED: json.dumps(outer) if outer else None}


def records(environ: Mapping[str, str]) -> list[dict[str, Optional[str]]]:
    """What was saved, the outermost environment first."""
    try:
        return [dict(one) for one in json.loads(environ.get(SAVED) or "[]")]
    except (ValueError, TypeError):  # somebody has written into it: there is no way back
        return []


def applied(environ: Mapping[str, str], changed: Mapping[str, Optional[str]]) -> dict[str, str]:
    """An environment with the changes in it."""
    return {key: value for key, value in {**environ, **changed}.items() if value is not None}
