"""Trains the painting networks on what `dataset` packed.

    python -m training.frames.train --data PACKED --out paint.pt --minutes 40

Runs on the CPU in bfloat16 or on a GPU. Checkpoints hold averaged weights, so any of them can be
exported; the learning rate falls with the time that is left.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.contract import MOTION_INDEX
from training.frames.identity import Identity, WindowEncoder
from training.frames.packed import Packed, load_packed
from training.frames.paint import CropPaint, Paint, mirrored_names

MASK_COST = 0.001
"""Price of painting where the warp would do."""
PEOPLE = 3
"""Characters in one batch."""
EYES_EVERY = 4
"""Steps per step of the eyes: they are learnt in far fewer than the mouth."""
INSIDE = 3.0
"""How much more often motions are drawn that show much of the mouth's inside: tongue, wide jaw."""
BATCH_KEYS = ("warp", "cut", "flow", "motion", "truth", "views")
AVERAGE = 0.998
"""Decay of the averaged weights, per step."""


def gradients(image_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Horizontal and vertical differences."""
    return (
        image_BCHW[..., :, 1:] - image_BCHW[..., :, :-1],
        image_BCHW[..., 1:, :] - image_BCHW[..., :-1, :],
    )


def gradient_loss(one: Tensor, other: Tensor, scales: int = 3) -> Tensor:
    """Mean absolute difference of gradients over several scales: what keeps edges sharp."""
    total = one.new_zeros(())
    for _ in range(scales):
        pairs = zip(gradients(one), gradients(other), strict=True)
        total = total + sum(((a - b).abs().mean() for a, b in pairs), one.new_zeros(()))
        one, other = functional.avg_pool2d(one, 2), functional.avg_pool2d(other, 2)
    return total


def paint_loss(colour: Tensor, mask: Tensor, warp: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Losses of one window batch, all in 0..1 units.

    Pixels that the warp gets wrong (mouth interior, lids, iris) weigh up to five times more.
    """
    blend = mask * colour + (1 - mask) * warp
    weight = 1 + 4 * ((truth - warp).abs().mean(1, keepdim=True) * 5).clamp(max=1)
    return {
        "blend": ((blend - truth).abs() * weight).mean(),
        "colour": 0.25 * ((colour - truth).abs() * weight).mean(),
        "edges": 0.5 * gradient_loss(blend, truth),
        "mask": MASK_COST * mask.mean(),
    }


class Averager:
    """Exponential average of a module's weights, faster at the start."""

    def __init__(self, module: nn.Module) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self._steps = 0

    def update(self, module: nn.Module) -> None:
        """Take in the present weights."""
        self._steps += 1
        decay = min(AVERAGE, (1 + self._steps) / (10 + self._steps))
        pairs = zip(self.module.parameters(), module.parameters(), strict=True)
        for average, value in pairs:
            average.lerp_(value.detach(), 1 - decay)


class WindowBatches:
    """Random batches of one window kind from all characters; eyes are mirrored to left ones."""

    def __init__(self, packed: list[Packed], kind: str, batch: int, seed: int) -> None:
        first = "mouth" if kind == "mouth" else "eye_left"
        packed = [p for p in packed if len(p.windows[first].warp)]  # some eyes are not painted
        self._packed, self._kind, self._batch = packed, kind, batch
        self._rng = np.random.default_rng(seed)
        self._mirror = np.array(mirrored_names())
        self._rates = [_rates(p.motion_MD, kind) for p in packed]
        counts = np.array([len(p.motion_MD) for p in packed], float)
        self._share = counts / counts.sum()

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        while True:
            yield self.draw()

    def draw(self) -> dict[str, Tensor]:
        """One batch, as float tensors; `who` indexes `views`."""
        few = min(PEOPLE, len(self._packed))
        people = self._rng.choice(len(self._packed), few, replace=False, p=self._share)
        parts: dict[str, list[Any]] = {k: [] for k in BATCH_KEYS}
        who = []
        for slot, person in enumerate(people):
            packed = self._packed[person]
            rates = self._rates[person]
            rows = np.sort(self._rng.choice(len(rates), self._batch // few, p=rates))
            side = self._kind
            if side == "eye":
                side = str(self._rng.choice(["eye_left", "eye_right"]))
            window = packed.windows[side]
            motion = packed.motion_MD[rows]
            if side == "eye_right":
                motion = motion[:, self._mirror]
            parts["warp"].append(window.warp[rows])
            parts["cut"].append(window.cut[rows])
            parts["flow"].append(window.flow[rows])
            parts["truth"].append(window.truth[rows])
            parts["motion"].append(motion)
            parts["views"].append(window.views[None])
            who += [slot] * len(rows)
        out = {k: torch.from_numpy(np.concatenate(v)).float() for k, v in parts.items()}
        for key in ("warp", "cut", "truth"):
            out[key] = out[key].permute(0, 3, 1, 2).contiguous() / 255
        out["views"] = out["views"] / 255
        out["who"] = torch.tensor(who)
        return out


def _rates(motion_MD: Any, kind: str) -> Any:
    """How often each motion of a character is drawn (M,), adding to 1."""
    rates = np.ones(len(motion_MD))
    if kind == "mouth":
        tongue, jaw = (motion_MD[:, MOTION_INDEX[n]] for n in ("tongueOut", "jawOpen"))
        rates[(tongue > 0.08) | (jaw > 0.6)] = INSIDE
    return rates / rates.sum()


def paint_step(net: CropPaint, encoder: WindowEncoder, batch: dict[str, Tensor]) -> dict[str, Any]:
    """Losses of a batch; `blend` in the result's floats is what the eye would see."""
    feature, code = encoder(batch["views"])
    colour, mask = net(
        batch["cut"],
        batch["warp"],
        batch["flow"],
        batch["motion"],
        feature[batch["who"]],
        code[batch["who"]],
    )
    return paint_loss(colour.float(), mask.float(), batch["warp"], batch["truth"])


def learning_rate(done: float, peak: float) -> float:
    """Warm-up over 2% of the time, then a half cosine down to 2% of the peak."""
    warm = min(1.0, done / 0.02 + 0.02)
    return peak * warm * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(done, 1.0))))


