"""``listen`` in engine.yaml: other machines are answered too, and clients here still find the engine by its loopback address."""

from __future__ import annotations

import http.client
import socket

import pytest

from hfai.engine.config_listen import read_listen
from hfai.model.errors import ConfigError, EngineStartError
from hfai.testing import EngineSandbox


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status_of(host: str, port: int, name: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", "/api_server_status", headers={"Host": name})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.2"])
def test_other_addresses_are_answered(host: str) -> None:
    """127.0.0.2 stands for the address of a network: this machine has it and it is not 127.0.0.1."""
    port = free_port()
    with EngineSandbox({"nodes": 1, "listen": f"{host}:{port}"}) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{port}"
        assert sandbox.post("query/user/info")["success"] == 1
        assert status_of("127.0.0.2", port, "train.example.org") == 200


def test_without_it_only_this_machine_is() -> None:
    with EngineSandbox({"nodes": 1}) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        assert status_of("127.0.0.1", port, "train.example.org") == 403
        with pytest.raises(ConnectionRefusedError):
            status_of("127.0.0.2", port, "localhost")


@pytest.mark.parametrize(
    "value", ["8080", "0.0.0.0", "example.org:80", "0.0.0.0:0", "0.0.0.0:65536", "[::1:80", 8080, None]
)
def test_what_it_cannot_be(value: object) -> None:
    with pytest.raises(ValueError, match="must be ADDRESS:PORT"):
        read_listen("listen", value)


def test_what_it_can_be() -> None:
    assert (read_listen("listen", "[::]:8080").host, read_listen("listen", "10.0.0.5:1").port) == ("::", 1)


def test_errors_of_the_start() -> None:
    for config in ({"listen": "0.0.0.0:80", "port": 80}, {"listen": "everywhere"}):
        with EngineSandbox(config, start=False) as sandbox, pytest.raises(ConfigError, match="listen"):
            sandbox.start()
    elsewhere = pytest.raises(EngineStartError, match=r"203\.0\.113\.7")
    with EngineSandbox({"listen": f"203.0.113.7:{free_port()}"}, start=False) as sandbox, elsewhere:
        sandbox.start()
