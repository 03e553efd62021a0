"""Train the Base: `python -m training.motion.base_train SHARDS OUT --minutes M`.

Writes OUT/base.pt (running mean of the weights) every few minutes. Loss: squared error of the
velocity at random flow times.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import torch

from training.motion.base import Base, flow_times
from training.motion.loop import Learner, run
from training.motion.performance_data import Crops, Shards, endless

BATCH: Final = 16
CROP_STEPS: Final = 256
"""About ten seconds."""
DROP: Final = 0.1
"""Share of examples without conditions."""
_EMA: Final = 0.9985
_FITTED: Final = 16
"""Batches to which the sharpened space is fitted."""


def flow_loss(base: Base, crops: Crops, rng: torch.Generator, drop: float = DROP) -> torch.Tensor:
    """Mean squared error of the velocity for one batch: scalar."""
    data = base.sharpen(crops.encoded_BTP)
    t_B = flow_times(len(data), rng)
    noise = torch.randn(data.shape, generator=rng)
    t_B11 = t_B[:, None, None]
    told_B = (torch.rand(len(data), generator=rng) >= drop).float()
    with torch.autocast("cpu", torch.bfloat16):
        found = base(
            (1 - t_B11) * noise + t_B11 * data, t_B, crops.heard_BTH, crops.controls_BTC, told_B
        )
    return (found.float() - (data - noise)).square().mean()


def load_base(file: Path) -> Base:
    """The Base of a checkpoint, ready to sample."""
    saved = torch.load(file, weights_only=True)
    base = Base(tuple(saved["widths"]))
    base.load_state_dict(saved["weights"])
    return base.eval()


def save_base(base: Base, file: Path) -> None:
    """Write a checkpoint in one go, so that a reader never meets half of it."""
    part = file.with_suffix(".part")
    torch.save({"weights": base.state_dict(), "widths": base.widths}, part)
    part.replace(file)


def train(
    shards: Shards,
    out: Path,
    minutes: float,
    rate: float = 1.5e-3,
    seed: int = 0,
    begin_from: Base | None = None,
) -> Base:
    """Train for `minutes` of processor time and return the running mean of the weights."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    batches = endless(shards, BATCH, CROP_STEPS, seed)
    base = begin_from or Base()
    if begin_from is None:
        base.sharpen.fit(torch.cat([next(batches).encoded_BTP for _ in range(_FITTED)]))
    stepper = torch.optim.AdamW(base.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
    learner = Learner(base.train(), [stepper], 1.0, _EMA)

    def iterate(part: float) -> dict[str, float]:
        return {"loss": learner.step(flow_loss(base, next(batches), rng), part)}

    run(minutes, iterate, lambda: save_base(learner.mean, out / "base.pt"))
    return learner.mean


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--resume", type=Path, help="a checkpoint to go on from")
    options = parser.parse_args()
    torch.set_num_threads(1)
    shards = Shards(options.shards)
    print(f"{len(shards)} performances, {shards.steps() / 90_000:.1f} h", flush=True)
    resumed = load_base(options.resume) if options.resume else None
    train(shards, options.out, options.minutes, begin_from=resumed)


if __name__ == "__main__":
    main()
