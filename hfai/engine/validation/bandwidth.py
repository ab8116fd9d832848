"""How much a TCP connection carries. The nodes of one machine are joined by its loopback."""

from __future__ import annotations

import socket
import threading
import time

from hfai.model.phrase import Phrase
from hfai.node.check import Check, failed

_BLOCK = bytes(256 << 10)
_BYTES = 128 << 20
_MOST_S = 1.0
_PATIENCE_S = 5.0


def bandwidth(least_bytes_per_s: int) -> Check:
    """Send up to 128 MiB through the loopback, for a second at most."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(_PATIENCE_S)
            threading.Thread(target=_send, args=(listener.getsockname(),), daemon=True).start()
            receiver, _ = listener.accept()
            with receiver:
                receiver.settimeout(_PATIENCE_S)
                received, began, room = 0, time.monotonic(), bytearray(len(_BLOCK))
                while received < _BYTES and time.monotonic() - began < _MOST_S and (got := receiver.recv_into(room)):
                    received += got
                speed = received / max(time.monotonic() - began, 1e-9)
    except OSError as error:
        return failed("bandwidth", Phrase("the loopback does not work: {reason}", reason=str(error)))
    return Check("bandwidth", speed, least_bytes_per_s, "bytes/s", text=Phrase("loopback"))


def _send(address: tuple[str, int]) -> None:
    try:
        with socket.create_connection(address, _PATIENCE_S) as sender:
            for _ in range(_BYTES // len(_BLOCK)):
                sender.sendall(_BLOCK)
    except OSError:
        pass  # who receives has had enough, or notices by itself
