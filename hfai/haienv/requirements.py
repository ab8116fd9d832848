"""What an environment is made from, and what it is written down as: requirements.txt and environment.yml.

``export`` writes an environment.yml that conda reads too; it names each package with its version, so it is the lock as well.
"""

from __future__ import annotations

import json
import re
import shlex
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, Optional

from hfai.haienv.registry import Environment
from hfai.model.errors import UsageError

_WITH_A_FILE = re.compile(r"\s*(-[rcef]|--(?:requirement|constraint|editable|find-links)(?=[\s=]))[\s=]*(.*?)(?:\s+#.*)?\s*")


class Requirements(NamedTuple):
    """What is to be installed.

    Attributes:
        file: where it stands.
        py: the version of Python, or None.
        pip: lines of a requirements.txt.
        conda: packages of conda.
    """

    file: str = ""
    py: Optional[str] = None
    pip: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()


no_requirements = Requirements()


def read(file: str) -> Requirements:
    """Read a requirements.txt, or an environment.yml, also one that ``haienv export`` has written.

    Raises:
        UsageError: it cannot be read or is neither.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError("--from: {file}: {reason}", file=file, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise UsageError("--from: {file} is no text in UTF-8", file=file) from None
    if path.suffix in (".yml", ".yaml"):
        return _read_yaml(file, text)
    where = path.absolute().parent
    return Requirements(file, None, tuple(_placed(line, where) for line in text.splitlines()))


def frozen(one: Environment) -> list[str]:
    """The packages that an environment itself holds, as lines of a requirements.txt, by name."""
    found = {}
    for each in metadata.distributions(path=[str(one.site_packages)]):
        name = each.metadata["Name"]
        if name and name.lower() not in ("pip", "setuptools", "wheel"):
            url = _url(each.read_text("direct_url.json"))
            found[name.lower()] = f"{name} @ {url}" if url else f"{name}=={each.version}"
    return [found[name] for name in sorted(found)]


def exported(one: Environment) -> str:
    """The same as an environment.yml."""
    lines = [f"name: {json.dumps(one.name, ensure_ascii=False)}", "dependencies:", f"- python={one.py}", "- pip"]
    packages = frozen(one)
    if packages:
        lines += ["- pip:", *(f"  - {json.dumps(line)}" for line in packages)]
    return "".join(f"{line}\n" for line in lines)


def _url(text: Optional[str]) -> str:
    if not text:
        return ""
    told = json.loads(text)
    vcs = told.get("vcs_info")
    return f"{vcs['vcs']}+{told['url']}@{vcs['commit_id']}" if vcs else str(told["url"])


def _placed(line: str, where: Path) -> str:
    """pip reads the copy in the environment: files that a line names are meant from where the list stands."""
    if found := _WITH_A_FILE.fullmatch(line):
        option, name = found.groups()
        name = next(iter(shlex.split(name)), "")
        if "://" not in name and not name.startswith(("/", "$")):
            return f"{option} {shlex.quote(str(where / name))}"
    if line.startswith(("./", "../")):
        return str(where / line)
    return line


def _read_yaml(file: str, text: str) -> Requirements:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document: Any = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise UsageError(
            "--from: {file} is no YAML: {reason}", file=file, reason=" ".join(str(error).split())[:200]
        ) from None
    listed = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise UsageError("--from: {file} has no list `dependencies`", file=file)
    py: Optional[str] = None
    conda: list[str] = []
    pip: list[str] = []
    for entry in listed:
        if isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            pip += [_placed(str(line), Path(file).absolute().parent) for line in entry["pip"]]
        elif isinstance(entry, str) and entry.replace(" ", "").partition("=")[0] == "python":
            # `python=3.11.2=h955ad1f_1` ends with the build, which means nothing elsewhere.
            py = entry.replace(" ", "").strip("=").partition("=")[2].lstrip("=").partition("=")[0] or None
        elif isinstance(entry, str) and entry != "pip":
            conda.append(entry)
        elif entry != "pip":
            raise UsageError("--from: {file}: {value} is no package", file=file, value=repr(entry)[:100])
    return Requirements(file, py, tuple(pip), tuple(conda))
