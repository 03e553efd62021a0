"""Performers that do exactly what a test says, to see whether the evaluation tells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inference.contract import (
    MOTION_INDEX,
    MOTION_RATE,
    MOTION_SIZE,
    STEP_SAMPLES,
    VISEMES,
    Controls,
    Float32Array,
    MotionTrack,
)

Draw = Callable[[Float32Array, Float32Array, int], Float32Array]
"""(self (T, 320), other (T, 320), first step) -> motion (T, 61)."""


def still(self_TS: Float32Array, other_TS: Float32Array, first: int) -> Float32Array:
    """A frozen face."""
    return np.zeros((len(self_TS), MOTION_SIZE), np.float32)


def level_of(audio_TS: Float32Array) -> Float32Array:
    """RMS of each step, NaN taken for silence."""
    return np.sqrt((np.nan_to_num(audio_TS, nan=0, posinf=0, neginf=0) ** 2).mean(1))


class FakePerformer:
    """Streams `draw` over whole steps of both sides; obeys nothing by itself."""

    def __init__(self, draw: Draw = still) -> None:
        self.controls = Controls()
        self.draw = draw
        self.reset()

    def reset(self, seed: int = 0) -> None:
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.steps = 0
        self.asked: list[tuple[str, int]] = []
        self._left = [np.zeros(0, np.float32), np.zeros(0, np.float32)]

    def cue(self, name: str) -> None:
        self.asked.append((name, self.steps))

    def push(self, self_N: Float32Array, other_N: Float32Array | None = None) -> MotionTrack:
        both = (self_N, np.zeros_like(self_N) if other_N is None else other_N)
        self._left = [np.concatenate(pair) for pair in zip(self._left, both, strict=True)]
        count = len(self._left[0]) // STEP_SAMPLES
        size = count * STEP_SAMPLES
        steps = [audio_N[:size].reshape(count, STEP_SAMPLES) for audio_N in self._left]
        self._left = [audio_N[size:] for audio_N in self._left]
        motion_TD = self.draw(steps[0], steps[1], self.steps)
        time_T = (self.steps + 1 + np.arange(count)) / MOTION_RATE
        self.steps += count
        none_T = np.zeros(count, np.float32)
        return MotionTrack(time_T, motion_TD, none_T, none_T, np.zeros((count, len(VISEMES)), "f"))


def column(motion_TD: Float32Array, name: str) -> Float32Array:
    """A view of one channel."""
    return motion_TD[:, MOTION_INDEX[name]]
