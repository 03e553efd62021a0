"""Two-sided conversations from recordings of voices not trained on, with who speaks when.

Turns of one to four phrases, a phrase being some seconds of recordings close after each other, go
back and forth with gaps and pauses; in between both sides are silent for a while. What really is
speech is found by level, which is easy, as the recordings are clean.

Gaps between turns are about 0.2 s (Stivers et al., "Universals and cultural variation in
turn-taking in conversation", PNAS 2009), here 0.1 to 0.9 s; pauses between the phrases of a turn
0.4 to 1.0 s, longer than the 0.2 s that is usually taken for a pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import AUDIO_RATE, MOTION_RATE, Float32Array
from training.speech.augment import db, level

_PAUSE_S: Final = 0.2
_FLOOR_DB: Final = -75.0
_SPEECH_DB: Final = -26.0
_STEP: Final = AUDIO_RATE // MOTION_RATE


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Both streams (N,) at AUDIO_RATE, and per motion step (T,) who holds the floor.

    `listening_T`: within a turn of the other, their pauses included; `speaking_T` the same of the
    user; `idle_T`: at least 1.5 s from both. `pauses_S`: seconds at which the other falls silent
    for 0.2 s or more, or for good.
    """

    self_N: Float32Array
    other_N: Float32Array
    speaking_T: NDArray[np.bool_]
    listening_T: NDArray[np.bool_]
    idle_T: NDArray[np.bool_]
    pauses_S: NDArray[np.float64]


def make_dialogue(
    mine: Sequence[Float32Array], theirs: Sequence[Float32Array], seconds: float, seed: int
) -> Dialogue:
    """A conversation of about `seconds` between two voices, given as clips (N,) at AUDIO_RATE."""
    rng = np.random.default_rng(seed)
    voices = [_Voice(mine, rng), _Voice(theirs, rng)]
    count = int(seconds * AUDIO_RATE)
    streams = [(rng.standard_normal(count) * db(_FLOOR_DB)).astype(np.float32) for _ in range(2)]
    turns: list[tuple[int, int, int]] = []
    at, side = int(rng.uniform(1, 4) * AUDIO_RATE), int(rng.integers(2))
    while len(turn_N := voices[side].turn(count - at)):
        streams[side][at : at + len(turn_N)] += turn_N
        turns.append((side, at, at + len(turn_N)))
        at += len(turn_N) + int(rng.uniform(0.1, 0.9) * AUDIO_RATE)
        if rng.uniform() < 0.2:
            at += int(rng.uniform(10, 20) * AUDIO_RATE)
        side = 1 - side if rng.uniform() < 0.8 else side
    steps = count // _STEP
    floor = [_within(turns, which, steps, 0.0) for which in (0, 1)]
    busy_T = _within(turns, 0, steps, 1.5) | _within(turns, 1, steps, 1.5)
    return Dialogue(
        np.clip(streams[0], -1, 1),
        np.clip(streams[1], -1, 1),
        floor[0] & ~floor[1],
        floor[1] & ~floor[0],
        ~busy_T,
        pauses(streams[1]),
    )


class _Voice:
    """Hands out turns, using every clip once before any twice."""

    def __init__(self, clips: Sequence[Float32Array], rng: np.random.Generator) -> None:
        if not clips:
            raise ValueError("a voice needs clips")
        self._clips, self._rng = clips, rng
        self._left: list[int] = []

    def turn(self, longest: int) -> Float32Array:
        """One to four phrases, fewer where they would be longer than `longest`; maybe none."""
        said = _rest(0.0)
        pause_N = said
        for _ in range(int(self._rng.integers(1, 5))):
            phrase_N = self._phrase()
            if len(said) + len(pause_N) + len(phrase_N) > longest:
                break
            said = np.concatenate([said, pause_N, phrase_N])
            pause_N = _rest(float(self._rng.uniform(0.4, 1.0)))
        return said

    def _phrase(self) -> Float32Array:
        parts: list[Float32Array] = []
        wanted = int(self._rng.uniform(2, 6) * AUDIO_RATE)
        while sum(map(len, parts)) < wanted:
            clip_N = trim(self._next())
            parts += [clip_N * np.float32(db(_SPEECH_DB) / level(clip_N)), _rest(0.08)]
        return np.concatenate(parts[:-1])

    def _next(self) -> Float32Array:
        if not self._left:
            self._left = list(self._rng.permutation(len(self._clips)))
        return self._clips[self._left.pop()]


def _rest(seconds: float) -> Float32Array:
    return np.zeros(int(seconds * AUDIO_RATE), np.float32)


def _within(
    turns: Sequence[tuple[int, int, int]], which: int, steps: int, margin_s: float
) -> NDArray[np.bool_]:
    inside = np.zeros(steps, np.bool_)
    margin = int(margin_s * AUDIO_RATE)
    for side, start, end in turns:
        if side == which:
            inside[max(0, start - margin) // _STEP : (end + margin) // _STEP] = True
    return inside


def active(audio_N: Float32Array) -> NDArray[np.bool_]:
    """Which 10 ms frames of a clean recording are within 35 dB of its loud ones."""
    hop = AUDIO_RATE // 100
    frames = audio_N[: len(audio_N) // hop * hop].reshape(-1, hop)
    level_T = 10 * np.log10((frames.astype(np.float64) ** 2).mean(1) + 1e-12)
    found: NDArray[np.bool_] = level_T > max(np.percentile(level_T, 98) - 35, _FLOOR_DB + 8)
    return found


def trim(audio_N: Float32Array) -> Float32Array:
    """Without the silence at both ends, but for 30 ms."""
    found = np.flatnonzero(active(audio_N))
    if not len(found):
        return audio_N
    hop = AUDIO_RATE // 100
    return audio_N[max(0, found[0] - 3) * hop : (found[-1] + 4) * hop]


def pauses(audio_N: Float32Array) -> NDArray[np.float64]:
    """Seconds at which speech stops for `_PAUSE_S` or more."""
    found = np.flatnonzero(active(audio_N))
    if not len(found):
        return np.zeros(0)
    gap = np.append(np.diff(found) * 0.01, np.inf)
    return np.asarray((found[gap >= _PAUSE_S] + 1) * 0.01)
