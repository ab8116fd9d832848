"""What the client says by itself about the engine, in the user's language."""

from __future__ import annotations

from pathlib import Path

from hfai.cli.language import tr
from hfai.cli.output import note


def announce() -> None:
    """Have it said on stderr when an engine is started, is of another version, does not answer, or was killed for that."""
    from hfai.client.platform import on_engine_killed, on_engine_silent, on_engine_start, on_other_version

    on_engine_start(_started)
    on_other_version(_other_version)
    on_engine_silent(_silent)
    on_engine_killed(_killed)


def home_path(path: str) -> str:
    """A path as people write it, with ``~`` for their home directory."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if path.startswith(f"{home}/") and home != "/" else path


def _started(state_dir: Path) -> None:
    note(tr("hai-cli: started the engine (state in {state_dir})", state_dir=home_path(str(state_dir))))


def _other_version(engine: str, client: str) -> None:
    note(tr("hai-cli: the engine is hfai {engine}, this is hfai {client}", engine=engine, client=client))


def _silent(pid: int) -> None:
    note(tr("hai-cli: the engine (process {pid}) does not answer; still waiting (if it hangs: hai-cli platform down)", pid=pid))


def _killed(pid: int) -> None:
    note(tr("hai-cli: the engine (process {pid}) did not answer and was killed", pid=pid))
