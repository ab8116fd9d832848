"""States with torch tensors: ``torch.save``, read with ``weights_only=True``.

The file is an ordinary ``.pt`` file. It is a pickle, but read by PyTorch's restricted reader: tensors, containers and
numbers, plus NumPy arrays and the classes you allow; anything else in it is refused instead of run.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Sequence

from hfai.model.errors import HfaiError, UsageError


class TorchCodec:
    """Saves with ``torch.save`` and loads without running what a pickle may hold; needs PyTorch 2.5 or newer.

    Args:
        allow: classes and functions beyond tensors, containers, numbers and NumPy arrays that a state may hold.
        map_location: the device that tensors are loaded to, as for ``torch.load``; ``load_state_dict`` copies them on
            to where the model is.

    Example:
        >>> checkpoints = Checkpoints("checkpoints", codec=TorchCodec(allow=[MyConfig]))  # doctest: +SKIP
    """

    suffix = ".pt"

    def __init__(self, *, allow: Sequence[Any] = (), map_location: Any = "cpu") -> None:
        self._allow = tuple(allow)
        self._map_location = map_location

    def write(self, state: Any, path: Path) -> None:
        """Raises UsageError for a state that :meth:`read` would refuse, naming the classes."""
        torch: Any = importlib.import_module("torch")
        torch.save(state, path)
        with torch.serialization.safe_globals(self._safe()):
            refused = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        if refused:
            raise UsageError(
                "the state holds {refused}, which could not be loaded again without running code from the file: save plain "
                "values or a state_dict() instead, or allow it with Checkpoints(..., codec=TorchCodec(allow=[...]))",
                refused=", ".join(sorted(refused)),
            )

    def read(self, path: Path) -> Any:
        """Raises HfaiError for what this PyTorch, or ``allow``, does not let in."""
        torch: Any = importlib.import_module("torch")
        try:
            with torch.serialization.safe_globals(self._safe()):
                return torch.load(path, map_location=self._map_location, weights_only=True)
        except Exception as error:
            raise HfaiError("{path} cannot be loaded: {reason}", path=path, reason=error) from error

    def _safe(self) -> list[Any]:
        try:
            numpy: Any = importlib.import_module("numpy")
        except ImportError:
            return list(self._allow)
        # The functions that an array and a number of NumPy are pickled as; their module's name depends on its version.
        array, number = numpy.empty(0).__reduce__()[0], numpy.float64(0).__reduce__()[0]
        dtypes = [type(numpy.dtype(code)) for code in "?bhilqBHILQefdgFDGSUV"]
        encode: Any = importlib.import_module("_codecs").encode
        return [array, number, numpy.ndarray, numpy.dtype, encode, *dtypes, *self._allow]
