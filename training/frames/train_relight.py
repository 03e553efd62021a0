"""Trains `light.onnx` on whole frames of imported strangers beside the bundled characters.

    python -m training.frames.train_relight --strangers PACKED/posed --own OWN/posed --out light.pt

Both folders hold what `training.imported.pack --draw` and `training.frames.dataset pack --draw`
write; they may grow while training runs. One stranger in twelve is kept to watch. Checkpoints hold
averaged weights. Runs on the CPU in bfloat16; on a GPU it was not tried.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.contract import Float32Array
from training.frames.posed import Posed, load_posed
from training.frames.relight import Batch, Relight, batch_of, error, lit, relight_loss
from training.frames.strangers import (
    Strangers,
    add_arguments,
    colour_mix,
    look_of,
    random_gain,
)
from training.frames.train import Averager, learning_rate

OWN_SHARE: Final = 0.15
"""How often a sample shows a bundled character."""
ROWS: Final = 2
"""Motions of one person in a batch."""


def tinted(batch: Batch, rng: np.random.Generator) -> Batch:
    """The same light and saturation changed in all pictures of a batch's person."""
    share = 1.0 if rng.random() < 0.4 else float(rng.uniform(0.5, 1.25))
    mix = torch.from_numpy(colour_mix(share, random_gain(rng, 0.12)))
    out = dict(batch)
    for name in ("seen", "drawn", "truth"):
        rgb, alpha = batch[name][:, :3], batch[name][:, 3:]
        rgb = torch.einsum("ij,bjhw->bihw", mix, rgb)
        out[name] = torch.cat([torch.minimum(rgb.clamp(min=0), alpha), alpha], 1)
    return out


def jittered(batch: Batch, rng: np.random.Generator) -> Batch:
    """All pictures of a batch's person turned, scaled and moved alike, as if framed otherwise."""
    scale, angle = float(np.exp(rng.normal(0, 0.04))), float(rng.normal(0, 0.05))
    across, down = (float(v) for v in rng.normal(0, 0.03, 2))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrix = torch.tensor([[cos, -sin, across], [sin, cos, down]], dtype=torch.float32)
    out = dict(batch)
    grids: dict[int, Tensor] = {}
    for name in ("seen", "drawn", "truth", "flow", "face"):
        value = batch[name]
        size = value.shape[-1]
        if size not in grids:
            grids[size] = functional.affine_grid(
                matrix[None], [1, 1, size, size], align_corners=False
            )
        grid = grids[size].expand(len(value), -1, -1, -1)
        out[name] = functional.grid_sample(
            value, grid, padding_mode="border", align_corners=False
        )  # fmt: skip
    # where to look from: the inverse turn and scale of the displacements
    back = torch.linalg.inv(matrix[:, :2])
    out["flow"] = torch.einsum("ij,bjhw->bihw", back, out["flow"])
    return out


def joined(parts: list[Batch]) -> Batch:
    """Several batches as one."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


class Batches:
    """Random batches: some rows of each of several people."""

    def __init__(self, strangers: list[Posed], own: list[Posed], size: int, seed: int) -> None:
        self._strangers, self._own, self._size = strangers, own, size
        self._rng = np.random.default_rng(seed)

    def draw(self) -> Batch:
        """One batch; see `training.frames.relight.batch_of`."""
        rng, parts = self._rng, []
        for _ in range(self._size // ROWS):
            crowd = self._own if self._own and rng.random() < OWN_SHARE else self._strangers
            person = crowd[rng.integers(len(crowd))]
            rows = rng.choice(len(person.motion_FD), ROWS, replace=False)
            batch = tinted(batch_of(person, rows, bool(rng.random() < 0.5)), rng)
            parts.append(jittered(batch, rng))
        return joined(parts)


@torch.no_grad()
def watch(net: Relight, people: list[Posed], device: str) -> str:
    """dB before and after, by look."""
    found: dict[str, list[Float32Array]] = {}
    for person in people:
        batch = {k: v.to(device) for k, v in batch_of(person, slice(None)).items()}
        light = net(batch["seen"], batch["flow"], batch["motion"])
        values = [_decibel(error(p, batch)) for p in (batch["drawn"], lit(batch["drawn"], light))]
        found.setdefault(look_of(person.id), []).append(np.array(values, np.float32))
    return ", ".join(
        f"{look} " + " / ".join(f"{v:.2f}" for v in np.mean(rows, 0))
        for look, rows in sorted(found.items())
    )


def _decibel(error_B: Tensor) -> float:
    return float(-10 * torch.log10(error_B + 1e-6).mean())


def train(given: argparse.Namespace) -> None:
    """Train for a number of minutes."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(given.seed)
    people = Strangers(given.strangers, load_posed)
    own = [load_posed(path) for path in sorted(given.own.glob("*.npz"))] if given.own else []
    print(f"{people.refresh()} strangers, {len(own)} of our own", flush=True)
    net = Relight()
    if given.start:
        state = torch.load(given.start, map_location="cpu", weights_only=True)
        net.load_state_dict(state["light"])
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(net.parameters(), lr=given.rate, weight_decay=1e-2)
    average = Averager(net)
    batches = Batches(people.trained, own, given.batch, given.seed)
    began = shown = time.monotonic()
    step, gains = 0, []
    while (elapsed := time.monotonic() - began) < given.minutes * 60:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(elapsed / (given.minutes * 60), given.rate)
        batch = {k: v.to(device) for k, v in batches.draw().items()}
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16):
            loss, before, after = relight_loss(net, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        average.update(net)
        gains.append(float(after - before))
        step += 1
        if time.monotonic() - shown > given.every:
            shown = time.monotonic()
            save(average.module, given.out)
            print(
                f"{elapsed / 60:5.1f} min step {step} trained {np.mean(gains):+.2f} dB; watched "
                f"{watch(average.module, people.held[:60], device)}; {people.refresh()} people",  # type: ignore[arg-type]
                flush=True,
            )
            gains.clear()
    save(average.module, given.out)
    if people.held:
        print(watch(average.module, people.held, device), flush=True)  # type: ignore[arg-type]


def save(net: torch.nn.Module, path: Path) -> None:
    """Write the averaged weights."""
    torch.save({"light": {k: v.cpu() for k, v in net.state_dict().items()}}, path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    add_arguments(parser, batch=16, rate=2e-3)
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--every", type=float, default=90, help="seconds between two looks")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    train(given)


if __name__ == "__main__":
    main()