def train_paint(arguments: argparse.Namespace) -> None:
    """Train mouth and eyes with their encoders for a number of minutes."""
    packed = load_packed(arguments.data, arguments.only)
    held = [p.tail(arguments.held) for p in packed]
    packed = [p.head(arguments.held) for p in packed]
    torch.manual_seed(arguments.seed)
    paint, identity = Paint(), Identity()
    if arguments.start:
        state = torch.load(arguments.start, map_location="cpu", weights_only=True)
        paint.load_state_dict(state["paint"])
        identity.load_state_dict(state["identity"])
    identity.requires_grad_(not arguments.keep_identity)
    both = nn.ModuleDict({"paint": paint, "identity": identity})
    both = both.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trained = [value for value in both.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=arguments.rate, weight_decay=1e-4)
    average = Averager(both)
    mouths = WindowBatches(packed, "mouth", arguments.batch, arguments.seed)
    eyes = WindowBatches(packed, "eye", arguments.batch, arguments.seed + 1)
    start = shown = saved = time.monotonic()
    step = 0
    while (elapsed := time.monotonic() - start) < arguments.minutes * 60:
        rate = learning_rate(elapsed / (arguments.minutes * 60), arguments.rate)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        values: dict[str, float] = {}
        for kind, batches in (("mouth", mouths), ("eye", eyes)):
            if kind == "eye" and step % EYES_EVERY:
                continue
            net, encoder = getattr(paint, kind), getattr(identity, kind)
            with torch.autocast("cpu", torch.bfloat16):
                losses = paint_step(net, encoder, batches.draw())
            sum(losses.values()).backward()
            values |= {f"{kind} {k}": float(v.detach()) for k, v in losses.items()}
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        average.update(both)
        step += 1
        now = time.monotonic()
        if now - shown > 30:
            shown = now
            shown_values = " ".join(f"{k} {v:.4f}" for k, v in values.items())
            print(f"{elapsed / 60:5.1f} min step {step} rate {rate:.1e} {shown_values}", flush=True)
        if now - saved > 120:
            saved = now
            save_paint(average.module, arguments.out)
            print("held out:", held_out(average.module, held), flush=True)
    save_paint(average.module, arguments.out)
    print("held out:", held_out(average.module, held), flush=True)


def save_paint(both: nn.Module, path: Path) -> None:
    """Write the averaged weights."""
    state = {name: getattr(both, name, both[name]).state_dict() for name in ("paint", "identity")}  # type: ignore[index]
    torch.save(state, path)


@torch.no_grad()
def held_out(both: nn.Module, held: list[Packed], limit: int = 24) -> str:
    """PSNR of warp and of the blend on held-out motions, mouth and eyes."""
    out = []
    for kind in ("mouth", "eye"):
        batches = WindowBatches(held, kind, limit, seed=5)
        batch = batches.draw()
        net, encoder = getattr(both["paint"], kind), getattr(both["identity"], kind)  # type: ignore[index]
        feature, code = encoder(batch["views"])
        who = batch["who"]
        colour, mask = net(
            *(batch[k] for k in ("cut", "warp", "flow", "motion")), feature[who], code[who]
        )
        blend = mask * colour + (1 - mask) * batch["warp"]
        for name, image in (("warp", batch["warp"]), ("cut", batch["cut"]), ("full", blend)):
            error = float(((image - batch["truth"]) ** 2).mean())
            out.append(f"{kind} {name} {-10 * np.log10(max(error, 1e-9)):.2f} dB")
    return ", ".join(out)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of packed characters")
    parser.add_argument("--only", nargs="*", default=None, help="ids of the characters to use")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument(
        "--keep-identity", action="store_true", help="leave the encoder, and so the codes, alone"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=9)
    parser.add_argument("--held", type=float, default=0.06, help="share of motions held out")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train_paint(arguments)


if __name__ == "__main__":
    main()
