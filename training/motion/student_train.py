"""Teach the student by likelihood: `python -m training.motion.student_train SHARDS OUT`.

The first of two stages (the second is `distil`): at every step of a performance of the teacher, how
likely was what came next? The student sees a slightly blurred past, since later it sees its own.
Writes OUT/student.pt (running mean of the weights) every few minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn

from inference.contract import CUES
from training.motion.loop import Learner, run
from training.motion.mixture import GROUPS
from training.motion.performance import PERFORMANCE_INDEX, PERFORMANCE_SIZE
from training.motion.performance_data import Crops, Shards, endless, limits
from training.motion.student import Student

BATCH: Final = 4
CROP_STEPS: Final = 1000
"""40 s, several times what the memories span. After ten seconds of training a student kept to the
teacher's ways for about as long, and then wandered off."""
_SKIP: Final = 5
"""Steps at the beginning of a stretch, where the past is not known yet, that do not count."""
_BLUR: Final = 0.12
_SLIPPING: Final = 0.4
"""Share of stretches with slips; in them a slip every ten seconds, of some of the channels."""
_SLIP_CHANCE: Final = 0.004
_SLIP_SHARE: Final = 0.3
_SLIP_SIZE: Final = 2.5
_SLIP_STAYS: Final = 0.9
"""Chance per step that a slip goes on as it is: 0.4 s in the mean."""
_AT_ONCE: Final = {"gazeYaw": 0.8, "gazePitch": 0.8, "blinkLeft": 0.4, "blinkRight": 0.4}
"""The same for what then goes back at once: 0.2 s for the eyes, less for the lids."""
_SLIP_KEEP: Final = 0.9
"""Part of a slip that is left a step later, once it goes back."""
_RATE: Final = 2.5e-3
_WEIGHTS: Final = (3.0, 2.0, 1.5, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0)
"""Of the groups: precision of slow channels must not drown when to look and when to blink."""
_CUE_WEIGHTS: Final = {
    "nod": (8, 3.0), "shake": (8, 3.0), "smile": (3, 3.0), "raise_brows": (2, 3.0),
    "look_away": (0, 12.0), "wink": (1, 8.0),
}  # fmt: skip
"""Cue -> the group of channels that shows it, and how much more its first steps count there: cues
are rare in a conversation, but must be obeyed, and an eye is elsewhere within two steps."""
_CUE_RISE: Final = 0.3
"""A clock that rises by so much began at this step."""
_CUE_FRESH: Final = 12
"""Steps of a cue that count more: the first half second."""
_EMA: Final = 0.998
_FITTED: Final = 64
"""Performances from which the scales are taken."""
_SMALLEST_CHANGE: Final = 0.004
_SURELY: Final = 0.9995
"""Share of the changes that are within the largest."""


