"""Distil the Base into the student: `python -m training.motion.distil SHARDS BASE STUDENT OUT`.

The second stage. The student performs by itself, on and on: a pool of performances is carried from
one iteration to the next, so that it meets the states it really comes to ("Self Forcing", Huang et
al., 2025). Every window it performs is compared with what the Base performs in the same state, in
the means and covariances of many features (`moments`), and told where it should have been.

How a step's change becomes a window's is not found by going back through all steps: a choice
between components is so sharp that gradients grow without bound within two seconds. Each step is
made again from the past as it was (`Student.again`), and what it does to later steps is taken to
fade as the channel's own memory does (`fades`). The likelihood of the first stage stays on as an
anchor, so that what goes with what is not forgotten.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from training.evaluate.frechet import STATES
from training.motion.base import Base, sample
from training.motion.base_train import load_base
from training.motion.loop import Learner, run
from training.motion.moments import WINDOW, Matcher, features, states
from training.motion.performance import PERFORMANCE_INDEX
from training.motion.performance_data import Crops, Shards, decode
from training.motion.student import NOISE_SIZE, Student, rollout
from training.motion.student_train import CROP_STEPS, likelihood_loss, load_student, save_student

POOL: Final = 48
LENGTH: Final = 1000
ASKED: Final = 400
"""Conversations that the Base performs to be compared with."""
ANCHOR: Final = 1.0
MATCH: Final = 12.0
_ANCHOR_BATCH: Final = 2
_FRESH: Final = 0.6
"""Chance that a performance which came to its end begins the next from rest."""
_BATCH: Final = 16
_BASE_STEPS: Final = 16
_GAZE: Final = [PERFORMANCE_INDEX[name] for name in ("gazeYaw", "gazePitch")]
"""Left to the likelihood, as is when lids move. A saccade or a blink is one choice; from where the
eyes rest no gradient tells of it, and what is matched in their stead is small: with them matched
too, saccades became many and small, and looks away in a neutral mood rare."""
_FADE_LAG: Final = 4
_SLOWEST: Final = 0.95
_LOOK_EVERY: Final = 8
_EMA: Final = 0.99


class Aim(NamedTuple):
    """What the Base does: features of windows (N, F), their states (N,), and `fades` (P,)."""

    features_NF: torch.Tensor
    states_N: torch.Tensor
    fades_P: torch.Tensor


def aim(base: Base, shards: Shards, conversations: int, rng: np.random.Generator) -> Aim:
    """Let the Base perform conversations of the shards; windows overlap by half."""
    found, where, fading = [], [], []
    for at in range(0, conversations, _BATCH):
        crops = shards.crops(min(_BATCH, conversations - at), LENGTH, rng)
        with torch.autocast("cpu", torch.bfloat16):
            made = sample(base, crops.heard_BTH, crops.controls_BTC, at, _BASE_STEPS)
        fading.append(fades(made))
        motion = decode(made)
        for start in range(0, LENGTH - WINDOW + 1, WINDOW // 2):
            part = slice(start, start + WINDOW)
            heard = crops.heard_BTH[:, part]
            found.append(features(motion[:, part], heard, crops.controls_BTC[:, part]))
            where.append(states(heard))
    return Aim(torch.cat(found), torch.cat(where), torch.stack(fading).mean(0))


def fades(encoded_BTP: torch.Tensor) -> torch.Tensor:
    """How much of a channel's deviation is left a step later: (P,)."""
    x = encoded_BTP - encoded_BTP.mean(1, keepdim=True)
    together = (x[:, _FADE_LAG:] * x[:, :-_FADE_LAG]).mean((0, 1))
    left = (together / x.square().mean((0, 1)).clamp(min=1e-9)).clamp(min=0)
    return left.pow(1 / _FADE_LAG).clamp(max=_SLOWEST)


@dataclass
class Stretch:
    """A window performed by every one of the pool, and all it was made from."""

    heard: torch.Tensor
    controls: torch.Tensor
    noise: torch.Tensor
    state: torch.Tensor
    """Before the first step."""
    steps: torch.Tensor
    """Encoded (B, WINDOW, P)."""


