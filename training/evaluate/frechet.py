"""How far two sets of performances are apart: the Frechet distance on motion features.

`python -m training.evaluate.frechet SHARDS BASE.pt STUDENT.pt` prints the distances teacher-Base,
teacher-student, Base-student and Base-Base (two seeds) under the same conversations.

Each window of WINDOW_S seconds becomes a vector: mean and spread of every channel, logarithm of its
speed, counts of events (blinks, saccades, nods, brow raises), share of time looking away, and the
shares of time that self and other speak, so that what goes with what counts too. Features are
scaled by the reference's spread, Gaussians fitted, and the distance is that of Frechet between them
(Heusel et al., "GANs trained by a two time-scale update rule", 2017), divided by the number of
features. Windows of speaking, listening and idling are compared each with its like; the result is
the mean weighted by their share.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array
from training.motion.performance import HEARD, PERFORMANCE, PERFORMANCE_INDEX, PERFORMANCE_RATE

WINDOW_S: Final = 4.0
STATES: Final = ("speaking", "listening", "idle")
Features = NDArray[np.float64]
_UNUSED: Final = frozenset({"blinkRight", "stretch", "browOuterUpRight"})
"""Nearly copies of another channel, or never moved: they would count twice."""
CHANNELS: Final = [i for name, i in PERFORMANCE_INDEX.items() if name not in _UNUSED]
STILL: Final = 0.002
"""Speed, in spreads a step, below which a channel counts as still."""
MAJORITY: Final = 0.5


def window_features(performance_BTP: Float32Array, heard_BTH: Float32Array) -> Features:
    """Features of all windows, (B * (T // window), F); the two last are the shares of speaking."""
    size = int(WINDOW_S * PERFORMANCE_RATE)
    batch, length, channels = performance_BTP.shape
    count = length // size
    shape = (batch * count, size, channels)
    motion_NTP = performance_BTP[:, : count * size].astype(np.float64).reshape(shape)
    heard_NTH = heard_BTH[:, : count * size].astype(np.float64).reshape(batch * count, size, -1)
    spread_P = np.array(list(PERFORMANCE.values()))[CHANNELS]
    used_NTP = motion_NTP[:, :, CHANNELS] / spread_P
    speed_NP = np.sqrt(np.square(np.diff(used_NTP, axis=1)).mean(1))
    share_N2 = np.stack(
        [heard_NTH[:, :, HEARD.index(f"{side}Speaking")].mean(1) for side in ("self", "other")], 1
    )
    parts = [
        used_NTP.mean(1),
        np.sqrt(used_NTP.std(1)),
        np.log(speed_NP + STILL),
        _events(motion_NTP),
        share_N2,
    ]
    return np.concatenate(parts, 1)


def _events(motion_NTP: Features) -> Features:
    """Blinks, saccades, nods' energy, brow raises, share of looking away, in each window."""

    def channel(name: str) -> Features:
        return motion_NTP[:, :, PERFORMANCE_INDEX[name]]

    blinks = _risings(channel("blinkLeft"), 0.45)
    brows = _risings(channel("browInnerUp") - np.median(channel("browInnerUp"), 1)[:, None], 0.12)
    degrees = np.stack([30 * channel("gazeYaw"), 27 * channel("gazePitch")], -1)
    jump_NT = np.linalg.norm(np.diff(degrees, axis=1), axis=-1)
    saccades = (jump_NT > 2).sum(1)
    away = (np.linalg.norm(degrees, axis=-1) > 6).mean(1)
    swing = channel("headPitch") - _smooth(channel("headPitch"), 13)
    nods = np.log(np.degrees(swing.std(1)) + 0.05)
    return np.stack([np.sqrt(blinks), np.sqrt(saccades), nods, np.sqrt(brows), away], 1)


def event_rates(performance_BTP: Float32Array) -> dict[str, Features]:
    """Events of every window, as `window_features` cuts them, each (N,): blinks and brow raises a
    minute, saccades a second, spread of nodding in degrees, share of time looking away.
    """
    size = int(WINDOW_S * PERFORMANCE_RATE)
    batch, length, channels = performance_BTP.shape
    count = length // size
    motion_NTP = performance_BTP[:, : count * size].reshape(batch * count, size, channels)
    blinks, saccades, nods, brows, away = _events(motion_NTP.astype(np.float64)).T
    return {
        "blinks/min": blinks**2 * 60 / WINDOW_S,
        "saccades/s": saccades**2 / WINDOW_S,
        "nodding": np.exp(nods),
        "brows/min": brows**2 * 60 / WINDOW_S,
        "away": away,
    }


def _risings(track_NT: Features, level: float) -> Features:
    over = track_NT > level
    return (over[:, 1:] & ~over[:, :-1]).sum(1).astype(np.float64)


def _smooth(track_NT: Features, size: int) -> Features:
    """Running mean over `size` steps, the ends repeated."""
    padded = np.pad(track_NT, ((0, 0), (size // 2 + 1, size // 2)), mode="edge")
    total = np.cumsum(padded, 1)
    return (total[:, size:] - total[:, :-size]) / size


def state_of(features_NF: Features) -> NDArray[np.int64]:
    """Index into STATES of every window, by who speaks most of it: (N,)."""
    own, other = features_NF[:, -2], features_NF[:, -1]
    listening = (other > MAJORITY) & (own < other)
    return np.where(own > MAJORITY, 0, np.where(listening, 1, 2)).astype(np.int64)


def frechet(a_NF: Features, b_NF: Features) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets, per feature."""
    difference = a_NF.mean(0) - b_NF.mean(0)
    first, second = np.cov(a_NF.T), np.cov(b_NF.T)
    # The trace of (first second)^(1/2), by symmetric matrices only: stable when one is singular.
    values, vectors = np.linalg.eigh(first)
    half = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(half @ second @ half), 0)).sum()
    total = difference @ difference + np.trace(first) + np.trace(second) - 2 * overlap
    return float(max(total, 0.0)) / a_NF.shape[1]


def distance(reference_NF: Features, other_NF: Features) -> dict[str, float]:
    """Per state of STATES with windows enough in both, and `all`, their weighted mean."""
    spread = reference_NF.std(0)
    moving = spread > 1e-6
    reference, other = (f[:, moving] / spread[moving] for f in (reference_NF, other_NF))
    ours, theirs = state_of(reference_NF), state_of(other_NF)
    found: dict[str, float] = {}
    weight: dict[str, int] = {}
    for index, name in enumerate(STATES):
        a, b = reference[ours == index], other[theirs == index]
        if min(len(a), len(b)) > 1.2 * moving.sum():
            found[name], weight[name] = frechet(a, b), len(a)
    if not found:
        found["any"], weight["any"] = frechet(reference, other), 1
    total = sum(weight.values())
    found["all"] = sum(found[name] * weight[name] for name in weight) / total
    return found


def compare(
    shards_folder: Path, base_file: Path, student_file: Path, count: int
) -> dict[str, dict[str, float]]:
    """Both models under `count` held-out conversations of the shards; `distance` of every pair."""
    import torch

    from training.motion.base import sample
    from training.motion.base_train import load_base
    from training.motion.performance_data import Shards, decode
    from training.motion.student import perform
    from training.motion.student_train import load_student

    torch.set_num_threads(1)
    base, student = load_base(base_file), load_student(student_file)
    crops = Shards(shards_folder, held_out=True).whole(count)
    heard, controls = crops.heard_BTH, crops.controls_BTC

    def features(performance: torch.Tensor) -> Features:
        return window_features(performance.numpy(), heard.numpy())

    def from_base(seed: int) -> Features:
        parts = []
        with torch.autocast("cpu", torch.bfloat16):
            for at in range(0, count, 16):
                rows = slice(at, at + 16)
                parts.append(sample(base, heard[rows], controls[rows], seed + at, steps=16))
        return features(decode(torch.cat(parts)))

    teacher = features(decode(crops.encoded_BTP))
    pupil = features(perform(student, heard, controls, 0))
    again = features(perform(student, heard, controls, 1))
    one, two = from_base(1000), from_base(2000)
    pairs = {
        "Base, other seed": (one, two), "Base, student": (one, pupil),
        "teacher, Base": (teacher, one), "teacher, student": (teacher, pupil),
        "student, other seed": (pupil, again),
    }  # fmt: skip
    return {name: distance(a, b) for name, (a, b) in pairs.items()}


def main() -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", type=Path)
    parser.add_argument("base", type=Path)
    parser.add_argument("student", type=Path)
    parser.add_argument("--count", type=int, default=200, help="conversations of 40 s")
    options = parser.parse_args()
    found = compare(options.shards, options.base, options.student, options.count)
    for name, values in found.items():
        print(f"{name:20s}" + "".join(f"  {key} {value:.4f}" for key, value in values.items()))


if __name__ == "__main__":
    main()
