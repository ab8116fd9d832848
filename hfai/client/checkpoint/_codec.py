"""How a state becomes a file; the file's suffix says which codec reads it again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Optional, Protocol

from hfai.client.checkpoint._arrays_codec import ArraysCodec
from hfai.client.checkpoint._torch_codec import TorchCodec
from hfai.model.errors import HfaiError


class Codec(Protocol):
    """Writes a state to a file and reads it back; bring your own with these two methods and a suffix.

    ``write`` creates the file ``path`` (it need not sync it) and raises if the state would not come back from ``read``:
    a checkpoint that cannot be loaded must fail while the training is still there. ``suffix`` begins with a dot, and
    no two codecs share one.
    """

    suffix: str

    def write(self, state: Any, path: Path) -> None: ...

    def read(self, path: Path) -> Any: ...


def codec_for_writing(state: Any, wanted: Optional[Codec]) -> Codec:
    """``wanted``, or :class:`TorchCodec` for a state with a torch tensor in it and :class:`ArraysCodec` for others."""
    if wanted is not None:
        return wanted
    return TorchCodec() if _holds_tensors(state) else ArraysCodec()


def codec_for_reading(path: Path, wanted: Optional[Codec]) -> Codec:
    """The codec that wrote ``path``."""
    codecs: tuple[Codec, ...] = (*((wanted,) if wanted else ()), TorchCodec(), ArraysCodec())
    for codec in codecs:
        if path.name.endswith(codec.suffix):
            return codec
    raise HfaiError("no codec for {path}: give Checkpoints the one that it was saved with", path=path)


def _holds_tensors(state: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return False
    if isinstance(state, torch.Tensor):
        return True
    if isinstance(state, dict):
        return any(map(_holds_tensors, state.values()))
    return isinstance(state, (list, tuple)) and any(map(_holds_tensors, state))
