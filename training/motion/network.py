"""The network that hears: features of both streams to mouth, visemes and activity. Causal.

A step embeds the features of self with a glimpse of the other stream and goes through residual
causal convolutions of growing dilation, which see the last half second and tell sounds apart;
then a gated recurrent unit, which comes to know the speaker and the noise. A small one hears
whether the others speak.

`forward` runs whole recordings for training; `step` is the same computation for one step with
explicit state, written in plain matrix products so that it exports to a handful of ONNX nodes.
"""

from __future__ import annotations

from typing import Final, NamedTuple, cast

import torch
from torch import nn

from inference.contract import VISEMES
from training.motion.normaliser import FEATURE_SIZE, SELF_FEATURES
from training.speech.phones import PHONES
from training.teacher.mouth import MOUTH

DILATIONS: Final = (1, 1, 2, 2, 4)
TAPS: Final = 3
HEADS: Final[dict[str, int]] = {
    "mouth": len(MOUTH), "visemes": len(VISEMES), "openness": 1, "closure": 1, "rounding": 1,
    "speaking": 1, "accent": 1,
}  # fmt: skip
"""What a step tells, and of how many values: channels, logits, 0..1, logit, logit, logit, 0..1."""
OUTPUT_SIZE: Final = sum(HEADS.values())
LATER_MS: Final = (0, 30, 60)
"""In training the phones of so long ago are named too: what is hard now is easier to tell later,
and teaches the layers below."""
GLIMPSE: Final = 32


class HearingState(NamedTuple):
    """State of `HearingNet.step`: the convolutions' pasts, two recurrent units."""

    past: torch.Tensor
    memory: torch.Tensor
    other: torch.Tensor


def _weight(cell: nn.GRU, name: str) -> torch.Tensor:
    return cast(torch.Tensor, getattr(cell, name))


def gru_step(cell: nn.GRU, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """One step of a one-layer nn.GRU: x (B, I), hidden (B, H) -> hidden (B, H)."""
    inner = nn.functional.linear(x, _weight(cell, "weight_ih_l0"), _weight(cell, "bias_ih_l0"))
    recurrent = nn.functional.linear(
        hidden, _weight(cell, "weight_hh_l0"), _weight(cell, "bias_hh_l0")
    )
    size = hidden.shape[1]
    gates = torch.sigmoid(inner[:, : 2 * size] + recurrent[:, : 2 * size])
    candidate = torch.tanh(inner[:, 2 * size :] + gates[:, :size] * recurrent[:, 2 * size :])
    update = gates[:, size:]
    return candidate + update * (hidden - candidate)


def split_heads(heads: torch.Tensor) -> dict[str, torch.Tensor]:
    """(..., OUTPUT_SIZE) -> the parts named in HEADS."""
    return dict(zip(HEADS, heads.split(list(HEADS.values()), -1), strict=True))


class CausalConv(nn.Module):
    """Dilated convolution over TAPS steps of which the last is the present."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.mix = nn.Linear(TAPS * width, width)
        """Oldest tap first. A matrix, since that is how `step` and the optimiser see it."""

    def forward(self, x_BCT: torch.Tensor) -> torch.Tensor:
        """(B, width, T) -> the same."""
        padded = nn.functional.pad(x_BCT, (self.dilation * (TAPS - 1), 0))
        kernel = self.mix.weight.unflatten(1, (TAPS, -1)).transpose(1, 2)
        return nn.functional.conv1d(padded, kernel, self.mix.bias, dilation=self.dilation)

    def step(self, x: torch.Tensor, past: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x (B, width) and the steps before, oldest first -> result, the next past."""
        width = x.shape[1]
        reach = self.dilation * width
        taps = torch.cat([past[:, :width], past[:, reach : reach + width], x], 1)
        return self.mix(taps), torch.cat([past[:, width:], x], 1)


class LockedDropout(nn.Module):
    """Dropout whose mask stays the same over time (Gal and Ghahramani, "A theoretically grounded
    application of dropout in recurrent neural networks", 2016); it costs next to nothing."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: torch.Tensor, time_axis: int) -> torch.Tensor:
        """x with the same channels zeroed at every step of `time_axis`."""
        if not self.training or self.share == 0:
            return x
        shape = list(x.shape)
        shape[time_axis] = 1
        kept = (torch.rand(shape) >= self.share).to(x.dtype) / (1 - self.share)
        return x * kept


class HearingNet(nn.Module):
    """About 1.6 million parameters at the default width."""

    def __init__(
        self, width: int = 256, memory: int = 256, listen: int = 48, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.width, self.memory_size, self.listen = width, memory, listen
        self.glimpse = nn.Linear(FEATURE_SIZE, GLIMPSE)
        self.embed = nn.Linear(SELF_FEATURES + GLIMPSE, width)
        self.convolutions = nn.ModuleList(CausalConv(width, d) for d in DILATIONS)
        self.drop = LockedDropout(dropout)
        self.memory = nn.GRU(width, memory, batch_first=True)
        self.out = nn.Linear(width + memory, OUTPUT_SIZE)
        self.later = nn.Linear(width + memory, len(LATER_MS) * len(PHONES))
        self.other = nn.GRU(GLIMPSE, listen, batch_first=True)
        self.listening = nn.Linear(listen, 1)
        for head in (self.out, self.later):
            nn.init.normal_(head.weight, std=0.005)

    def initial(self, batch: int) -> HearingState:
        """Zeros."""
        past = sum(d * (TAPS - 1) for d in DILATIONS) * self.width
        return HearingState(*(torch.zeros(batch, n) for n in (past, self.memory_size, self.listen)))

    def forward(
        self, self_BTF: torch.Tensor, other_BTF: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Heads (B, T, OUTPUT_SIZE), phone logits (B, T, len(LATER_MS), P), listening (B, T)."""
        glimpse = torch.relu(self.glimpse(other_BTF))
        x = torch.relu(self.embed(torch.cat([self_BTF, glimpse], -1))).transpose(1, 2)
        for convolution in self.convolutions:
            x = x + self.drop(torch.relu(convolution(x)), 2)
        x = x.transpose(1, 2)
        memory, _ = self.memory(x)
        both = self.drop(torch.cat([x, memory], -1), 1)
        later = self.later(both).unflatten(-1, (len(LATER_MS), len(PHONES)))
        heard, _ = self.other(glimpse)
        return self.out(both), later, self.listening(heard)[..., 0]

    def step(
        self, self_BF: torch.Tensor, other_BF: torch.Tensor, state: HearingState
    ) -> tuple[torch.Tensor, torch.Tensor, HearingState]:
        """Heads (B, OUTPUT_SIZE), listening logit (B, 1), next state."""
        glimpse = torch.relu(self.glimpse(other_BF))
        x = torch.relu(self.embed(torch.cat([self_BF, glimpse], 1)))
        sizes = [d * (TAPS - 1) * self.width for d in DILATIONS]
        pasts = []
        for convolution, past in zip(self.convolutions, state.past.split(sizes, 1), strict=True):
            heard, past = cast(CausalConv, convolution).step(x, past)
            x = x + torch.relu(heard)
            pasts.append(past)
        memory = gru_step(self.memory, x, state.memory)
        heads = self.out(torch.cat([x, memory], 1))
        other = gru_step(self.other, glimpse, state.other)
        return heads, self.listening(other), HearingState(torch.cat(pasts, 1), memory, other)
