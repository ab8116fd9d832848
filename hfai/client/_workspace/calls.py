"""The calls that need one request: making, listing and removing workspaces."""

from __future__ import annotations

from hfai.client import _session
from hfai.client._places import shown
from hfai.client._workspace.local import LocalWorkspace, absolute, find_root
from hfai.client._workspace.push import Directory
from hfai.client._workspace.results import WorkspaceInfo
from hfai.model.errors import UsageError
from hfai.model.workspace.paths import ensure_name


def init_workspace(name: str, directory: Directory = None) -> tuple[WorkspaceInfo, bool]:
    """Make a directory a workspace: it gets a name on the platform, and remembers it in ``.hfai``.

    Args:
        name: letters, digits and ``_ . + -``, at most 64.
        directory: by default the current one.

    Returns:
        The workspace on the platform, and whether it is new there; one that exists can be pulled into the directory then.

    Raises:
        UsageError: the name cannot be one, the directory is none, or it is (in) a workspace of another name.
        HfaiError: no answer, or a refusal.

    Blocks for one request. Calling it twice does no harm. Source: tutorial, use case 1.

    Example:
        >>> init_workspace("my_code")[1]  # doctest: +SKIP
        True
    """
    ensure_name(name)
    root = absolute(directory)
    if not root.is_dir():
        raise UsageError("{directory} is no directory", directory=shown(root))
    above = find_root(root)
    local = LocalWorkspace(root)
    if above is not None:
        there = LocalWorkspace(above).load()
        if above != root or there.name != name:
            template = "{directory} is workspace {name} already: remove {file} first if it is to be another"
            raise UsageError(template, directory=shown(above), name=there.name, file=shown(there.state_dir))
        local = there
    result = _session.current().post("operating/workspace/create", {"name": name}, subject=name)["result"]
    local.name = name
    local.load_tree()
    local.agree_with(result["uid"])
    local.save()
    return WorkspaceInfo.from_wire(result), bool(result["is_new"])


def list_workspaces() -> list[WorkspaceInfo]:
    """Your workspaces on the platform, by name.

    Raises:
        HfaiError: no answer, or a refusal.

    Blocks for one request.

    Example:
        >>> [one.name for one in list_workspaces()]  # doctest: +SKIP
        ['my_code']
    """
    return [WorkspaceInfo.from_wire(one) for one in _session.current().post("query/workspace/list")["result"]]


def remove_workspace(name: str) -> None:
    """Remove a workspace from the platform, with all that tasks have made in it; the directory here stays as it is.

    Args:
        name: of one of yours.

    Raises:
        WorkspaceNotFound: you have none of that name.
        RefusedError: a task that has not finished works in it.
        HfaiError: no answer, or another refusal.

    Blocks for one request.

    Example:
        >>> remove_workspace("my_code")  # doctest: +SKIP
    """
    _session.current().post("operating/workspace/remove", {"name": ensure_name(name)}, subject=name)
