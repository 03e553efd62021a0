"""What the student will hear of a conversation: HEARD with the errors of a live listener.

The semantics are those of `training.motion.heard.Heard`, here over whole tracks at once: its means
are plain averages of the first 200 counted steps and fade exponentially after. The errors are
those of a causal detector: it tells of speech 20-80 ms late, its edges are soft, now and then it
takes a noise for speech or misses some, and level and pitch are off by a little.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from inference.contract import MOTION_RATE, Float32Array
from training.motion.performance import HEARD_SIZE
from training.teacher.conversation import Conversation, Side
from training.teacher.shapes import Rng, Track

_SLOWEST: Final = 200
_LATEST: Final = 4
"""Steps of 20 ms by which speech may be told late."""


def hear(conversation: Conversation, rng: Rng) -> Float32Array:
    """HEARD of both sides at the performance's rate: float32 (T, 8)."""
    mine_S4 = _side(conversation.me, conversation.you, rng, float(rng.uniform(0, 0.7)))
    yours_S4 = _side(conversation.you, conversation.me, rng, 0.0)
    heard_SH = np.concatenate([mine_S4, yours_S4], 1)[::2]
    assert heard_SH.shape[1] == HEARD_SIZE
    return np.ascontiguousarray(heard_SH, np.float32)


def _side(side: Side, beside: Side, rng: Rng, echo: float) -> Float32Array:
    """A quarter of HEARD at MOTION_RATE: (S, 4). `echo` is how well the far voice is heard here."""
    delay = int(rng.integers(1, _LATEST + 1))
    speaking_S = _detected(side.speaking_S, beside.speaking_S, delay, rng, echo)
    late = int(rng.integers(0, 2))
    size = len(speaking_S)
    floor = float(rng.uniform(-72, -48))
    noise_S = floor + 1.5 * rng.standard_normal(size)
    level_S = np.logaddexp(_late(side.level_S, late) / 4.343, noise_S / 4.343) * 4.343
    level_S = level_S + 0.7 * rng.standard_normal(size)
    pitch_S = _mistaken_pitch(_late(side.pitch_S, late + 1), rng)
    return heard_track(speaking_S, level_S, pitch_S)


def _late(track_S: Float32Array, steps: int) -> Track:
    return np.concatenate([np.full(steps, track_S[0]), track_S[: len(track_S) - steps]]).astype(
        np.float64
    )


def _detected(
    true_S: Float32Array, beside_S: Float32Array, delay: int, rng: Rng, echo: float
) -> Track:
    """Speaking probability: late, soft-edged, with false alarms and misses."""
    size = len(true_S)
    flag_S = _late(true_S, delay)
    for start, length, value in _mishaps(size, rng):
        flag_S[start : start + length] = np.abs(flag_S[start : start + length] - value)
    # The echo of the others is sometimes half taken for the user.
    if echo > 0.4 and rng.uniform() < 0.3:
        mask_S = uniform_filter1d(rng.uniform(size=size), 25) > 0.64
        flag_S = np.maximum(flag_S, _late(beside_S, delay) * mask_S * rng.uniform(0.2, 0.7))
    up, down = float(rng.uniform(0.45, 0.8)), float(rng.uniform(0.25, 0.6))
    soft_S = _asymmetric(flag_S, up, down)
    high = 1 - 0.06 * np.abs(uniform_filter1d(rng.standard_normal(size), 6)) * 2
    low = 0.02 + 0.03 * np.abs(uniform_filter1d(rng.standard_normal(size), 6)) * 2
    return np.clip(low + soft_S * (high - low), 0, 1)


def _asymmetric(flag_S: Track, up: float, down: float) -> Track:
    """One-pole smoothing, faster upwards; as the larger of a fast and a slow one."""
    fast = lfilter([up], [1, up - 1], flag_S)
    slow = lfilter([down], [1, down - 1], flag_S)
    return np.asarray(np.where(flag_S > 0.5, fast, np.maximum(slow, 0)), np.float64)


def _mishaps(size: int, rng: Rng) -> list[tuple[int, int, float]]:
    """(first step, steps, by how much) of false alarms and misses: 1.5 a minute."""
    count = int(rng.poisson(1.5 * size / MOTION_RATE / 60))
    return [
        (int(rng.integers(size)), int(rng.integers(2, 13)), float(rng.uniform(0.3, 1.0)))
        for _ in range(count)
    ]


def _mistaken_pitch(pitch_S: Track, rng: Rng) -> Track:
    """Jitter, octave errors and dropouts of a causal pitch tracker."""
    size = len(pitch_S)
    out_S = pitch_S * np.exp2(0.02 * rng.standard_normal(size))
    octave_S = uniform_filter1d(rng.uniform(size=size), 5)
    out_S = np.where(octave_S < 0.16, out_S * 0.5, np.where(octave_S > 0.85, out_S * 2, out_S))
    lost_S = uniform_filter1d(rng.uniform(size=size), 3) < 0.17
    out_S[lost_S] = 0
    return out_S


def _running_mean(value_S: Track, counts_S: NDArray[np.bool_]) -> Track:
    """The mean as `Heard` follows it, after each step; 0 before anything counted."""
    values = value_S[counts_S]
    if len(values) == 0:
        return np.zeros(len(value_S))
    early = np.cumsum(values[:_SLOWEST]) / np.arange(1, min(len(values), _SLOWEST) + 1)
    means = early
    if len(values) > _SLOWEST:
        rate = 1 / _SLOWEST
        rest, _ = lfilter([rate], [1, rate - 1], values[_SLOWEST:], zi=[(1 - rate) * early[-1]])
        means = np.concatenate([early, rest])
    index = np.cumsum(counts_S)
    return np.concatenate([[0.0], means])[index]


def heard_track(speaking_S: Track, level_S: Track, pitch_S: Track) -> Float32Array:
    """`Heard.track` of one side, vectorised: float32 (S, 4)."""
    loud_S = speaking_S > 0.5
    voiced_S = loud_S & (pitch_S > 0)
    octave_S = np.log2(np.maximum(pitch_S, 40.0))
    level = np.clip((level_S - _running_mean(level_S, loud_S)) / 10, -2, 2) * loud_S
    pitch = np.clip((octave_S - _running_mean(octave_S, voiced_S)) * 2, -2, 2) * voiced_S
    return np.stack([speaking_S, level, pitch, voiced_S], 1).astype(np.float32)
