"""Trains the mouth's paint on imported strangers beside the bundled characters.

    python -m training.imported.train_mouth --strangers PACKED --own OWN --start P.pt --out Q.pt

Goes on from a checkpoint of `training.frames.train`; eyes stay as they are, since imported faces
have theirs from a bank. `--strangers` is what `training.imported.pack` writes, and may grow while
training runs; `--own` what `training.frames.dataset pack` writes of the bundled characters. One
person in twelve of the strangers is kept to watch. Checkpoints hold averaged weights.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from training.frames.identity import Identity, WindowEncoder
from training.frames.packed import Packed, Window, load_packed
from training.frames.paint import CropPaint, Paint, mirrored_names
from training.frames.strangers import (
    Strangers,
    add_arguments,
    colour_mix,
    look_of,
    random_gain,
)
from training.frames.train import Averager, gradient_loss, learning_rate, save_paint

OWN_SHARE: Final = 0.2
"""How often a sample shows a bundled character."""
LOOK_SHARES: Final = {"photo": 0.28, "toon": 0.27, "drawn": 0.45}
"""How often a stranger is of each look: thin lines are the hardest to put in the right place."""
SOLID: Final = 0.9
"""Alpha below which a head's picture ends: the truth shows the neck there, which is no paint's."""
STILL: Final = 0.02
"""Largest value of the mouth's motions up to which a picture stays what it is."""
INNER: Final = (slice(14, 90), slice(12, 84))
"""Rows and columns of the window that are compared."""
EDGES: Final = 0.5
DECIBELS: Final = 0.018
"""Weight of the logarithm of a sample's squared error: about a tenth of the loss each dB."""
MASK_COST: Final = 0.0005
_FLOW_SIGNS: Final = np.array([-1, 1, -1, 1], np.float16)[:, None, None]
_MOUTH: Final = slice(MOTION_INDEX["jawForward"], MOTION_INDEX["mouthUpperUpRight"] + 1)
_TONGUE: Final = MOTION_INDEX["tongueOut"]
Batch = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Mouth:
    """One person's mouth under M motions."""

    name: str
    motion_MD: Float32Array
    window: Window

    @property
    def look(self) -> str:
        """The look of a stranger, `own` of a bundled character."""
        return look_of(self.name)


def mouth_of(packed: Packed) -> Mouth:
    """What this training needs of a character."""
    return Mouth(packed.id, packed.motion_MD, packed.windows["mouth"])


def load_mouth(path: Path) -> Mouth:
    """The mouth of one packed person."""
    return mouth_of(load_packed(path.parent, [path.stem])[0])


def tinted(pictures: Iterable[Float32Array], matrix_33: Float32Array) -> list[Float32Array]:
    """Premultiplied RGBA or RGB pictures (..., 3 or 4) in 0..1, their colours mixed alike."""
    out = []
    for picture in pictures:
        colour = (picture[..., :3] @ matrix_33.T).clip(0, 1)
        if picture.shape[-1] == 4:
            colour = np.concatenate([np.minimum(colour, picture[..., 3:]), picture[..., 3:]], -1)
        out.append(colour.astype(np.float32))
    return out


def random_tint(rng: np.random.Generator) -> Float32Array:
    """A mix of colours (3, 3): other light and saturation, now and then none at all."""
    saturation = 0.0 if rng.random() < 0.05 else float(rng.uniform(0.55, 1.25))
    if rng.random() < 0.4:
        saturation = 1.0
    return colour_mix(saturation, random_gain(rng, 0.10))


def _unit(pictures: UInt8Array) -> Float32Array:
    return pictures.astype(np.float32) / np.float32(255)


