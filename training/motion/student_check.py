"""Measure a student: `python -m training.motion.student_check SHARDS STUDENT`.

Cues (seen or not, how soon), moods (told apart or not), rates of blinks and saccades beside the
teacher's, and an hour-long performance: do its last minutes look like its first?
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from inference.contract import CUES, MOODS
from training.evaluate.frechet import STATES, event_rates, state_of, window_features
from training.motion.performance import (
    CONTROLS,
    CUE_SECONDS,
    PERFORMANCE,
    PERFORMANCE_INDEX,
    PERFORMANCE_RATE,
)
from training.motion.performance_data import Crops, Shards, decode
from training.motion.student import Student, perform
from training.motion.student_train import load_student

Track = NDArray[np.float64]
_BEFORE: Final = 200
_AFTER: Final = 40
LAST_MINUTES: Final = 5


def _channel(motion: torch.Tensor, *names: str) -> torch.Tensor:
    return motion[..., [PERFORMANCE_INDEX[name] for name in names]].mean(-1)


def _gaze(motion: torch.Tensor) -> torch.Tensor:
    yaw, pitch = 30 * _channel(motion, "gazeYaw"), 27 * _channel(motion, "gazePitch")
    return torch.hypot(yaw, pitch)


def cue_effect(cue: str, with_BTP: torch.Tensor, without_BTP: torch.Tensor) -> torch.Tensor:
    """How plainly the cue shows at each step, 1 being plain: (B, T)."""
    difference = with_BTP - without_BTP
    if cue == "nod":
        return torch.rad2deg(_channel(difference, "headPitch").abs()) / 1.5
    if cue == "shake":
        return torch.rad2deg(_channel(difference, "headYaw").abs()) / 1.5
    if cue == "smile":
        return _channel(difference, "smileLeft", "smileRight") / 0.1
    if cue == "raise_brows":
        return _channel(difference, "browInnerUp", "browOuterUpLeft", "browOuterUpRight") / 0.1
    if cue == "look_away":
        return (_gaze(with_BTP) - _gaze(without_BTP)) / 4
    return (_channel(difference, "blinkLeft") - _channel(difference, "blinkRight")).abs() / 0.5


def cue_table(student: Student, crops: Crops, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Per cue: share seen within 0.5 s, and median seconds until it shows (to a step's end).

    Each conversation of `crops` is performed twice with the same noise: with the cue, and without.
    """
    heard = crops.heard_BTH[:, : _BEFORE + _AFTER]
    controls = crops.controls_BTC[:, : _BEFORE + _AFTER].clone()
    controls[..., -len(CUES) :] = 0
    without = perform(student, heard, controls, seed)
    found = {}
    for cue in CUES:
        asked = controls.clone()
        clock = 1 - torch.arange(_AFTER) / (CUE_SECONDS * PERFORMANCE_RATE)
        asked[:, _BEFORE:, CONTROLS.index(cue)] = clock.clamp(min=0)
        made = perform(student, heard, asked, seed)
        shows = cue_effect(cue, made, without)[:, _BEFORE:] >= 1
        step = torch.where(shows.any(1), shows.float().argmax(1) + 1, 10_000)
        delay = step.double() / PERFORMANCE_RATE
        found[cue] = (float((delay <= 0.5).double().mean()), float(delay.median()))
    return found


def mood_table(student: Student, crops: Crops, seeds: int = 3) -> NDArray[np.float64]:
    """Mean performance under every mood: (moods, seeds, channels), same conversations."""
    heard = crops.heard_BTH
    means = np.zeros((len(MOODS), seeds, len(PERFORMANCE)))
    for number in range(len(MOODS)):
        controls = torch.zeros(*heard.shape[:2], len(CONTROLS))
        controls[..., :2] = 0.5
        controls[..., 2 + number] = 1
        for seed in range(seeds):
            made = perform(student, heard, controls, 100 * number + seed)
            means[number, seed] = made[:, 100:].mean((0, 1)).double().numpy()
    return means


def moods_told_apart(means_MSP: NDArray[np.float64]) -> float:
    """Share of performances nearest to the mean of their own mood's other seeds."""
    within = means_MSP.std(1).mean(0) + 0.02
    right = []
    for seed in range(means_MSP.shape[1]):
        rest = np.delete(means_MSP, seed, 1).mean(1)
        for number, mean in enumerate(means_MSP[:, seed]):
            right.append((((mean - rest) / within) ** 2).sum(1).argmin() == number)
    return float(np.mean(right))


def drift(student: Student, crops: Crops, minutes: int = 48, seeds: int = 4) -> dict[str, float]:
    """Last minutes against the first, beside seed against seed, of one long conversation.

    `mean` and `spread`: the share of channels whose mean (spread) over the last five minutes is
    nearer to that of the first five than two seeds are to each other at their farthest.
    """
    length = minutes * 60 * PERFORMANCE_RATE
    heard, controls = (x.reshape(1, -1, x.shape[-1]) for x in crops[:2])
    repeats = -(-length // heard.shape[1])
    heard, controls = (x.repeat(seeds, repeats, 1)[:, :length] for x in (heard, controls))
    controls = controls[:, :1].expand(-1, length, -1)
    made = perform(student, heard, controls, 5)
    part = LAST_MINUTES * 60 * PERFORMANCE_RATE
    spread_P = torch.tensor(list(PERFORMANCE.values()))
    first, last = made[:, :part] / spread_P, made[:, -part:] / spread_P
    found: dict[str, float] = {"nan": float(torch.isnan(made).any())}
    for name, measure in (("mean", torch.mean), ("spread", torch.std)):
        a, b = measure(first, 1), measure(last, 1)
        change = (a - b).abs().mean(0)
        seed_to_seed = torch.cat([a, b]).amax(0) - torch.cat([a, b]).amin(0)
        moving = seed_to_seed > 1e-4
        found[name] = float((change <= seed_to_seed)[moving].float().mean())
        found[f"{name} change"] = float(change.mean())
        found[f"{name} seeds"] = float((a[:, None] - a[None]).abs().sum((0, 1)).mean()) / (
            seeds * (seeds - 1)
        )
    return found


def main() -> None:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", type=Path)
    parser.add_argument("student", type=Path)
    parser.add_argument("--minutes", type=int, default=48)
    parser.add_argument("--calm", type=float, default=1.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    student = load_student(options.student)
    student.calm.data *= options.calm
    crops = Shards(options.shards, held_out=True).whole(64)
    for cue, (share, delay) in cue_table(student, crops).items():
        print(f"cue {cue:12s} seen {share:.2f} after {delay:.2f} s")
    means = mood_table(student, Crops(*(x[:8] for x in crops)))
    print(f"moods told apart {moods_told_apart(means):.2f}")
    heard = crops.heard_BTH.numpy()
    made = perform(student, crops.heard_BTH, crops.controls_BTC, 0)
    for name, motion in (("teacher", decode(crops.encoded_BTP)), ("student", made)):
        states = state_of(window_features(motion.numpy(), heard))
        rates = event_rates(motion.numpy())
        for index, state in enumerate(STATES):
            told = "  ".join(f"{k} {v[states == index].mean():.2f}" for k, v in rates.items())
            print(f"{name} {state:10s} {told}")
    for key, value in drift(student, Crops(*(x[:1] for x in crops)), options.minutes).items():
        print(f"drift {key} {value:.3f}")


if __name__ == "__main__":
    main()
