"""Teach the student by likelihood: `python -m training.motion.student_train SHARDS OUT`.

The first of two stages (the second is `distil`): at every step of a performance of the teacher, how
likely was what came next? The student sees a slightly blurred past, since later it sees its own.
Writes OUT/student.pt (running mean of the weights) every few minutes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final

import torch

from training.motion.base_train import average, rate_at
from training.motion.performance_data import Crops, Shards, endless
from training.motion.student import GROUPS, Student

BATCH: Final = 16
CROP_STEPS: Final = 252
_SKIP: Final = 5
"""Steps at the beginning of a stretch, where the past is not known yet, that do not count."""
_BLUR: Final = 0.12
_EMA: Final = 0.998
_SAVE_SECONDS: Final = 120.0
_SMALLEST_CHANGE: Final = 0.004


def likelihood_loss(student: Student, crops: Crops, blur: float = _BLUR) -> torch.Tensor:
    """Mean negative log density per channel: scalar."""
    steps = crops.encoded_BTP
    scale = blur * torch.rand(len(steps), 1, 1)
    with torch.autocast("cpu", torch.bfloat16):
        found = student.log_likelihood(crops.heard_BTH, crops.controls_BTC, steps, scale)
    return -found[:, _SKIP:].float().sum(-1).mean() / sum(len(names) for _, names in GROUPS)


def fit_scales(student: Student, crops: Crops) -> None:
    """Set the student's spreads of change from data."""
    moved = crops.encoded_BTP.diff(dim=1)
    student.change.copy_(moved.square().mean((0, 1)).sqrt().clamp(min=_SMALLEST_CHANGE))


def save_student(student: Student, file: Path) -> None:
    """Write a checkpoint in one go, so that a reader never meets half of it."""
    part = file.with_suffix(".part")
    torch.save({"weights": student.state_dict(), "sizes": student.sizes}, part)
    part.replace(file)


def load_student(file: Path) -> Student:
    """The student of a checkpoint, ready to perform."""
    saved = torch.load(file, weights_only=True)
    student = Student(*saved["sizes"])
    student.load_state_dict(saved["weights"])
    return student.eval()


def train(
    shards: Shards,
    out: Path,
    minutes: float,
    rate: float = 2e-3,
    seed: int = 0,
    begin_from: Student | None = None,
) -> Student:
    """Train for `minutes` and return the running mean of the weights."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    batches = endless(shards, BATCH, CROP_STEPS, seed)
    student = begin_from or Student()
    if begin_from is None:
        fit_scales(student, next(batches))
    mean = Student(*student.sizes)
    mean.load_state_dict(student.state_dict())
    optimiser = torch.optim.AdamW(student.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
    begin = saved = time.monotonic()
    recent: list[float] = []
    for count, crops in enumerate(batches):
        part = (time.monotonic() - begin) / (60 * minutes)
        if part >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate * rate_at(part)
        loss = likelihood_loss(student, crops)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 0.5)
        optimiser.step()
        average(mean, student, min(_EMA, (1 + count) / (10 + count)))
        recent.append(float(loss.detach()))
        if count % 100 == 99:
            print(f"{count + 1} {part:.3f} loss {sum(recent) / len(recent):.4f}", flush=True)
            recent.clear()
        if time.monotonic() - saved > _SAVE_SECONDS:
            save_student(mean, out / "student.pt")
            saved = time.monotonic()
    save_student(mean, out / "student.pt")
    return mean


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--resume", type=Path, help="a checkpoint to go on from")
    options = parser.parse_args()
    torch.set_num_threads(1)
    shards = Shards(options.shards)
    print(f"{len(shards)} performances, {shards.steps() / 90_000:.1f} h", flush=True)
    resumed = load_student(options.resume) if options.resume else None
    train(shards, options.out, options.minutes, options.rate, begin_from=resumed)


if __name__ == "__main__":
    main()
