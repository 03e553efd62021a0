"""The Base: performances by flow matching, both directions in time, many steps.

A one-dimensional U-Net gives the velocity that carries noise to data along straight lines (Lipman
et al., "Flow matching for generative modeling", 2023; Liu et al., "Flow straight and fast", 2023):
x_t = (1 - t) noise + t data, velocity = data - noise. It has no memory of absolute place, so any
length is made at once. Conditions are dropped now and then, so that guidance is possible (Ho and
Salimans, 2022).

Noise and velocity live in a *sharpened* space: of every channel, a part of the step before is taken
off, so that how it moves weighs as much as where it is. Without this what is left of the noise in a
slow channel is larger than its movements, and a resting mouth trembles.
"""

from __future__ import annotations

import itertools
import math
from typing import Final, cast

import torch
from torch import nn

from training.motion.performance import CONTROL_SIZE, HEARD_SIZE, PERFORMANCE_SIZE

CONDITION_SIZE: Final = HEARD_SIZE + CONTROL_SIZE
_TIME_SIZE: Final = 128
_GRID: Final = 8
"""Lengths are padded to a multiple of this (three halvings)."""


_SHARPEST: Final = 0.95
"""Largest part of the step before that is taken off."""


class Sharpen(nn.Module):
    """Encoded performances and back: z[t] = (x[t] - mean - part (x[t-1] - mean)) / spread.

    The step before the first counts as equal to the first.
    """

    mean: torch.Tensor
    part: torch.Tensor
    spread: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(PERFORMANCE_SIZE))
        self.register_buffer("part", torch.full((PERFORMANCE_SIZE,), 0.9))
        self.register_buffer("spread", torch.full((PERFORMANCE_SIZE,), 0.4))

    def fit(self, encoded_BTP: torch.Tensor) -> None:
        """Choose mean, part and spread so that place and movement weigh the same, of unit size."""
        self.mean.copy_(encoded_BTP.mean((0, 1)))
        place = encoded_BTP.std((0, 1))
        change = encoded_BTP.diff(dim=1).square().mean((0, 1)).sqrt()
        self.part.copy_((place / (place + change).clamp(min=1e-6)).clamp(max=_SHARPEST))
        self.spread.fill_(1.0)
        self.spread.copy_(self(encoded_BTP).square().mean((0, 1)).sqrt().clamp(min=1e-3))

    def forward(self, encoded_BTP: torch.Tensor) -> torch.Tensor:
        """(B, T, P) -> the same shape."""
        x = encoded_BTP - self.mean
        before = torch.cat([x[:, :1], x[:, :-1]], 1)
        return (x - self.part * before) / self.spread

    def back(self, sharp_BTP: torch.Tensor) -> torch.Tensor:
        """The inverse of `forward`."""
        scaled = sharp_BTP * self.spread
        now = scaled[:, 0] / (1 - self.part)
        steps = [now]
        for t in range(1, scaled.shape[1]):
            now = self.part * now + scaled[:, t]
            steps.append(now)
        return torch.stack(steps, 1) + self.mean


class _Norm(nn.Module):
    """Root mean square over channels at each step, so that length does not matter."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x_BCT: torch.Tensor) -> torch.Tensor:
        """(B, C, T) -> the same shape."""
        return x_BCT * torch.rsqrt(x_BCT.square().mean(1, keepdim=True) + 1e-6) * self.gain


class _Block(nn.Module):
    """Two convolutions with the flow's time between them, and a way around."""

    def __init__(self, into: int, out: int, dilation: int = 1) -> None:
        super().__init__()
        self.before, self.between = _Norm(into), _Norm(out)
        self.first = nn.Conv1d(into, out, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv1d(out, out, 3, padding=1)
        self.film = nn.Linear(_TIME_SIZE, 2 * out)
        self.around = nn.Conv1d(into, out, 1) if into != out else nn.Identity()
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x_BCT: torch.Tensor, time_BE: torch.Tensor) -> torch.Tensor:
        """(B, into, T) -> (B, out, T)."""
        inner = self.first(nn.functional.silu(self.before(x_BCT)))
        scale, shift = self.film(time_BE)[..., None].chunk(2, 1)
        inner = nn.functional.silu(self.between(inner) * (1 + scale) + shift)
        return self.around(x_BCT) + self.second(inner)


