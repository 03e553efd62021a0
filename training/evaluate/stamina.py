"""Does a performance drift? Its last five minutes against its first, in one long stream.

The same five minutes of conversation are played again and again, without a reset, so that the
first and the last block differ by nothing but chance and drift. How much chance does is measured:
the same block from a fresh start, with other seeds. Of every motion channel the mean and the spread
are compared. `distance` puts all of them together: the root mean square of the differences, each
divided by its typical difference between two seeds. The bar: the last block is no further from the
first than the two seeds furthest apart. Single channels beyond the largest difference between two
seeds are counted and named, since among 122 some will be by chance.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import AUDIO_RATE, MOTION_NAMES, MotionSource
from training.evaluate.dialogue import Dialogue
from training.evaluate.table import Row

MEMORY_BAR_MB: Final = 5.0
_PUSH: Final = AUDIO_RATE // 10
_FLAT: Final = 1e-6
"""A statistic that no two seeds change by more than this is not compared."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Of the last block against the first, and between seeds."""

    distance: float
    between_seeds: float
    beyond: list[str]
    finite: bool
    memory_mb: float
    minutes: float


def resident_mb() -> float:
    """Memory of this process that is in use, in MB (Linux; elsewhere 0)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(s for s in status.read_text().splitlines() if s.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class _Sums:
    """Mean and spread of a stream of motions, without keeping them."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = np.zeros(len(MOTION_NAMES))
        self.squares = np.zeros(len(MOTION_NAMES))

    def add(self, motion_TD: NDArray[np.float32]) -> None:
        wide = motion_TD.astype(np.float64)
        self.count += len(wide)
        self.sum += wide.sum(0)
        self.squares += (wide**2).sum(0)

    def statistics(self) -> NDArray[np.float64]:
        """Means, then spreads: (122,)."""
        mean = self.sum / max(self.count, 1)
        variance = np.maximum(self.squares / max(self.count, 1) - mean**2, 0)
        return np.concatenate([mean, np.sqrt(variance)])


def _play(performer: MotionSource, block: Dialogue) -> NDArray[np.float64]:
    """Stream one block, without a reset."""
    sums = _Sums()
    for at in range(0, len(block.self_N), _PUSH):
        piece = slice(at, at + _PUSH)
        sums.add(performer.push(block.self_N[piece], block.other_N[piece]).motion_TD)
    return sums.statistics()


def measure(performer: MotionSource, block: Dialogue, blocks: int, seeds: int) -> Drift:
    """Stream `block` `blocks` times, and once each with `seeds` more seeds."""
    performer.reset(0)
    first = _play(performer, block)
    last, finite, memory = first, bool(np.isfinite(first).all()), 0.0
    for number in range(1, blocks):
        if number == 1:
            gc.collect()
            memory = resident_mb()
        last = _play(performer, block)
        finite = finite and bool(np.isfinite(last).all())
    gc.collect()
    grown = resident_mb() - memory
    others = [first]
    for seed in range(1, seeds + 1):
        performer.reset(seed)
        others.append(_play(performer, block))
    distance, between, beyond = compare(first, last, others)
    seconds = blocks * len(block.self_N) / AUDIO_RATE
    return Drift(distance, between, beyond, finite, grown, seconds / 60)


def compare(
    first: NDArray[np.float64], last: NDArray[np.float64], seeds: Sequence[NDArray[np.float64]]
) -> tuple[float, float, list[str]]:
    """Distance of first and last, largest between seeds, and statistics beyond any pair's."""
    pairs = np.array([np.abs(a - b) for a, b in combinations(seeds, 2)])
    typical, largest = np.sqrt((pairs**2).mean(0)), pairs.max(0)
    drift = np.abs(last - first)
    moving = typical > _FLAT
    scale = np.where(moving, typical, 1.0)
    between = np.sqrt(((pairs / scale)[:, moving] ** 2).mean(1)).max() if moving.any() else 0.0
    distance = np.sqrt(((drift / scale)[moving] ** 2).mean()) if moving.any() else 0.0
    names = [f"{kind} of {n}" for kind in ("mean", "spread") for n in MOTION_NAMES]
    beyond = [
        f"{name} ({d:.3g} against {m:.3g})"
        for name, d, m in zip(names, drift, largest, strict=True)
        if d > max(m, _FLAT)
    ]
    return float(distance), float(between), beyond


def stamina_rows(performer: MotionSource, block: Dialogue, blocks: int, seeds: int) -> list[Row]:
    """Statistics and memory over the whole stream."""
    drift = measure(performer, block, blocks, seeds)
    each = len(block.self_N) / AUDIO_RATE / 60
    named = f": {', '.join(drift.beyond[:6])}" if drift.beyond else ""
    return [
        Row(
            f"{drift.minutes:.0f} minutes streamed: the last {each:.1f} min against the first",
            "means and spreads differ by less than between two seeds; no NaN",
            f"distance {drift.distance:.2f}, between seeds up to {drift.between_seeds:.2f}; "
            f"{len(drift.beyond)} of 122 beyond any two of {seeds + 1} seeds{named}; "
            f"{'no NaN' if drift.finite else 'NaN'}",
            drift.finite and drift.distance <= drift.between_seeds,
            "LPM shows 22-48 min clips",
            {"distance": drift.distance, "between_seeds": drift.between_seeds,
             "beyond": drift.beyond, "finite": drift.finite},
        ),
        Row(
            f"memory growth over {drift.minutes:.0f} minutes",
            "within 5 MB",
            f"{drift.memory_mb:+.1f} MB",
            drift.memory_mb <= MEMORY_BAR_MB,
            "",
            {"memory_mb": drift.memory_mb},
        ),
    ]  # fmt: skip
