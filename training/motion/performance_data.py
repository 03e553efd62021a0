"""Performances as training data: reading shards, encoding channels for networks, random crops.

A shard is an npz of `heard_BTH`, `controls_BTC` and `performance_BTP` (float16, PERFORMANCE_RATE
steps a second, physical units). Networks see performances *encoded*: left and right of a pair as
their mean and their difference, so that two lids blink together however roughly each is guessed;
gaze in the room rather than in the head, so that eyes held on the camera are one constant however
the head turns; and every channel divided by its spread.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import BadZipFile

import numpy as np
import torch

from inference.contract import PersonareError
from training.motion.hindsight import asked_answers, whole_saccades
from training.motion.performance import (
    CONTROL_SIZE,
    HEARD_SIZE,
    PERFORMANCE,
    PERFORMANCE_INDEX,
    PERFORMANCE_SIZE,
)

KEYS: Final = ("heard_BTH", "controls_BTC", "performance_BTP")
_SIZES: Final = (HEARD_SIZE, CONTROL_SIZE, PERFORMANCE_SIZE)
_PAIRS: Final = ("blink", "browOuterUp", "browDown", "smile")
_DIFFERENCE_SPREAD: Final = 0.4
"""Spread of a pair's difference, as a part of the channel's spread."""
_GAZE: Final = {"gazeYaw": ("headYaw", math.pi / 180 * 30), "gazePitch": ("headPitch", 0.48)}
"""Gaze channel -> the head angle it rides on, and the radians that its 1 is (27.5 degrees, between
up and down, for the pitch)."""
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "gazeYaw": (-0.7, 0.7), "gazePitch": (-0.5, 0.65), "side": (-0.32, 0.32),
    "articulation": (-0.95, 0.95), "headYaw": (-0.24, 0.24), "headPitch": (-0.24, 0.15),
    "headRoll": (-0.12, 0.12), "headX": (-0.25, 0.25), "headY": (-0.1, 0.12),
    "headZ": (-0.28, 0.28), "breath": (-1, 1), "squint": (0, 0.6), "cheekSquint": (0, 0.75),
    "noseSneer": (0, 0.45), "smileLeft": (0, 0.85), "smileRight": (0, 0.85), "frown": (0, 0.9),
    "press": (0, 0.75), "dimple": (0, 0.18), "shrug": (0, 0.5), "stretch": (0, 0.25),
    "roll": (0, 0.5), "jawDrop": (0, 0.1), "shoulders": (0, 0.17),
}  # fmt: skip
"""What a performance reaches (all but one step in two thousand of the teacher's; the head a
little less, since necks show seams beyond); every channel not named is a weight in [0, 1]."""


def limits() -> tuple[torch.Tensor, torch.Tensor]:
    """Smallest and largest physical value of every channel, each (PERFORMANCE_SIZE,)."""
    pairs = torch.tensor([_RANGES.get(name, (0.0, 1.0)) for name in PERFORMANCE])
    return pairs[:, 0].clone(), pairs[:, 1].clone()


def encoding() -> torch.Tensor:
    """Matrix E with encoded = physical @ E: (PERFORMANCE_SIZE, PERFORMANCE_SIZE)."""
    matrix = torch.diag(1 / torch.tensor(list(PERFORMANCE.values())))
    for name in _PAIRS:
        left, right = (PERFORMANCE_INDEX[f"{name}{side}"] for side in ("Left", "Right"))
        spread = PERFORMANCE[f"{name}Left"]
        matrix[left, left] = matrix[right, left] = 0.5 / spread
        matrix[left, right] = 1 / (_DIFFERENCE_SPREAD * spread)
        matrix[right, right] = -matrix[left, right]
    for gaze, (head, radians) in _GAZE.items():
        row, column = PERFORMANCE_INDEX[head], PERFORMANCE_INDEX[gaze]
        matrix[row, column] = 1 / (radians * PERFORMANCE[gaze])
    return matrix


def encode(performance: torch.Tensor) -> torch.Tensor:
    """Physical (..., P) -> encoded (..., P), of about unit spread."""
    return performance @ encoding()


def decode(encoded: torch.Tensor) -> torch.Tensor:
    """Encoded (..., P) -> physical (..., P), within `limits`."""
    low, high = limits()
    return (encoded @ torch.linalg.inv(encoding())).clamp(low, high)


class Crops(NamedTuple):
    """A batch of stretches of T steps."""

    heard_BTH: torch.Tensor
    controls_BTC: torch.Tensor
    encoded_BTP: torch.Tensor
    before_BP: torch.Tensor
    """The encoded step before the first; zeros at the beginning of a performance."""


class Shards:
    """Every performance of a folder, in memory as float16; `refresh` takes up new shards.

    One sequence in `holdout` of each shard is kept from training. Raises PersonareError when the
    folder holds no shard.
    """

    def __init__(self, folder: Path, holdout: int = 24, held_out: bool = False) -> None:
        self.folder, self._holdout, self._held_out = folder, holdout, held_out
        self._read: dict[str, tuple[int, tuple[np.ndarray, ...] | None]] = {}
        self.refresh()
        if not self._parts:
            raise PersonareError(
                f"There are no performances in {folder}.", remedy="Write shards with the teacher."
            )

    def refresh(self) -> int:
        """Read new and changed shards, forget those that went; how many were read.

        One that is being written is left for later.
        """
        files = {f.name: f for f in sorted(self.folder.glob("*.npz"))}
        for name in self._read.keys() - files.keys():
            del self._read[name]
        found = 0
        for name, file in files.items():
            try:
                written = file.stat().st_mtime_ns
                if name in self._read and self._read[name][0] == written:
                    continue
                with file.open("rb") as opened, np.load(opened) as data:
                    arrays = [data[key] for key in KEYS]
            except (OSError, ValueError, EOFError, KeyError, BadZipFile):
                continue
            self._read[name] = (written, self._take(file, arrays))
            found += 1
        return found

    @property
    def _parts(self) -> list[tuple[np.ndarray, ...]]:
        return [part for _, part in self._read.values() if part is not None]

    def _take(self, file: Path, arrays: list[np.ndarray]) -> tuple[np.ndarray, ...] | None:
        for array, size, key in zip(arrays, _SIZES, KEYS, strict=True):
            if array.shape[:2] != arrays[0].shape[:2] or array.shape[2] != size:
                raise PersonareError(f"{file.name}: {key} has the shape {array.shape}.")
        mine = (np.arange(len(arrays[0])) % self._holdout == self._holdout - 1) == self._held_out
        if not mine.any():
            return None
        heard, controls, performance = (a[mine].astype(np.float32) for a in arrays)
        performance = whole_saccades(performance)
        controls = asked_answers(heard, controls, performance, zlib.crc32(file.name.encode()))
        return tuple(a.astype(np.float16) for a in (heard, controls, performance))

    def __len__(self) -> int:
        return sum(len(part[0]) for part in self._parts)

    def steps(self) -> int:
        """Steps of all performances together."""
        return sum(part[0].shape[0] * part[0].shape[1] for part in self._parts)

    def whole(self, count: int) -> Crops:
        """The first `count` performances, from their beginnings, cut to the shortest."""
        length = min(part[0].shape[1] for part in self._parts)
        stacks = [
            np.concatenate([part[k][:, :length] for part in self._parts])[:count] for k in range(3)
        ]
        return _crops(stacks, np.zeros((len(stacks[0]), PERFORMANCE_SIZE), np.float32))

    def crops(self, batch: int, steps: int, rng: np.random.Generator) -> Crops:
        """`batch` stretches of `steps` steps, all performances and places equally likely."""
        weights = np.array([len(part[0]) for part in self._parts], np.float64)
        parts = self._parts
        chosen = rng.choice(len(parts), batch, p=weights / weights.sum())
        rows: list[list[np.ndarray]] = [[], [], []]
        before = np.zeros((batch, PERFORMANCE_SIZE), np.float32)
        for i, part_index in enumerate(chosen):
            part = parts[part_index]
            row = rng.integers(len(part[0]))
            start = rng.integers(part[0].shape[1] - steps + 1)
            for k in range(3):
                rows[k].append(part[k][row, start : start + steps])
            if start:
                before[i] = part[2][row, start - 1]
        return _crops([np.stack(r) for r in rows], before)


def _crops(stacks: list[np.ndarray], before: np.ndarray) -> Crops:
    heard, controls, performance = (torch.from_numpy(s.astype(np.float32)) for s in stacks)
    return Crops(heard, controls, encode(performance), encode(torch.from_numpy(before)))


def endless(
    shards: Shards, batch: int, steps: int, seed: int, refresh_every: int = 50
) -> Iterator[Crops]:
    """Crops without end, new shards taken up on the way."""
    rng = np.random.default_rng(seed)
    count = 0
    while True:
        yield shards.crops(batch, steps, rng)
        count += 1
        if count % refresh_every == 0:
            shards.refresh()
