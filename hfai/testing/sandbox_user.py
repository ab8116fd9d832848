"""A user of an engine in a sandbox: asks it with their own token, over HTTP or from processes of their own."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

from hfai import PROTOCOL

if TYPE_CHECKING:
    from hfai.testing.sandbox import EngineSandbox


class SandboxUser:
    """A user whom :meth:`EngineSandbox.add_user` has added.

    Args:
        name: on the platform.
        token: theirs.
        sandbox: the engine.

    Attributes:
        home: a home directory of their own.
        env: the environment for a subprocess (the CLI, a script with the SDK) of this user.
    """

    def __init__(self, name: str, token: str, sandbox: EngineSandbox) -> None:
        self.name = name
        self.token = token
        self._sandbox = sandbox
        self.home: Path = sandbox.directory / "homes" / name
        self.home.mkdir(parents=True, exist_ok=True)
        own = {name: value for name, value in sandbox.env.items() if name != "HFAI_ENGINE_DIR"}
        self.env = {**own, "HFAI_HOME": str(self.home), "MARSV2_SERVER": sandbox.url, "MARSV2_USER_TOKEN": token}

    def post(self, route: str, body: Any = None, /, **query: Any) -> dict[str, Any]:
        """POST to the engine as this user and return its answer, refusals included."""
        return self.request(route, body, **query)[1]

    def request(self, route: str, body: Any = None, /, **query: Any) -> tuple[int, dict[str, Any]]:
        """As :meth:`post`, with the HTTP status in front."""
        return ask(self._sandbox.url, self.token, route, body, query)


def ask(url: str, token: str, route: str, body: Any, query: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """One POST; lists in ``query`` become repeated arguments."""
    data = b"" if body is None else json.dumps(body).encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "hfai-protocol": str(PROTOCOL),
    }
    target = f"{url}/{route}?{urllib.parse.urlencode(query, doseq=True)}"
    request = urllib.request.Request(target, data=data, headers=headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=90) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)