def slips(
    batch: int, steps: int, rng: torch.Generator | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mistakes of a past that the student has to mend: offsets and leaps, each (B, T, P), encoded.

    Left to itself a generator wanders to where the teacher never is. So now and then some channels
    are displaced, unseen, stay so for a while, and then go back, the eyes and lids at once, the
    rest within half a second: what rests in a wrong place is to be taken back. (Slips that went
    back from the first step taught only to go on with what moves already.)
    """
    shape = (batch, steps, PERFORMANCE_SIZE)
    moments = torch.rand(batch, steps, 1, generator=rng) < _SLIP_CHANCE
    moments[:, 0] = True
    moments &= torch.rand(batch, 1, 1, generator=rng) < _SLIPPING
    which = torch.rand(shape, generator=rng) < _SLIP_SHARE
    # Many small ones and a few that leave the teacher's range.
    size = _SLIP_SIZE * (0.15 + torch.rand(shape, generator=rng) ** 2)
    leaps = torch.where(moments & which, size * torch.randn(shape, generator=rng), 0.0)
    stays = torch.full((PERFORMANCE_SIZE,), _SLIP_STAYS)
    keep = torch.full((PERFORMANCE_SIZE,), _SLIP_KEEP)
    for name, chance in _AT_ONCE.items():
        stays[PERFORMANCE_INDEX[name]], keep[PERFORMANCE_INDEX[name]] = chance, 0.0
    goes = torch.rand(shape, generator=rng) > stays
    offsets = torch.empty(shape)
    now = torch.zeros(batch, PERFORMANCE_SIZE)
    going = torch.zeros(batch, PERFORMANCE_SIZE, dtype=torch.bool)
    for t in range(steps):
        going = (going | goes[:, t]) & (leaps[:, t] == 0)
        now = torch.where(going, now * keep, now) + leaps[:, t]
        offsets[:, t] = now
    return offsets, leaps


def cue_weights(controls_BTC: torch.Tensor) -> torch.Tensor:
    """How much every step of every group counts: (B, T, groups)."""
    clocks = controls_BTC[..., -len(CUES) :]
    begins = (nn.functional.pad(clocks, (0, 0, 1, 0)).diff(dim=1) > _CUE_RISE).float()
    since = nn.functional.pad(begins.transpose(1, 2), (_CUE_FRESH - 1, 0))
    fresh_BTK = nn.functional.max_pool1d(since, _CUE_FRESH, 1).transpose(1, 2)
    more = torch.zeros(len(CUES), len(GROUPS))
    for number, cue in enumerate(CUES):
        group, weight = _CUE_WEIGHTS[cue]
        more[number, group] = weight - 1
    return torch.tensor(_WEIGHTS) * (1 + fresh_BTK @ more)


def likelihood_loss(student: Student, crops: Crops, blur: float = _BLUR) -> torch.Tensor:
    """Mean negative log density per channel: scalar."""
    steps = crops.encoded_BTP
    scale = blur * torch.rand(len(steps), 1, 1)
    offsets, leaps = slips(len(steps), steps.shape[1])
    with torch.autocast("cpu", torch.bfloat16):
        found = student.log_likelihood(
            crops.heard_BTH, crops.controls_BTC, steps + offsets, scale, leaps
        )
    # What leaps cannot be foreseen, so that step does not count.
    counts = 1 - (leaps[:, 2:] != 0).any(-1).float()
    each = (found.float() * cue_weights(crops.controls_BTC[:, 2:])).sum(-1) * counts
    return -each[:, _SKIP:].mean() / PERFORMANCE_SIZE


def fit_scales(student: Student, crops: Crops) -> None:
    """Set the student's spreads of change, and its largest changes, from data."""
    moved = crops.encoded_BTP.diff(dim=1)
    student.change.copy_(moved.square().mean((0, 1)).sqrt().clamp(min=_SMALLEST_CHANGE))
    rank = max(1, int(_SURELY * moved.shape[0] * moved.shape[1]))
    student.fastest.copy_(moved.abs().flatten(0, 1).kthvalue(rank, 0).values + _SMALLEST_CHANGE)


def optimisers(student: Student, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside (K. Jordan et al., 2024), AdamW for the rest."""
    inner: list[torch.Tensor] = []
    rest: list[torch.Tensor] = []
    for name, parameter in student.named_parameters():
        hidden = name.startswith(("memories", "join", "embed")) and parameter.ndim == 2
        (inner if hidden else rest).append(parameter)
    return [
        torch.optim.Muon(inner, 4 * rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def save_student(student: Student, file: Path) -> None:
    """Write a checkpoint in one go, so that a reader never meets half of it."""
    part = file.with_suffix(".part")
    torch.save({"weights": student.state_dict(), "sizes": student.sizes}, part)
    part.replace(file)


def load_student(file: Path) -> Student:
    """The student of a checkpoint, ready to perform."""
    saved = torch.load(file, weights_only=True)
    student = Student(*saved["sizes"])
    weights = saved["weights"]
    for name in ("calm", "fastest"):  # checkpoints from before they could be set
        weights.setdefault(name, getattr(student, name))
    weights.setdefault("floor", torch.tensor(0.03))
    student.load_state_dict(weights)
    for kept, now in zip((student.low, student.high), limits(), strict=True):
        kept.copy_(now)  # they may have been narrowed since
    return student.eval()


def train(
    shards: Shards,
    out: Path,
    minutes: float,
    rate: float = _RATE,
    seed: int = 0,
    begin_from: Student | None = None,
) -> Student:
    """Train for `minutes` of processor time and return the running mean of the weights."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    batches = endless(shards, BATCH, CROP_STEPS, seed)
    student = begin_from or Student()
    if begin_from is None:
        fit_scales(student, shards.crops(_FITTED, CROP_STEPS, np.random.default_rng(seed)))
    learner = Learner(student.train(), optimisers(student, rate), 0.5, _EMA)

    def iterate(part: float) -> dict[str, float]:
        return {"loss": learner.step(likelihood_loss(student, next(batches)), part)}

    run(minutes, iterate, lambda: save_student(learner.mean, out / "student.pt"))
    return learner.mean


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=_RATE)
    parser.add_argument("--resume", type=Path, help="a checkpoint to go on from")
    options = parser.parse_args()
    torch.set_num_threads(1)
    shards = Shards(options.shards)
    print(f"{len(shards)} performances, {shards.steps() / 90_000:.1f} h", flush=True)
    resumed = load_student(options.resume) if options.resume else None
    train(shards, options.out, options.minutes, options.rate, begin_from=resumed)


if __name__ == "__main__":
    main()
