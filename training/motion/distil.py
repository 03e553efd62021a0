"""Distil the Base into the student: `python -m training.motion.distil SHARDS BASE STUDENT OUT`.

The second stage. The student performs by itself, on and on: a pool of performances is carried from
one iteration to the next, so that it meets the states it really comes to ("Self Forcing", Huang et
al., 2025). Its latest seconds are noised, and two flows say where they should go: the frozen Base,
which knows the teacher's performances, and a copy of it that is kept trained on the student's own.
Their difference is the gradient that makes the two distributions the same (Yin et al., "Improved
distribution matching distillation", 2024). The likelihood of the first stage stays on as an anchor.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from training.motion.base import Base, flow_times
from training.motion.base_train import load_base
from training.motion.loop import Learner, run
from training.motion.performance import CONTROL_SIZE, HEARD_SIZE, PERFORMANCE_SIZE
from training.motion.performance_data import Crops, Shards
from training.motion.student import NOISE_SIZE, Student, rollout
from training.motion.student_train import CROP_STEPS, likelihood_loss, load_student, save_student

POOL: Final = 16
NEW_STEPS: Final = 64
"""Steps performed with gradients in one iteration."""
CONTEXT: Final = 64
"""Steps before them that the flows see too."""
ANCHOR: Final = 1.0
_ANCHOR_BATCH: Final = 2
_FRESH: Final = 0.1
"""Chance that a performance which came to its end begins the next from rest."""
_LATEST: Final = 0.97
"""Flow times beyond this say little but noise."""
_EMA: Final = 0.98


@dataclass
class Pool:
    """Performances under way: conversations, where each is, the student's state, the last steps."""

    shards: Shards
    rng: np.random.Generator
    student: Student
    length: int = 1000

    def __post_init__(self) -> None:
        crops = self.shards.crops(POOL, self.length, self.rng)
        self.heard, self.controls = crops.heard_BTH, crops.controls_BTC
        # Begun at different places, so that they do not all end at once.
        self.at = self.rng.integers(0, self.length - NEW_STEPS, POOL)
        self.state = self.student.initial(POOL)
        self.past = torch.zeros(POOL, CONTEXT, PERFORMANCE_SIZE)
        self.past_given = torch.zeros(POOL, CONTEXT, HEARD_SIZE + CONTROL_SIZE)

    def advance(self, student: Student) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Perform NEW_STEPS more: encoded (B, CONTEXT + NEW_STEPS, P), with gradients in the new
        part, and what was heard and asked for in the same steps.
        """
        for i in np.flatnonzero(self.at + NEW_STEPS > self.length):
            crops = self.shards.crops(1, self.length, self.rng)
            self.heard[i], self.controls[i] = crops.heard_BTH[0], crops.controls_BTC[0]
            self.at[i] = 0
            if self.rng.random() < _FRESH:
                self.state[i] = 0
        rows = [slice(at, at + NEW_STEPS) for at in self.at]
        heard = torch.stack([self.heard[i, row] for i, row in enumerate(rows)])
        controls = torch.stack([self.controls[i, row] for i, row in enumerate(rows)])
        noise = torch.rand(POOL, NEW_STEPS, NOISE_SIZE)
        new, state = rollout(student, heard, controls, noise, self.state)
        steps = torch.cat([self.past, new], 1)
        given = torch.cat([self.past_given, torch.cat([heard, controls], -1)], 1)
        self.state = state.detach()
        self.past, self.past_given = steps.detach()[:, -CONTEXT:], given[:, -CONTEXT:]
        self.at = self.at + NEW_STEPS
        return steps, given[..., :HEARD_SIZE], given[..., HEARD_SIZE:]


def matching_loss(
    steps: torch.Tensor,
    heard: torch.Tensor,
    controls: torch.Tensor,
    real: Base,
    fake: Base,
    rng: torch.Generator,
) -> torch.Tensor:
    """A scalar whose gradient moves the student's steps as the two flows' difference says."""
    sharp = real.sharpen(steps)
    with torch.no_grad():
        t_B = 0.02 + (_LATEST - 0.02) * torch.rand(len(steps), generator=rng)
        t_B11 = t_B[:, None, None]
        noised = (1 - t_B11) * torch.randn(steps.shape, generator=rng) + t_B11 * sharp
        with torch.autocast("cpu", torch.bfloat16):
            wanted = real(noised, t_B, heard, controls).float()
            given = fake(noised, t_B, heard, controls).float()
        towards = (1 - t_B11) * (wanted - given)
        ideal = noised + (1 - t_B11) * wanted
        size = (sharp - ideal).abs().mean((1, 2), keepdim=True).clamp(min=0.02)
        goal = sharp + towards / size
    new = slice(CONTEXT, None)
    return 0.5 * (sharp[:, new] - goal[:, new]).square().mean()


def own_flow_loss(
    steps: torch.Tensor,
    heard: torch.Tensor,
    controls: torch.Tensor,
    fake: Base,
    rng: torch.Generator,
) -> torch.Tensor:
    """The flow-matching loss of the copy, on the student's own performances: scalar."""
    t_B = flow_times(len(steps), rng)
    t_B11 = t_B[:, None, None]
    noise = torch.randn(steps.shape, generator=rng)
    sharp = fake.sharpen(steps)
    with torch.autocast("cpu", torch.bfloat16):
        found = fake((1 - t_B11) * noise + t_B11 * sharp, t_B, heard, controls)
    return (found.float() - (sharp - noise)).square().mean()


