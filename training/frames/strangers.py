"""What trainings on imported strangers share: whom to watch, folders that grow, other light."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

import numpy as np

from inference.contract import Float32Array

P = TypeVar("P")
WATCHED: Final = 12
"""One stranger in so many is never trained on."""
_GREY: Final = (0.30, 0.59, 0.11)


def watched(name: str) -> bool:
    """Whether a stranger (`look-number...`) is kept to watch."""
    return int(name.split("-")[1]) % WATCHED == WATCHED - 1


def look_of(name: str) -> str:
    """The look of a stranger, `own` of a bundled character."""
    return name.split("-")[0] if "-" in name else "own"


class Strangers(Generic[P]):
    """The people of a folder of `.npz` files that may grow."""

    def __init__(self, folder: Path, load: Callable[[Path], P]) -> None:
        self._folder, self._load = folder, load
        self._known: set[str] = set()
        self.trained: list[P] = []
        self.held: list[P] = []

    def refresh(self) -> int:
        """Take in who is new; how many there are."""
        for path in sorted(self._folder.glob("*.npz")):
            if path.stem not in self._known:
                self._known.add(path.stem)
                (self.held if watched(path.stem) else self.trained).append(self._load(path))
        return len(self._known)


def colour_mix(saturation: float, gain_3: Float32Array) -> Float32Array:
    """A mix of colours (3, 3), to be multiplied with RGB: 0 is grey, 1 leaves the colours."""
    grey = np.tile(np.array(_GREY), (3, 1))
    mixed = grey * (1 - saturation) + np.eye(3) * saturation
    return np.asarray(mixed * gain_3[:, None], np.float32)


def random_gain(rng: np.random.Generator, spread: float) -> Float32Array:
    """Brightness of red, green and blue: each its own by a little, and all of them by `spread`."""
    return np.asarray(np.exp(rng.normal(0, 0.07, 3) + rng.normal(0, spread)), np.float32)


def add_arguments(parser: argparse.ArgumentParser, batch: int, rate: float) -> None:
    """What both trainings are told."""
    parser.add_argument("--strangers", type=Path, required=True, help="packed imported people")
    parser.add_argument("--own", type=Path, help="packed bundled characters")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