class MouthBatches:
    """Random batches of mouths; `change` mirrors half of them and changes their light."""

    def __init__(
        self, strangers: list[Mouth], own: list[Mouth], size: int, people: int, seed: int,
        change: bool = True,
    ) -> None:  # fmt: skip
        self._strangers, self._own = strangers, own
        self._size, self._people, self._change = size, people, change
        self._rng = np.random.default_rng(seed)
        self._mirror = np.array(mirrored_names())

    def draw(self) -> Batch:
        """A batch: `cut`, `warp`, `truth` (B, 4, H, W) in 0..1, `flow`, `motion`, `views` of the
        people and `who` of them each sample is."""
        parts: dict[str, list[Any]] = {
            k: [] for k in ("cut", "warp", "truth", "flow", "motion", "views")
        }
        who = []
        for slot in range(self._people):
            mouth = self._person()
            count = min(self._size // self._people, len(mouth.motion_MD))
            rows = np.sort(self._rng.choice(len(mouth.motion_MD), count, replace=False))
            for key, value in self._sample(mouth, rows).items():
                parts[key].append(value)
            who += [slot] * count
        out = {k: torch.from_numpy(np.concatenate(v)) for k, v in parts.items()}
        for key in ("cut", "warp", "truth", "views"):
            out[key] = out[key].permute(0, 3, 1, 2).contiguous()
        out["truth"] = attainable(out)
        return out | {"who": torch.tensor(who)}

    def _person(self) -> Mouth:
        pool = self._strangers
        if self._own and (not pool or self._rng.random() < OWN_SHARE):
            pool = self._own
        else:
            look = str(self._rng.choice(list(LOOK_SHARES), p=list(LOOK_SHARES.values())))
            pool = [mouth for mouth in pool if mouth.look == look] or pool
        return pool[int(self._rng.integers(len(pool)))]

    def _sample(self, mouth: Mouth, rows: Any) -> dict[str, Float32Array]:
        window = mouth.window
        pictures = [_unit(getattr(window, key)[rows]) for key in ("cut", "warp", "truth")]
        views = [_unit(part.transpose(1, 2, 0)) for part in np.split(window.views, 3)]
        flow, motion = window.flow[rows], mouth.motion_MD[rows]
        if self._change and self._rng.random() < 0.5:
            pictures = [picture[:, :, ::-1] for picture in pictures]
            views = [view[:, ::-1] for view in views]
            flow, motion = flow[..., ::-1] * _FLOW_SIGNS, motion[:, self._mirror]
        if self._change and self._rng.random() < 0.7:
            tint = random_tint(self._rng)
            pictures, views = tinted(pictures, tint), tinted(views, tint)
        cut, warp, truth = pictures
        return {
            "cut": cut, "warp": warp, "truth": truth, "flow": flow.astype(np.float32),
            "motion": motion, "views": np.concatenate(views, -1)[None],
        }  # fmt: skip


def attainable(batch: Batch) -> Tensor:
    """The truth where paint may change anything: elsewhere, and while nothing moves, the warp."""
    cover = torch.minimum(batch["cut"][:, 3:], batch["warp"][:, 3:])
    amount = batch["motion"][:, _MOUTH].amax(1).maximum(batch["motion"][:, _TONGUE])
    moved = (amount > STILL)[:, None, None, None]
    return torch.where((cover > SOLID) & moved, batch["truth"], batch["warp"])


def mouth_loss(colour: Tensor, mask: Tensor, warp: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Losses of a batch in 0..1 units.

    What the warp gets wrong weighs more; the logarithm counts every sample alike, the flat mouth
    of a drawing as much as a photograph.
    """
    blend = mask * colour + (1 - mask) * warp
    weight = 1 + 4 * ((truth - warp).abs().mean(1, keepdim=True) * 5).clamp(max=1)
    inner = (..., *INNER)
    squared = ((blend - truth)[inner][:, :3] ** 2).mean((1, 2, 3))
    return {
        "blend": ((blend - truth).abs() * weight).mean(),
        "colour": 0.15 * ((colour - truth).abs() * weight).mean(),
        "edges": EDGES * gradient_loss(blend, truth),
        "decibels": DECIBELS * (squared + 2e-4).log().mean() + 0.1,
        "mask": MASK_COST * mask.mean(),
    }


def painted(net: CropPaint, encoder: WindowEncoder, batch: Batch) -> tuple[Tensor, Tensor]:
    """Colour and mask of a batch."""
    feature, code = encoder(batch["views"])
    who = batch["who"]
    colour, mask = net(
        *(batch[k] for k in ("cut", "warp", "flow", "motion")), feature[who], code[who]
    )
    return colour.float(), mask.float()


@torch.no_grad()
def report(net: CropPaint, encoder: WindowEncoder, people: list[Mouth]) -> str:
    """Mean dB of warp, cut and full of everybody, by look, in the mouth; what stands still is
    left out."""
    found: dict[str, list[Any]] = {}
    for mouth in people:
        batches = MouthBatches([mouth], [], min(len(mouth.motion_MD), 40), 1, 0, change=False)
        batch = batches.draw()
        colour, mask = painted(net, encoder, batch)
        truth, warp = batch["truth"], batch["warp"]
        blend = mask * colour + (1 - mask) * warp
        errors = [
            ((each - truth)[(..., *INNER)][:, :3] ** 2).mean((1, 2, 3))
            for each in (warp, batch["cut"], blend)
        ]
        moved = errors[0] > 1e-5
        rows = torch.stack(errors)[:, moved]
        found.setdefault(mouth.look, []).append(-10 * torch.log10(rows + 1e-6))
    out = []
    for look, parts in sorted(found.items()):
        warp, cut, full = torch.cat(parts, 1).mean(1).tolist()
        out.append(f"{look} {warp:.2f} / {cut:.2f} / {full:.2f} ({full - warp:+.2f})")
    return ", ".join(out)


def load(start: Path) -> tuple[Paint, Identity]:
    """Networks of a checkpoint, which may be older than the shift of the mouth's pixels."""
    state = torch.load(start, map_location="cpu", weights_only=True)
    paint, identity = Paint(), Identity()
    paint.load_state_dict(paint.state_dict() | state["paint"])
    identity.load_state_dict(state["identity"])
    return paint, identity


def train(given: argparse.Namespace) -> None:
    """Train for a number of minutes."""
    torch.manual_seed(given.seed)
    strangers = Strangers(given.strangers, load_mouth)
    strangers.refresh()
    every = [mouth_of(packed) for packed in load_packed(given.own)] if given.own else []
    own = [_rows(mouth, slice(0, -20)) for mouth in every]
    own_held = [_rows(mouth, slice(-20, None)) for mouth in every]
    paint, identity = load(given.start)
    both = nn.ModuleDict({"paint": paint, "identity": identity})
    both = both.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trained = [*paint.mouth.parameters(), *identity.mouth.parameters()]
    optimiser = torch.optim.AdamW(trained, lr=given.rate, weight_decay=1e-4)
    average = Averager(both)
    batches = MouthBatches(strangers.trained, own, given.batch, given.people, given.seed)
    start = shown = saved = time.monotonic()
    steps = 0
    sums: dict[str, float] = {}

    def watch() -> None:
        save_paint(average.module, given.out)
        net = average.module["paint"].mouth  # type: ignore[index]
        encoder = average.module["identity"].mouth  # type: ignore[index]
        count = strangers.refresh()
        held = strangers.held[: given.watch] + own_held
        print(f"{count} strangers; {report(net, encoder, held)}", flush=True)

    watch()
    while (elapsed := time.monotonic() - start) < given.minutes * 60:
        rate = learning_rate(elapsed / (given.minutes * 60), given.rate)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        batch = batches.draw()
        with torch.autocast("cpu", torch.bfloat16):
            colour, mask = painted(paint.mouth, identity.mouth, batch)
        losses = mouth_loss(colour, mask, batch["warp"], batch["truth"])
        sum(losses.values()).backward()  # type: ignore[union-attr]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        average.update(both)
        steps += 1
        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + float(value.detach())
        now = time.monotonic()
        if now - shown > 30:
            means = " ".join(f"{key} {value / steps:.4f}" for key, value in sums.items())
            print(f"{elapsed / 60:5.1f} min step {steps} rate {rate:.1e} {means}", flush=True)
            shown = now
        if now - saved > 150:
            saved = now
            watch()
    watch()


def _rows(mouth: Mouth, rows: slice) -> Mouth:
    window = mouth.window
    part = Window(
        window.truth[rows], window.warp[rows], window.cut[rows], window.flow[rows], window.views
    )
    return Mouth(mouth.name, mouth.motion_MD[rows], part)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    add_arguments(parser, batch=12, rate=1e-3)
    parser.add_argument("--start", type=Path, required=True, help="checkpoint to go on from")
    parser.add_argument("--people", type=int, default=6, help="people in a batch")
    parser.add_argument("--watch", type=int, default=24, help="strangers that are watched")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    train(given)


if __name__ == "__main__":
    main()