def _anchor(shards: Shards, rng: np.random.Generator) -> Crops:
    return shards.crops(_ANCHOR_BATCH, CROP_STEPS, rng)


def distil(
    shards: Shards,
    base: Base,
    student: Student,
    out: Path,
    minutes: float,
    rate: float = 3e-4,
    iterations: int | None = None,
    warm_up: int = 20,
) -> Student:
    """Train for `minutes` (or `iterations`) and return the running mean of the weights.

    For the first `warm_up` iterations only the copy of the Base learns.
    """
    out.mkdir(parents=True, exist_ok=True)
    rng, numbers = torch.Generator().manual_seed(0), np.random.default_rng(0)
    base.requires_grad_(False)
    fake = copy.deepcopy(base).requires_grad_(True)
    pool = Pool(shards, numbers, student)
    pupil = Learner(
        student.train(), [torch.optim.AdamW(student.parameters(), rate, betas=(0.5, 0.98))],
        0.5, _EMA,
    )  # fmt: skip
    rival = Learner(
        fake, [torch.optim.AdamW(fake.parameters(), 4e-4, betas=(0.5, 0.98))], 1.0, _EMA, True
    )

    def iterate(part: float) -> dict[str, float]:
        learning = rival.count >= warm_up
        with torch.set_grad_enabled(learning):
            steps, heard, controls = pool.advance(student)
        told = {
            "own flow": rival.step(own_flow_loss(steps.detach(), heard, controls, fake, rng), part)
        }
        if not learning:
            return told | {"match": 0.0, "anchor": 0.0}
        match = matching_loss(steps, heard, controls, base, fake, rng)
        anchor = likelihood_loss(student, _anchor(shards, numbers))
        pupil.step(match + ANCHOR * anchor, part)
        return told | {"match": float(match.detach()), "anchor": float(anchor.detach())}

    run(minutes, iterate, lambda: save_student(pupil.mean, out / "student.pt"), iterations)
    return pupil.mean


def main() -> None:
    """Read the command line and distil."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("shards", "base", "student", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=3e-4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shards = Shards(options.shards)
    base, student = load_base(options.base), load_student(options.student)
    distil(shards, base, student, options.out, options.minutes, options.rate)


if __name__ == "__main__":
    main()