class Base(nn.Module):
    """Velocity of the flow in the sharpened space; 2.5 million parameters at the default widths."""

    def __init__(self, widths: tuple[int, int, int, int] = (64, 96, 144, 192)) -> None:
        super().__init__()
        self.widths = widths
        self.sharpen = Sharpen()
        self.time = nn.Sequential(
            nn.Linear(_TIME_SIZE, _TIME_SIZE), nn.SiLU(), nn.Linear(_TIME_SIZE, _TIME_SIZE)
        )
        self.enter = nn.Conv1d(PERFORMANCE_SIZE + CONDITION_SIZE + 1, widths[0], 5, padding=2)
        self.down, self.shrink, self.grow, self.up = (nn.ModuleList() for _ in range(4))
        for here, deeper in itertools.pairwise(widths):
            self.down.append(nn.ModuleList([_Block(here, here), _Block(here, here)]))
            self.shrink.append(nn.Conv1d(here, deeper, 4, stride=2, padding=1))
            self.grow.append(nn.ConvTranspose1d(deeper, here, 4, stride=2, padding=1))
            self.up.append(nn.ModuleList([_Block(2 * here, here), _Block(here, here)]))
        deepest = widths[-1]
        self.middle = nn.ModuleList([_Block(deepest, deepest, d) for d in (1, 2, 4)])
        self.leave = nn.Conv1d(widths[0], PERFORMANCE_SIZE, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(
        self,
        x_BTP: torch.Tensor,
        t_B: torch.Tensor,
        heard_BTH: torch.Tensor,
        controls_BTC: torch.Tensor,
        told_B: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Velocity (B, T, P) at sharpened places and flow times in [0, 1]; `told_B` 0: the
        conditions are unknown.
        """
        length = x_BTP.shape[1]
        told = torch.ones_like(t_B) if told_B is None else told_B
        told_BT1 = told[:, None, None].expand(-1, length, 1)
        conditions = torch.cat([heard_BTH, controls_BTC], -1) * told_BT1
        x = torch.cat([x_BTP, conditions, told_BT1], -1).transpose(1, 2)
        x = nn.functional.pad(x, (0, -length % _GRID), mode="replicate")
        time_BE = nn.functional.silu(self.time(_waves(t_B)))
        x = self.enter(x)
        kept = []
        for blocks, shrink in zip(self.down, self.shrink, strict=True):
            for block in cast(nn.ModuleList, blocks):
                x = block(x, time_BE)
            kept.append(x)
            x = shrink(x)
        for block in self.middle:
            x = block(x, time_BE)
        for grow, blocks in zip(reversed(self.grow), reversed(self.up), strict=True):
            x = torch.cat([grow(x), kept.pop()], 1)
            for block in cast(nn.ModuleList, blocks):
                x = block(x, time_BE)
        return self.leave(x)[..., :length].transpose(1, 2)


def _waves(t_B: torch.Tensor) -> torch.Tensor:
    """Sines and cosines of the flow's time: (B,) -> (B, _TIME_SIZE)."""
    frequency = torch.exp(torch.linspace(0, math.log(300.0), _TIME_SIZE // 2))
    angle = t_B[:, None] * frequency * math.pi
    return torch.cat([torch.sin(angle), torch.cos(angle)], 1)


def flow_times(count: int, rng: torch.Generator) -> torch.Tensor:
    """Training times: half logit-normal (Esser et al. 2024), half even, so both ends are seen."""
    middle = torch.sigmoid(torch.randn(count, generator=rng))
    even = torch.rand(count, generator=rng)
    return torch.where(torch.rand(count, generator=rng) < 0.5, middle, even)


@torch.no_grad()
def sample(
    base: Base,
    heard_BTH: torch.Tensor,
    controls_BTC: torch.Tensor,
    seed: int,
    steps: int = 24,
    guidance: float = 1.0,
) -> torch.Tensor:
    """Encoded performances (B, T, P) by Heun's method; the same seed gives the same ones.

    Times are finer near the data, where the sharp events are settled.
    """
    rng = torch.Generator().manual_seed(seed)
    batch, length = heard_BTH.shape[:2]
    x = torch.randn(batch, length, PERFORMANCE_SIZE, generator=rng)
    grid = torch.linspace(0, 1, steps + 1)
    grid = 1 - (1 - grid) ** 1.5

    def velocity(at: torch.Tensor, t: float) -> torch.Tensor:
        t_B = torch.full((batch,), t)
        v = base(at, t_B, heard_BTH, controls_BTC)
        if guidance != 1.0:
            blind = base(at, t_B, heard_BTH, controls_BTC, torch.zeros(batch))
            v = blind + guidance * (v - blind)
        return v.float()

    for now, then in zip(grid[:-1].tolist(), grid[1:].tolist(), strict=True):
        first = velocity(x, now)
        if then < 1:
            second = velocity(x + (then - now) * first, then)
            first = 0.5 * (first + second)
        x = x + (then - now) * first
    return base.sharpen.back(x)
