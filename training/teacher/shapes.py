"""Curves from which movements are made, on the grid of the performance (25 steps a second).

Movements of the head and face have bell-shaped speed, as if to jerk least (Flash and Hogan, "The
coordination of arm movements", J. Neurosci. 1985; Pelz, Hayhoe and Loeber, Exp. Brain Res. 2001,
for the head): `ease` is that curve. Slow wandering is low-passed noise, and `pink` adds up several
speeds of it so that no single one shows (postural sway has such a 1/f spectrum: Duarte and
Zatsiorsky, Neurosci. Lett. 2000).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from training.motion.performance import PERFORMANCE_RATE

Track = NDArray[np.float64]
Rng = np.random.Generator
RATE: Final = PERFORMANCE_RATE
SAG: Final = 0.3
"""Share that a held expression has lost when it goes: muscles do not hold still."""


def ease(x: Track) -> Track:
    """0 below 0, 1 above 1, between them the minimum-jerk curve."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * x * (10 - 15 * x + 6 * x * x)


def span(size: int, start: float, end: float) -> tuple[slice, Track]:
    """Steps inside [start, end] s of a track, and their times in s."""
    first = min(max(int(np.ceil(start * RATE)), 0), size)
    last = min(max(int(end * RATE) + 1, first), size)
    return slice(first, last), np.arange(first, last) / RATE


def add_bump(track_T: Track, at: float, rise: float, hold: float, fall: float, size: float) -> None:
    """Add a movement that begins `at` s, takes `rise` s, stays `hold` s and goes in `fall` s."""
    where, time = span(len(track_T), at, at + rise + hold + fall)
    up = ease((time - at) / rise)
    down = ease((at + rise + hold + fall - time) / fall)
    sag = 1 - SAG * np.clip((time - at - rise) / (hold + fall), 0, 1)
    track_T[where] += size * np.minimum(up, down) * sag


def raise_to(track_T: Track, at: float, rise: float, hold: float, fall: float, size: float) -> None:
    """As `add_bump`, but bring the track up to the movement where it is lower."""
    bump_T = np.zeros_like(track_T)
    add_bump(bump_T, at, rise, hold, fall, size)
    np.maximum(track_T, bump_T, out=track_T)


def follow(target_T: Track, omega: float) -> Track:
    """A critically damped spring of `omega` rad/s after the target, at rest on its first value."""
    if len(target_T) == 0:
        return target_T.copy()
    decay = float(np.exp(-omega / RATE))
    first = target_T[0]
    out_T = target_T - first
    for _ in range(2):
        out_T = lfilter([1 - decay], [1, -decay], out_T)
    return out_T + first


def wander(rng: Rng, size: int, seconds: float) -> Track:
    """Smooth noise of unit spread that forgets itself within about `seconds`."""
    decay = float(np.exp(-2.0 / (seconds * RATE)))
    warm = int(4 * seconds * RATE)
    out_T = rng.standard_normal(size + warm)
    for _ in range(2):
        out_T = lfilter([1 - decay], [1, -decay], out_T)
    # Variance of two one-pole filters in a row on white noise.
    gain = (1 - decay) ** 4 * (1 + decay**2) / (1 - decay**2) ** 3
    return out_T[warm:] / np.sqrt(gain)


def pink(rng: Rng, size: int, slowest: float, fastest: float) -> Track:
    """1/f noise of unit spread, smooth, between two time scales in s: one `wander` an octave."""
    octaves = max(int(np.log2(slowest / fastest)), 1)
    total_T = np.zeros(size)
    for i in range(octaves):
        total_T += wander(rng, size, slowest / 2**i)
    return total_T / np.sqrt(octaves)


def glide(size: int, first: float, changes: list[tuple[float, float, float]]) -> Track:
    """A track through (time, seconds it takes, new value) by minimum-jerk moves."""
    track_T = np.full(size, first)
    now = first
    for at, takes, value in changes:
        where, time = span(size, at, at + takes)
        track_T[where] += (value - now) * ease((time - at) / takes)
        track_T[where.stop :] += value - now
        now = value
    return track_T


def runs(flag_T: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First step and the step after the last of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flag_T.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def at(track_T: Track, seconds: float) -> float:
    """Value of a track at a time, the nearest step inside it."""
    return float(track_T[min(max(int(seconds * RATE), 0), len(track_T) - 1)])


def lognormal(rng: Rng, median: float, spread: float) -> float:
    """A positive number about `median`, with `spread` of its logarithm."""
    return float(median * np.exp(spread * rng.standard_normal()))


def exponential_times(rng: Rng, seconds: float, mean_gap: float, least: float) -> list[float]:
    """Moments of a Poisson process that rests `least` s after each."""
    out: list[float] = []
    now = float(rng.exponential(mean_gap))
    while now < seconds:
        out.append(now)
        now += least + float(rng.exponential(max(mean_gap - least, 0.05)))
    return out
