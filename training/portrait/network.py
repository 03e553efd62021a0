"""The two networks of the portrait reader, small enough to train and to run on a processor.

`PortraitNetwork` is a residual encoder and decoder that gives, for an upright crop round a head, a
heat map of every named point (read by soft-argmax: X. Sun et al., "Integral human pose regression",
2018), how sure each is, and what every pixel shows. `FinderNetwork` marks the middles of faces of
any turn in a whole picture, with size and roll (after X. Zhou et al., "Objects as points", 2019).
Both are fully convolutional, so that they take any size divisible by 32.
"""

from __future__ import annotations

from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES: Final = ("background", "skin", "clothes", "hair_front", "hair_back")
HEAT_STRIDE: Final = 4
"""Pixels of the crop for one of the heat maps."""
FINDER_STRIDE: Final = 8


class _Conv(nn.Sequential):
    """Convolution, batch normalisation, SiLU."""

    def __init__(self, inside: int, out: int, size: int = 3, step: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inside, out, size, step, size // 2, bias=False),
            nn.BatchNorm2d(out),
            nn.SiLU(inplace=True),
        )


class _Block(nn.Module):
    """Two convolutions beside a short cut (K. He et al., 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _Conv(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(x + self.second(self.first(x)))


def _stage(inside: int, out: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(_Conv(inside, out, 3, 2), *(_Block(out) for _ in range(blocks)))


class _Up(nn.Module):
    """Twice as large, joined with the encoder's features of that size."""

    def __init__(self, inside: int, skip: int, out: int, blocks: int) -> None:
        super().__init__()
        self.above, self.beside = _Conv(inside, out, 1), _Conv(skip, out, 1)
        self.blocks = nn.Sequential(*(_Block(out) for _ in range(blocks)))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        large = functional.interpolate(self.above(x), scale_factor=2.0, mode="nearest")
        return cast("Tensor", self.blocks(large + self.beside(skip)))


class PortraitNetwork(nn.Module):
    """Points, how sure they are, and parts, of a crop (B, 3, H, W) in -1..1."""

    def __init__(self, points: int, widths: tuple[int, ...] = (24, 48, 80, 128, 160)) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.points = points
        self.stem = _Conv(3, a, 3, 2)
        self.quarter = _stage(a, b, 1)
        self.eighth = _stage(b, c, 2)
        self.sixteenth = _stage(c, d, 2)
        self.deep = _stage(d, e, 1)
        self.sure = nn.Linear(e, 2 * points)
        self.up_16 = _Up(e, d, 96, 1)
        self.up_8 = _Up(96, c, c, 1)
        self.up_4 = _Up(c, b, b, 1)
        self.heat = nn.Conv2d(b, points, 1)
        self.up_2 = _Up(b, a, a, 1)
        self.part = nn.Conv2d(a, len(CLASSES), 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Heat (B, L, H/4, W/4) as logits; (B, 2L) presence logits, then log sigma (pixels of the
        crop); parts (B, 5, H/2, W/2) as logits."""
        half = self.stem(picture)
        quarter = self.quarter(half)
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        deep = self.deep(sixteenth)
        sure = self.sure(deep.mean((2, 3)))
        x = self.up_4(self.up_8(self.up_16(deep, sixteenth), eighth), quarter)
        return self.heat(x), sure, self.part(self.up_2(x, half))


def expected(heat_BLHW: Tensor) -> Tensor:
    """Soft-argmax (B, L, 2): x, y in pixels of the crop, the first one's middle being 0."""
    batch, points, height, width = heat_BLHW.shape
    share = heat_BLHW.float().reshape(batch, points, -1).softmax(-1).reshape(heat_BLHW.shape)
    x = (share.sum(2) * torch.arange(width, device=share.device)).sum(-1)
    y = (share.sum(3) * torch.arange(height, device=share.device)).sum(-1)
    return torch.stack([x, y], -1) * HEAT_STRIDE + (HEAT_STRIDE - 1) / 2


class FinderNetwork(nn.Module):
    """Middles of faces in a picture (B, 3, H, W) in -1..1."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96, 96)) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.stem = _Conv(3, a, 3, 2)
        self.quarter = _stage(a, b, 1)
        self.eighth = _stage(b, c, 2)
        self.sixteenth = _stage(c, d, 2)
        self.deep = _stage(d, e, 1)
        self.up_16 = _Up(e, d, 64, 1)
        self.up_8 = _Up(64, c, 64, 1)
        self.out = nn.Conv2d(64, 6, 1)
        nn.init.constant_(cast("Tensor", self.out.bias), 0.0)
        with torch.no_grad():
            cast("Tensor", self.out.bias)[0] = -4.0

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 6, H/8, W/8): logit of a face's middle, offset x and y (cells), log of its size (in
        32 pixels), cosine and sine of its roll."""
        eighth = self.eighth(self.quarter(self.stem(picture)))
        sixteenth = self.sixteenth(eighth)
        return cast(
            "Tensor", self.out(self.up_8(self.up_16(self.deep(sixteenth), sixteenth), eighth))
        )
