"""The controls of a performance over time: liveliness, warmth, moods and cues asked for.

They change at random moments, as a user would move a slider, choose a mood or press a cue; most of
the time the mood is neutral. A mood may be changed at once or faded over 0.5 to 1.5 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.contract import CUES, MOODS, Float32Array
from training.motion.performance import CONTROL_SIZE, CUE_SECONDS
from training.teacher.shapes import RATE, Rng, Track, glide

BLOCK_S: Final = 40.0
"""Cues are given out block by block, the length of a window of the shards."""
_NO_CUES: Final = 1 / 3
_CUE_GAP: Final = 6.5
_LIVELY_GAP: Final = 45.0
_MOOD_GAP: Final = 22.0


@dataclass(frozen=True, slots=True)
class Direction:
    """`liveliness_T`, `warmth_T` in [0, 1]; `mood_TM` adds up to 1; cues as (seconds, name)."""

    liveliness_T: Track
    warmth_T: Track
    mood_TM: Track
    cues: list[tuple[float, str]]

    def controls(self) -> Float32Array:
        """CONTROLS of every step: float32 (T, CONTROL_SIZE)."""
        clock_TC = np.zeros((len(self.warmth_T), len(CUES)))
        fade = 1 - np.arange(int(CUE_SECONDS * RATE)) / (CUE_SECONDS * RATE)
        for seconds, name in self.cues:
            first = round(seconds * RATE)
            part = fade[: max(len(clock_TC) - first, 0)]
            clock_TC[first : first + len(part), CUES.index(name)] = part
        out = np.column_stack([self.liveliness_T, self.warmth_T, self.mood_TM, clock_TC])
        assert out.shape[1] == CONTROL_SIZE
        return out.astype(np.float32)


def steady(
    size: int,
    liveliness: float = 0.5,
    warmth: float = 0.5,
    moods: dict[str, float] | None = None,
    cues: list[tuple[float, str]] | None = None,
) -> Direction:
    """Controls that stay the same for `size` steps; moods default to neutral."""
    weights = moods or {"neutral": 1.0}
    mood_M = np.array([weights.get(name, 0.0) for name in MOODS])
    return Direction(
        np.full(size, liveliness), np.full(size, warmth), np.tile(mood_M, (size, 1)), cues or []
    )


def direct(rng: Rng, seconds: float) -> Direction:
    """Random controls over `seconds`."""
    size = round(seconds * RATE)
    return Direction(
        _slider(rng, size), _slider(rng, size), _moods(rng, size), _cues(rng, seconds)
    )  # fmt: skip


def _slider(rng: Rng, size: int) -> Track:
    """The middle is likeliest, both ends happen; jumps, or is drawn along within a second."""

    def value() -> float:
        return 0.5 if rng.uniform() < 0.25 else float(np.clip(rng.normal(0.5, 0.33), 0, 1))

    changes, now = [], float(rng.exponential(_LIVELY_GAP))
    while now < size / RATE:
        changes.append((now, float(rng.choice([0.04, 1.0])), value()))
        now += 3 + float(rng.exponential(_LIVELY_GAP))
    return np.clip(glide(size, value(), changes), 0, 1)


def _mixture(rng: Rng) -> Track:
    """Weights of MOODS, adding up to 1."""
    weights = np.zeros(len(MOODS))
    kind = rng.uniform()
    if kind < 0.4:
        weights[0] = 1
    elif kind < 0.78:
        weights[rng.integers(1, len(MOODS))] = 1
    elif kind < 0.9:
        share = float(rng.uniform(0.3, 0.8))
        weights[rng.integers(1, len(MOODS))] = share
        weights[0] = 1 - share
    else:
        first, second = rng.choice(np.arange(1, len(MOODS)), 2, replace=False)
        share = float(rng.uniform(0.3, 0.7))
        weights[first], weights[second] = share, 1 - share
    return weights


def _moods(rng: Rng, size: int) -> Track:
    mood_TM = np.tile(_mixture(rng), (size, 1))
    now = float(rng.exponential(_MOOD_GAP))
    while now < size / RATE:
        first, to = int(now * RATE), _mixture(rng)
        steps = 1 if rng.uniform() < 0.5 else int(rng.uniform(0.5, 1.5) * RATE)
        share = np.minimum(np.arange(1, size - first + 1) / steps, 1.0)[:, None]
        mood_TM[first:] = mood_TM[first] + share * (to - mood_TM[first])
        now += 4 + float(rng.exponential(_MOOD_GAP))
    return mood_TM


def _cues(rng: Rng, seconds: float) -> list[tuple[float, str]]:
    """None in a third of the blocks, else one about every 6.5 s, on the grid of the steps."""
    cues: list[tuple[float, str]] = []
    for block in np.arange(0.0, seconds, BLOCK_S):
        if rng.uniform() < _NO_CUES:
            continue
        now = block + float(rng.exponential(_CUE_GAP))
        while now < min(block + BLOCK_S, seconds - 2):
            cues.append((round(now * RATE) / RATE, str(rng.choice(CUES))))
            now += 1.0 + float(rng.exponential(_CUE_GAP - 1.0))
    return cues
