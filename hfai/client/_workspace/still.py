"""``.hfai/still``: how a directory looked at the end of a push after which both sides were the same.

A line of JSON, then the fingerprint of the tree. With it ``hai-cli workspace push`` sees that there is nothing to push
before it has loaded what a push needs: see :func:`untouched_here`.
"""

from __future__ import annotations

import json
import os

from hfai import PROTOCOL, __version__
from hfai.client._http import connect, read_answer, send_request
from hfai.model.workspace.fingerprint import has_fingerprint
from hfai.model.workspace.usual import STATE_DIR

TYPE_CHECKING = False  # nothing may be imported here that is not needed each time
if TYPE_CHECKING:
    import socket
    from typing import Any, Mapping, Optional

STILL = "still"
# Any of them may say that another platform than the engine of this machine is meant.
_ELSEWHERE = ("HFAI_CONTEXT", "HFAI_RUN", "MARSV2_SERVER")
_TIMEOUT_S = 30.0


def still_file(head: Mapping[str, Any], fingerprint: bytes) -> bytes:
    """What the file holds; ``head``: ``name``, ``uid``, ``use_ignore`` and the number of ``files``."""
    return json.dumps(head).encode() + b"\n" + fingerprint


def untouched_files(root: str, state_dir: str, *, name: str, uid: str, use_ignore: bool) -> Optional[int]:
    """How many files there are, if both sides agreed at the last push and no stat has changed here since; else None."""
    try:
        head, fingerprint = _read(state_dir)
        is_the_same = (head["name"], head["uid"], head["use_ignore"]) == (name, uid, use_ignore)
        return int(head["files"]) if is_the_same and has_fingerprint(root, fingerprint, use_ignore=use_ignore) else None
    except (OSError, KeyError, TypeError, ValueError):
        return None


def untouched_here() -> Optional[tuple[str, int]]:
    """The name of the workspace around the current directory and its number of files, if nothing is to be pushed.

    None whenever anything is not as it is nearly always: the engine of this machine does not run or is another version, a
    configuration names another platform, the workspace has never been pushed, anything at all fails. Then a push finds out.
    """
    try:
        root = _root()
        if root is None or any(os.environ.get(name) for name in _ELSEWHERE):
            return None
        head, fingerprint = _read(f"{root}/{STATE_DIR}")
        connection = _asked(head["name"])
        if connection is None:
            return None
        with connection:
            if head["use_ignore"] is not True or not has_fingerprint(
                root, fingerprint, use_ignore=True
            ):  # while the engine looks up its side
                return None
            answer = read_answer(connection)
        if answer.status != 200 or json.loads(answer.body)["result"]["uid"] != head["uid"]:
            return None
        return head["name"], int(head["files"])
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _root() -> Optional[str]:
    """The directory of the workspace, as :func:`hfai.client._workspace.local.find_root` finds it."""
    root = os.getcwd()  # noqa: PTH109 - no pathlib here
    while not os.path.isfile(f"{root}/{STATE_DIR}/workspace.json"):  # noqa: PTH113
        above = os.path.dirname(root)  # noqa: PTH120
        if above == root:
            return None
        root = above
    return root


def _asked(name: str) -> Optional[socket.socket]:
    """A connection on which the engine of this machine has been asked about a workspace."""
    home = os.path.expanduser(os.environ.get("HFAI_HOME") or "~/.hai")  # noqa: PTH111
    if os.path.lexists(os.environ.get("HFAI_CLIENT_CONFIG") or f"{home}/conf.yaml"):
        return None
    state_dir = os.environ.get("HFAI_ENGINE_DIR") or f"{home}/engine"
    endpoint = json.loads(_bytes(f"{state_dir}/endpoint.json"))
    scheme, _, address = endpoint["url"].partition("://")
    host, _, port = address.rpartition(":")
    if scheme != "http" or (endpoint["protocol"], endpoint["version"]) != (PROTOCOL, __version__):
        return None
    os.kill(endpoint["pid"], 0)  # else its port may be somebody else's by now, who is not to get the token
    headers = {
        "User-Agent": f"hfai/{__version__}",
        "hfai-protocol": str(PROTOCOL),
        "Authorization": f"Bearer {_bytes(f'{state_dir}/token').decode().strip()}",
    }
    connection = connect(host, int(port), _TIMEOUT_S)
    try:
        send_request(connection, "POST", f"/query/workspace?name={name}", headers)
    except BaseException:
        connection.close()
        raise
    return connection


def _read(state_dir: str) -> tuple[dict[str, Any], bytes]:
    head, _, fingerprint = _bytes(f"{state_dir}/{STILL}").partition(b"\n")
    return json.loads(head), fingerprint


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()
