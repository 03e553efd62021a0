"""Memory that is used again for every frame.

A new array of a megabyte costs more than what is computed into it: the system hands it out page by
page, each empty, and takes it back at once. So what a frame needs on its way has a name here, and
keeps its memory from frame to frame. Nothing else is kept: contents never outlive a frame.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Scratch:
    """Arrays by name, for one thread."""

    def __init__(self) -> None:
        self._flat: dict[tuple[str, Any], NDArray[Any]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any = np.uint8) -> NDArray[Any]:
        """An array in one piece with any contents, the same memory as under this name before."""
        key, size = (name, np.dtype(dtype)), math.prod(shape)
        flat = self._flat.get(key)
        if flat is None or flat.size < size:
            flat = self._flat[key] = np.empty(size, dtype)
        return flat[:size].reshape(shape)