@dataclass
class Pool:
    """Performances under way: conversations, where each is, the student's state."""

    shards: Shards
    rng: np.random.Generator
    student: Student

    def __post_init__(self) -> None:
        crops = self.shards.crops(POOL, LENGTH, self.rng)
        self.heard, self.controls = crops.heard_BTH, crops.controls_BTC
        # Begun at different places, so that they do not all end at once.
        self.at = WINDOW * self.rng.integers(0, LENGTH // WINDOW, POOL)
        self.state = self.student.initial(POOL)

    def advance(self, student: Student) -> Stretch:
        """Perform a window more."""
        for i in np.flatnonzero(self.at + WINDOW > LENGTH):
            crops = self.shards.crops(1, LENGTH, self.rng)
            self.heard[i], self.controls[i] = crops.heard_BTH[0], crops.controls_BTC[0]
            self.at[i] = 0
            if self.rng.random() < _FRESH:
                self.state[i] = 0
        rows = [slice(at, at + WINDOW) for at in self.at]
        heard = torch.stack([self.heard[i, row] for i, row in enumerate(rows)])
        controls = torch.stack([self.controls[i, row] for i, row in enumerate(rows)])
        noise = torch.rand(len(rows), WINDOW, NOISE_SIZE)
        before = self.state
        with torch.no_grad():
            steps, self.state = rollout(student, heard, controls, noise, before)
        self.at = self.at + WINDOW
        return Stretch(heard, controls, noise, before, steps)


def pushes(loss_of_steps: torch.Tensor, steps: torch.Tensor, fades_P: torch.Tensor) -> torch.Tensor:
    """What a change of each step does to the loss, later steps included: (B, T, P)."""
    (each,) = torch.autograd.grad(loss_of_steps, steps)
    total = torch.zeros_like(each)
    later = torch.zeros_like(each[:, 0])
    for t in range(each.shape[1] - 1, -1, -1):
        later = each[:, t] + fades_P * later
        total[:, t] = later
    return total


def matching_loss(
    student: Student, stretch: Stretch, matcher: Matcher, fades_P: torch.Tensor
) -> torch.Tensor:
    """A scalar whose gradient moves the student's windows to where the Base's are."""
    steps = stretch.steps.detach().requires_grad_()
    found = features(steps @ student.decoding, stretch.heard, stretch.controls)
    where = states(stretch.heard)
    matcher.remember(found, where)
    push = pushes(matcher.loss(found, where), steps, fades_P)
    push[..., _GAZE] = 0
    with torch.autocast("cpu", torch.bfloat16):
        made = student.again(
            stretch.heard, stretch.controls, stretch.noise, stretch.state, stretch.steps
        )
    return (made @ student.encoding * push).sum()


def _anchor(shards: Shards, rng: np.random.Generator) -> Crops:
    return shards.crops(_ANCHOR_BATCH, CROP_STEPS, rng)


def distil(
    shards: Shards,
    wanted: Aim,
    student: Student,
    out: Path,
    minutes: float,
    rate: float = 3e-4,
    iterations: int | None = None,
    warm_up: int = 20,
) -> Student:
    """Train for `minutes` (or `iterations`) and return the running mean of the weights.

    For the first `warm_up` iterations the student only performs.
    """
    out.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(0)
    pool = Pool(shards, numbers, student)
    matcher = Matcher(wanted.features_NF, wanted.states_N)
    stepper = torch.optim.AdamW(student.parameters(), rate, betas=(0.8, 0.98), weight_decay=0.0)
    pupil = Learner(student.train(), [stepper], 0.5, _EMA)
    count = 0
    told = dict.fromkeys(STATES, 0.0)

    def iterate(part: float) -> dict[str, float]:
        nonlocal count, told
        count += 1
        stretch = pool.advance(student)
        if count % _LOOK_EVERY == 0:
            told |= matcher.look()
        match = matching_loss(student, stretch, matcher, wanted.fades_P)
        if count <= warm_up:
            return told | {"anchor": 0.0}
        anchor = likelihood_loss(student, _anchor(shards, numbers))
        pupil.step(MATCH * match + ANCHOR * anchor, part)
        return told | {"anchor": float(anchor.detach())}

    run(minutes, iterate, lambda: save_student(pupil.mean, out / "student.pt"), iterations)
    return pupil.mean


def main() -> None:
    """Read the command line and distil."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("shards", "base", "student", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--conversations", type=int, default=ASKED, help="the Base performs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    shards = Shards(options.shards)
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "aim.pt"
    if kept.exists():
        wanted = Aim(*torch.load(kept, weights_only=True))
    else:
        base = load_base(options.base)
        wanted = aim(base, shards, options.conversations, np.random.default_rng(1))
        torch.save(tuple(wanted), kept)
    print(f"the Base: {len(wanted.states_N)} windows", flush=True)
    distil(
        shards, wanted, load_student(options.student), options.out, options.minutes, options.rate
    )


if __name__ == "__main__":
    main()
