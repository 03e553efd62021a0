"""Train the hearing network: `python -m training.motion.train SHARDS OUT --minutes M`.

Writes checkpoints OUT/hearing.pt: a running mean of the weights. Examples are bent anew
(`augment_features`) every few times they are seen. Matrices inside the network are trained by Muon
(K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024), all else by
AdamW.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from torch import nn

from inference.audio_features import MEL_BANDS
from inference.contract import VISEMES
from training.motion.augment_features import bend, hide
from training.motion.hearing_targets import Batch, group_matrix, shard_targets
from training.motion.network import HearingNet, split_heads
from training.motion.normaliser import FRAMES, Ears, hear
from training.speech.phones import PHONES
from training.teacher.mouth import APERTURE, MOUTH

BATCH: Final = 64
CROP_STEPS: Final = 250
"""Steps of an example seen at once: five of its ten seconds."""
REUSE: Final = 4
"""Times that features bent once are seen before they are bent anew: bending costs as much as a
third of a pass."""
_CLOSURE_WEIGHT: Final = 2.0
_WARM_UP: Final = 0.04
_EMA: Final = 0.998


def aperture_weights() -> torch.Tensor:
    """Weight of every mouth channel in the aperture: (len(MOUTH),)."""
    return torch.tensor([APERTURE.get(name, 0.0) for name in MOUTH])


def _chance(logit: torch.Tensor, truth: torch.Tensor, weight: float = 1.0) -> torch.Tensor:
    return nn.functional.binary_cross_entropy_with_logits(
        logit[..., 0], truth, pos_weight=torch.tensor(weight)
    )


def loss_of(
    heads: torch.Tensor, later: torch.Tensor, listening: torch.Tensor, batch: Batch
) -> torch.Tensor:
    """Mean loss of a batch; arguments as `HearingNet.forward` gives them."""
    told = split_heads(heads)
    error = told["mouth"] - batch["mouth_TK"]
    opening = error @ aperture_weights()
    openness = told["openness"][..., 0] - batch["openness_T"]
    change = openness[:, 1:] - openness[:, :-1]
    total = 5 * error.pow(2).mean() * len(MOUTH) + 2 * opening.pow(2).mean()
    total = total + 6 * openness.pow(2).mean() + 2 * change.pow(2).mean()
    class_weight = torch.ones(len(VISEMES))
    class_weight[VISEMES.index("PP")] = 1.5
    log_chance = torch.log_softmax(told["visemes"], -1).flatten(0, 1)
    truth = batch["viseme_T"].flatten()
    total = total + 0.4 * nn.functional.nll_loss(log_chance, truth, weight=class_weight)
    groups = group_matrix()
    log_group = torch.log(log_chance.exp() @ groups + 1e-6)
    total = total + 0.3 * nn.functional.nll_loss(log_group, groups.argmax(1)[truth])
    total = total + 0.5 * _chance(told["closure"], batch["closure_T"], _CLOSURE_WEIGHT)
    total = total + 0.25 * _chance(told["rounding"], batch["round_T"])
    total = total + 0.4 * _chance(told["speaking"], batch["speaking_T"])
    total = total + 0.4 * (told["accent"][..., 0] - batch["accent_T"]).pow(2).mean()
    named = nn.functional.cross_entropy(
        later.reshape(-1, len(PHONES)), batch["later_TL"].flatten(), label_smoothing=0.02
    )
    return total + 0.4 * named + 0.2 * _chance(listening[..., None], batch["listening_T"])


@dataclass(slots=True)
class _Shard:
    self_BFM: torch.Tensor
    other_BFM: torch.Tensor
    targets: Batch
    features: tuple[torch.Tensor, torch.Tensor] | None = None
    seen: int = 0


class ShardReader:
    """Keeps shards in memory as half floats and bends them anew every REUSE passes."""

    def __init__(self, seed: int, augment: bool = True) -> None:
        self._ears, self._augment = Ears(), augment
        self._generator = torch.Generator().manual_seed(seed)
        self._shards: dict[Path, _Shard] = {}

    def read(self, file: Path) -> Batch:
        """Features `self` and `other` and targets of all its examples."""
        shard = self._shards.get(file)
        if shard is None:
            with np.load(file) as data:
                arrays = {name: data[name] for name in data.files}
            mine, theirs = (torch.from_numpy(arrays[f"{n}_FM"]) for n in ("self", "other"))
            targets = shard_targets(arrays, mine.shape[1] // FRAMES)
            shard = self._shards[file] = _Shard(mine, theirs, targets)
        if shard.features is None or (self._augment and shard.seen % REUSE == 0):
            pair = (shard.self_BFM.float(), shard.other_BFM.float())
            if self._augment:
                pair = bend(*pair, self._generator)
            mine, theirs = hear(self._ears, *pair)
            shard.features = (mine.half(), theirs.half())
        shard.seen += 1
        return {"self": shard.features[0], "other": shard.features[1], **shard.targets}


def _crop(values: torch.Tensor, pick: torch.Tensor, at: int, steps: int) -> torch.Tensor:
    part = values[pick, at : at + steps]
    return part.float() if part.is_floating_point() else part.long()


def batches(shards: list[Path], seed: int, augment: bool = True) -> Iterator[Batch]:
    """Batches without end, shard by shard in random order; new shards join as they appear.

    Raises:
        FileNotFoundError: there is no shard.
    """
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    reader = ShardReader(seed, augment)
    while True:
        files = [f for folder in shards for f in sorted(folder.glob("shard-*.npz"))]
        files = [f for f in files if ".part" not in f.name]
        if not files:
            raise FileNotFoundError(f"no shard-*.npz in {', '.join(map(str, shards))}")
        for index in rng.permutation(len(files)):
            shard = reader.read(files[index])
            order = torch.from_numpy(rng.permutation(len(shard["self"])))
            steps = shard["self"].shape[1]
            crop = min(CROP_STEPS, steps)
            # The first crop begins as the first second of use does: with nothing heard.
            for at in range(0, steps - crop + 1, crop):
                for pick in order.split(BATCH):
                    batch = {k: _crop(v, pick, at, crop) for k, v in shard.items()}
                    if augment:
                        batch["self"] = hide(batch["self"], MEL_BANDS, FRAMES, generator)
                    yield batch


def _running_mean(
    mean: torch.Tensor, value: torch.Tensor, count: torch.Tensor | int
) -> torch.Tensor:
    """Exponential, but with a short memory at first, so that the start is soon forgotten."""
    return mean + max(1 - _EMA, 9 / (10 + int(count))) * (value - mean)


def optimisers(net: HearingNet, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices between hidden layers, AdamW for the rest."""
    hidden: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in net.named_parameters():
        inner = name.startswith(("convolutions", "memory", "embed")) and parameter.ndim == 2
        (hidden if inner else rest).append(parameter)
    return [
        torch.optim.Muon(
            hidden, rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(rest, rate, weight_decay=1e-3, betas=(0.9, 0.98)),
    ]


def train(
    shards: list[Path],
    out: Path,
    minutes: float,
    rate: float,
    seed: int,
    start: Path | None = None,
    clock: Callable[[], float] = time.time,
    augment: bool = True,
    width: int = 256,
    dropout: float = 0.0,
) -> HearingNet:
    """Run for `minutes` on `clock` (the rate falls as a cosine) and save the checkpoint.

    What is saved and returned is a running mean of the weights, without dropout.
    """
    torch.manual_seed(seed)
    out.mkdir(parents=True, exist_ok=True)
    net = HearingNet(width, width, dropout=dropout)
    if start is not None:
        net.load_state_dict(torch.load(start, weights_only=True))
    mean_net = torch.optim.swa_utils.AveragedModel(net, avg_fn=_running_mean)
    workers = optimisers(net, rate)
    begun, mean = clock(), 0.0
    for step, batch in enumerate(batches(shards, seed, augment)):
        done = (clock() - begun) / (60 * minutes)
        if done >= 1 and step > 0:
            break
        ramp = min(1.0, done / _WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * min(done, 1.0)))
        for worker in workers:
            for group in worker.param_groups:
                group["lr"] = rate * max(ramp, 0.01)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            heads, later, listening = net(batch["self"], batch["other"])
        loss = loss_of(heads.float(), later.float(), listening.float(), batch)
        net.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for worker in workers:
            worker.step()
        mean_net.update_parameters(net)
        value = loss.item()
        mean = value if step == 0 else mean + 0.02 * (value - mean)
        if step % 50 == 49:
            print(f"step {step + 1} loss {mean:.4f} done {done:.2f}", flush=True)
            torch.save(mean_net.module.state_dict(), out / "hearing.pt")
    torch.save(mean_net.module.state_dict(), out / "hearing.pt")
    return cast(HearingNet, mean_net.module).eval()


def main() -> None:
    """Read the command line and train on one thread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", type=Path, nargs="+", help="folders of shards")
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=256, help="of the layers")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    options = parser.parse_args()
    torch.set_num_threads(1)
    train(
        options.shards,
        options.out,
        options.minutes,
        options.rate,
        options.seed,
        options.start,
        width=options.width,
        dropout=options.dropout,
    )


if __name__ == "__main__":
    main()
