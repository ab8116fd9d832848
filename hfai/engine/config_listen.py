"""``listen`` in engine.yaml: where a server for several people is reached, as ``ADDRESS:PORT``."""

from __future__ import annotations

import ipaddress

from attrs import frozen


@frozen
class Listen:
    """An address of this machine and a port.

    Attributes:
        host: an IP address; ``0.0.0.0`` or ``::`` for each that the machine has.
        port: from 1.
    """

    host: str
    port: int

    @property
    def reaches_loopback(self) -> bool:
        """Whether clients on this machine get there by its loopback address."""
        return self.host in ("0.0.0.0", "::", "127.0.0.1")


def read_listen(key: str, value: object) -> Listen:
    """What ``listen`` means.

    Raises:
        ValueError: it cannot be used; the text says what.
    """
    expected = (
        f"{key} is {value!r}: it must be ADDRESS:PORT, for example 0.0.0.0:8080 for every address of this machine"
    )
    if not isinstance(value, str):
        raise ValueError(expected)
    host, _, port = value.strip().rpartition(":")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(expected)
    try:
        address = ipaddress.ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    except ValueError:
        raise ValueError(expected) from None
    return Listen(str(address), int(port))
