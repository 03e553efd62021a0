"""Trains the portrait reader's networks on a processor, in bfloat16.

    python -m training.portrait.train portrait --data DIR --out W/portrait.pt --minutes 60
    python -m training.portrait.train finder --data DIR --out W/finder.pt --minutes 15

Takes up new shards of `training.portrait.data` while it runs. Checkpoints hold averaged weights and
all that is needed to export; `--start` goes on from one. The learning rate follows the time given.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from training.portrait.backdrops import Backdrops
from training.portrait.losses import batch_of, finder_loss, point_weights, portrait_loss
from training.portrait.network import FinderNetwork, PortraitNetwork
from training.portrait.samples import People, Sampler, read_people

CROP_SIDE: Final = 192
FRAME_SIDE: Final = 256
FRAME_EVERY: Final = 4
"""Every so many steps a batch is cut as an imported picture is framed."""
FINDER_SIDE: Final = 192
AVERAGE: Final = 0.995
RESCAN: Final = 200
"""Steps after which new shards are looked for."""
SAVE: Final = 200


class Trainer:
    """One network's training: data, optimiser, averaged copy."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        rng = np.random.default_rng(given.seed)
        self.done: set[str] = set()
        self.people: People = read_people(given.data, "train", None, self.done)
        backdrops = Backdrops(rng, given.backdrops, given.textures)
        self.sampler = Sampler(self.people, backdrops, rng, given.cartoons)
        self.portrait = given.network == "portrait"
        names = self.people.names
        kept = torch.load(given.start, weights_only=False) if given.start else None
        net: nn.Module = PortraitNetwork(len(names)) if self.portrait else FinderNetwork()
        if kept is not None:
            net.load_state_dict(kept["network"])
            self.sampler.template = kept["template"]
        self.net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.net)
        decay = [p for p in net.parameters() if p.ndim > 1]
        plain = [p for p in net.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=given.rate)
        self.weight = point_weights(names)
        self.steps = 0

    def rate(self, share: float) -> float:
        """Warm-up over 2% of the time, then half a cosine down to 1% of the peak."""
        warm = min(1.0, share / 0.02 + 0.02)
        return float(
            self.given.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1))))
        )

    def step(self) -> dict[str, float]:
        """One batch."""
        if self.portrait:
            loss, facts = self._portrait()
        else:
            pairs = [self.sampler.scene(FINDER_SIDE) for _ in range(self.given.batch)]
            stack = torch.from_numpy(np.stack([rgb for rgb, _ in pairs])).permute(0, 3, 1, 2)
            picture = (stack * 2 - 1).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                out = self.net(picture)
            loss, facts = finder_loss(out, [found for _, found in pairs], FINDER_SIDE)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.steps += 1
        self._blend(min(AVERAGE, self.steps / (self.steps + 10)))
        return facts

    def _portrait(self) -> tuple[Tensor, dict[str, float]]:
        frame = self.steps % FRAME_EVERY == FRAME_EVERY - 1
        side, count = CROP_SIDE, self.given.batch
        if frame:
            side, count = FRAME_SIDE, max(self.given.batch * CROP_SIDE**2 // FRAME_SIDE**2, 2)
        batch = batch_of([self.sampler.crop(side, frame) for _ in range(count)])
        with torch.autocast("cpu", torch.bfloat16):
            out = self.net(batch.picture)
        return portrait_loss(out, batch, self.weight)

    def _blend(self, keep: float) -> None:
        with torch.no_grad():
            for old, new in zip(
                self.average.state_dict().values(), self.net.state_dict().values(), strict=True
            ):
                if old.dtype.is_floating_point:
                    old.mul_(keep).add_(new, alpha=1 - keep)
                else:
                    old.copy_(new)

    def save(self) -> None:
        """Write the checkpoint in one step."""
        kept: dict[str, Any] = {
            "kind": self.given.network,
            "network": {k: v.contiguous() for k, v in self.average.state_dict().items()},
            "names": self.people.names,
            "template": self.sampler.template,
            "steps": self.steps,
        }
        part = self.given.out.with_suffix(".part")
        torch.save(kept, part)
        part.replace(self.given.out)


def train(given: argparse.Namespace) -> None:
    """Train until the time is over."""
    trainer = Trainer(given)
    start, sums, since = time.monotonic(), dict[str, float](), 0
    print(f"{len(trainer.people)} pictures", flush=True)
    while True:
        share = (time.monotonic() - start) / (60 * given.minutes)
        if share >= 1 or trainer.steps >= given.steps:
            break
        for group in trainer.optimiser.param_groups:
            group["lr"] = trainer.rate(share)
        for key, value in trainer.step().items():
            sums[key] = sums.get(key, 0.0) + value
        since += 1
        if trainer.steps % 50 == 0:
            facts = " ".join(f"{key} {value / since:.3f}" for key, value in sums.items())
            print(f"{trainer.steps} {time.monotonic() - start:.0f} s {facts}", flush=True)
            sums, since = {}, 0
        if trainer.steps % SAVE == 0:
            trainer.save()
        if trainer.steps % RESCAN == 0:
            read_people(given.data, "train", trainer.people, trainer.done)
    trainer.save()
    print(f"done after {trainer.steps} steps, {len(trainer.people)} pictures", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Trains the portrait reader's networks.")
    parser.add_argument("network", choices=("portrait", "finder"))
    parser.add_argument("--data", type=Path, required=True, help="shards")
    parser.add_argument("--textures", type=Path, nargs="*", default=[], help="pictures, no faces")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--backdrops", type=int, default=500, help="pictures in the bank")
    parser.add_argument("--cartoons", type=float, default=0.12, help="share of flat figures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(given.threads)
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    train(given)


if __name__ == "__main__":
    main()
