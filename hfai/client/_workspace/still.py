"""What has been touched since the last push, seen before anything is loaded that a push needs besides."""

from __future__ import annotations

import json
import os

from hfai import PROTOCOL, __version__
from hfai.client._http import connect, read_answer, send_request
from hfai.client._workspace.memory import look, open_memory
from hfai.model.workspace.usual import STATE_DIR

TYPE_CHECKING = False  # nothing may be imported here that is not needed each time
if TYPE_CHECKING:
    import socket
    from typing import Any, Optional, Tuple

    from hfai.client._workspace.memory import Look

    # The root of the workspace around the current directory, what was touched in it, and the engine's record of it.
    Seen = Tuple[str, Look, dict[str, Any]]


# Any of them may say that another platform than the engine of this machine is meant.
_ELSEWHERE = ("HFAI_CONTEXT", "HFAI_RUN", "MARSV2_SERVER")
# An engine that takes longer is the push's business, which says what it waits for.
_TIMEOUT_S = 2.0
# What a name may hold beside letters and digits.
_NO_LETTERS = dict.fromkeys(map(ord, "_.+-"))


def look_here() -> Optional[Seen]:
    """What has been touched in the workspace around the current directory; what was looked at has to be closed.

    None whenever anything is not as it is nearly always: the engine of this machine does not run or is another version, a
    configuration names another platform, the workspace has never been pushed, anything at all fails. Then a push finds out.
    """
    memory = None
    try:
        root = _root()
        if root is None or any(os.environ.get(name) for name in _ELSEWHERE):
            return None
        memory = open_memory(f"{root}/{STATE_DIR}")
        connection = _asked(memory.name) if memory.agreed else None
        if connection is None:
            return None
        with connection:
            found = look(root, memory)  # while the engine looks up its side
            answer = read_answer(connection)
        there = json.loads(answer.body)["result"] if answer.status == 200 else {}
        if there.get("uid") == memory.uid:
            memory = None
            return root, found, there
    except (OSError, KeyError, TypeError, ValueError):
        pass
    finally:
        if memory is not None:
            memory.close()
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
    if not name.isascii() or not name.translate(_NO_LETTERS).isalnum():
        return None  # what is remembered may be anybody's, and this goes into a request as it is
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
        send_request(connection, "POST", f"/query/workspace?name={name.replace('+', '%2B')}", headers)
    except BaseException:
        connection.close()
        raise
    return connection


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()
