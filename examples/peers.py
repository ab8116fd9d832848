"""Averages over the ranks of a task, with nothing but TCP: rank 0 listens on MASTER_ADDR:MASTER_PORT, the others connect.

Enough for an example. A real model uses ``torch.distributed``, which reads the same variables.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from types import TracebackType

import numpy as np

_PATIENCE_S = 60


class Peers:
    """The other ranks; with one rank everything is its own average.

    Args:
        rank: this rank, from 0.
        world_size: number of ranks.
    """

    def __init__(self, rank: int, world_size: int) -> None:
        self.world_size = world_size
        self._others: list[socket.socket] = []
        self._master: socket.socket | None = None
        if world_size == 1:
            return
        address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        if rank == 0:
            with socket.create_server(address, backlog=world_size) as server:
                self._others = [server.accept()[0] for _ in range(world_size - 1)]
        else:
            self._master = _connect(address)
        for peer in [*self._others, *filter(None, [self._master])]:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """The mean of ``values`` over all ranks; every rank calls it with the same shape. Blocks until all have."""
        if self.world_size == 1:
            return values
        if self._master is not None:
            _send(self._master, values)
            return _receive(self._master, values)
        total = values + sum(_receive(other, values) for other in self._others)
        average = total / self.world_size
        for other in self._others:
            _send(other, average)
        return average

    def __enter__(self) -> Peers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for peer in [*self._others, *filter(None, [self._master])]:
            peer.close()


def _connect(address: tuple[str, int]) -> socket.socket:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return socket.create_connection(address, timeout=None)
        except ConnectionRefusedError:
            # The ranks start in any order: rank 0 may not listen yet.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _send(peer: socket.socket, values: np.ndarray) -> None:
    content = values.astype("<f8").tobytes()
    peer.sendall(struct.pack("<Q", len(content)) + content)


def _receive(peer: socket.socket, like: np.ndarray) -> np.ndarray:
    (size,) = struct.unpack("<Q", _exactly(peer, 8))
    return np.frombuffer(_exactly(peer, size), "<f8").reshape(like.shape)


def _exactly(peer: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        part = peer.recv(size - len(content))
        if not part:
            raise ConnectionError("another rank has ended")
        content += part
    return bytes(content)
