"""What the two networks are punished for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.contract import Float32Array
from inference.portrait_place import Place
from training.portrait.network import FINDER_STRIDE, HEAT_STRIDE, expected
from training.portrait.samples import Crop

SPREAD: Final = 1.1
"""Standard deviation of a point's true heat, in cells."""
WEIGHTS: Final = {
    "pupil": 2.0, "eye": 1.6, "lip": 1.6, "mouth": 1.8, "nose": 1.4, "brow": 1.2, "chin": 1.2,
    "neck": 0.4, "throat": 0.4, "collar": 0.3, "shoulder": 0.3, "ear": 0.7, "crown": 0.8,
}  # fmt: skip
"""How much a kind of point counts; others 1."""
PART_WEIGHTS: Final = (1.0, 1.0, 1.0, 1.0, 5.0)
"""How much a pixel of each of `network.CLASSES` counts: hair behind is rare."""
CELL_SPREAD: Final = 0.65
"""Standard deviation of a face's heat in the finder's map, in cells, at the least."""


def point_weights(names: tuple[str, ...]) -> Tensor:
    """(L,)"""
    found = [next((w for key, w in WEIGHTS.items() if n.startswith(key)), 1.0) for n in names]
    return torch.tensor(found)


@dataclass(slots=True)
class Batch:
    """Crops as tensors: picture (B, 3, S, S) in -1..1, parts (B, 5, S/2, S/2), shown (B, S/2,
    S/2), points (B, L, 2), inside (B, L)."""

    picture: Tensor
    parts: Tensor
    shown: Tensor
    points: Tensor
    inside: Tensor


def batch_of(crops: list[Crop]) -> Batch:
    """Crops of one size put together."""
    picture = torch.from_numpy(np.stack([c.rgb for c in crops])).permute(0, 3, 1, 2) * 2 - 1
    parts = torch.from_numpy(np.stack([c.parts for c in crops])).permute(0, 3, 1, 2)
    shown = 1 - torch.from_numpy(np.stack([c.hidden for c in crops]))
    return Batch(
        picture.contiguous(memory_format=torch.channels_last),
        functional.avg_pool2d(parts, 2),
        functional.avg_pool2d(shown[:, None], 2)[:, 0],
        torch.from_numpy(np.stack([c.points for c in crops])),
        torch.from_numpy(np.stack([c.inside for c in crops])),
    )


def _true_heat(points_BL2: Tensor, height: int, width: int) -> Tensor:
    """Gaussians of sum 1 (B, L, height * width)."""
    at = (points_BL2 - (HEAT_STRIDE - 1) / 2) / HEAT_STRIDE

    def line(count: int, middle: Tensor) -> Tensor:
        away = torch.arange(count) - middle[..., None]
        value = torch.exp(-0.5 * (away / SPREAD) ** 2)
        return value / value.sum(-1, keepdim=True).clamp_min(1e-6)

    return (line(height, at[..., 1])[..., :, None] * line(width, at[..., 0])[..., None, :]).flatten(
        2
    )


def portrait_loss(
    out: tuple[Tensor, Tensor, Tensor], batch: Batch, weight_L: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The sum, and its parts to look at."""
    heat, sure, parts = (each.float() for each in out)
    inside = batch.inside.float()
    weight = inside * weight_L
    total = weight.sum().clamp_min(1.0)
    goal = _true_heat(batch.points, *heat.shape[2:])
    cross = -(goal * heat.flatten(2).log_softmax(-1)).sum(-1)
    error = (expected(heat) - batch.points).square().sum(-1).add(0.01).sqrt()
    points = sure.shape[1] // 2
    present, spread = sure[:, :points], sure[:, points:].clamp(-3, 5)
    likely = error.detach() * torch.exp(-spread) + spread
    found = functional.binary_cross_entropy_with_logits(present, inside)
    rare = torch.tensor(PART_WEIGHTS)[None, :, None, None]
    label = -(batch.parts * rare * parts.log_softmax(1)).sum(1)
    part = (label * batch.shown).sum() / batch.shown.sum().clamp_min(1.0)
    heat_loss = (cross * weight).sum() / total
    away = (error * weight).sum() / total
    sigma = (likely * weight).sum() / total
    loss = 0.4 * heat_loss + 0.35 * away + 0.1 * sigma + 0.3 * found + 1.5 * part
    seen = (error * inside).sum() / inside.sum().clamp_min(1.0)
    return loss, {
        "heat": heat_loss.item(), "pixels": seen.item(), "sigma": sigma.item(),
        "found": found.item(), "part": part.item(),
    }  # fmt: skip


def finder_targets(places: list[list[Place]], side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Heat (B, h, w), values (B, 5, h, w), and where values count (B, h, w)."""
    cells = side // FINDER_STRIDE
    heat = np.zeros((len(places), cells, cells), np.float32)
    values = np.zeros((len(places), 5, cells, cells), np.float32)
    counts = np.zeros_like(heat)
    rows, columns = np.mgrid[:cells, :cells].astype(np.float32)
    for index, found in enumerate(places):
        for place in found:
            x, y = ((v + 0.5) / FINDER_STRIDE - 0.5 for v in (place.x, place.y))
            spread = max(CELL_SPREAD, 0.22 * place.size / FINDER_STRIDE)
            away = (columns - x) ** 2 + (rows - y) ** 2
            np.maximum(heat[index], np.exp(-0.5 * away / spread**2), out=heat[index])
            near = away <= max(1.2, spread**2)
            counts[index][near] = 1
            for k, value in enumerate(_values(place, x - columns, y - rows)):
                values[index, k][near] = value[near]
            column, row = round(x), round(y)
            if 0 <= column < cells and 0 <= row < cells:
                heat[index, row, column] = 1
    return torch.from_numpy(heat), torch.from_numpy(values), torch.from_numpy(counts)


def _values(place: Place, dx: Float32Array, dy: Float32Array) -> list[Float32Array]:
    flat = np.ones_like(dx)
    return [
        dx, dy, flat * math.log(place.size / 32), flat * math.cos(place.roll),
        flat * math.sin(place.roll),
    ]  # fmt: skip


def finder_loss(
    out: Tensor, places: list[list[Place]], side: int
) -> tuple[Tensor, dict[str, float]]:
    """Penalty-reduced focal loss of the heat (H. Law and J. Deng, 2018), L1 of the values."""
    heat, values, counts = finder_targets(places, side)
    logit = out[:, 0].float()
    share = logit.sigmoid()
    faces = max(sum(len(found) for found in places), 1)
    hit = (heat > 0.999).float()
    right = functional.logsigmoid(logit) * (1 - share) ** 2 * hit
    wrong = functional.logsigmoid(-logit) * share**2 * (1 - heat) ** 4 * (1 - hit)
    focal = -(right + wrong).sum() / faces
    error = (out[:, 1:].float() - values).abs().sum(1) * counts
    value = error.sum() / counts.sum().clamp_min(1.0)
    return focal + 0.6 * value, {"focal": focal.item(), "values": value.item()}
