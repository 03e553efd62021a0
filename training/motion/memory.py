"""Gated memories that whole stretches can be run through at once, and one step at a time.

A memory's gate and candidate depend on its input alone (Feng et al., "Were RNNs all we needed?",
2024), so training on whole performances needs no matrix product per step; what the past asks for
comes in through the student's own last steps and the layers below.
"""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import nn

_PIECE: Final = 32
"""Steps that are gone through one after another in training."""
_SHORTEST: Final = 0.06
_LONGEST: Final = 8.0
"""Seconds that the memories span before training."""
_FORGETS: Final = 0.004
"""Least part of a memory that goes at each step, so that none outlasts ten seconds by much: what a
performance of an hour comes to is then what a training of 40 s has seen."""


def _linear_scan(keep_BTW: torch.Tensor, add_BTW: torch.Tensor) -> torch.Tensor:
    """h[t] = keep[t] h[t-1] + add[t] from h = 0: all pieces of the time side by side, then what
    each hands on to the next.
    """
    batch, length, width = keep_BTW.shape
    fill = (0, 0, 0, -length % _PIECE)
    shape = (batch, -1, _PIECE, width)
    keep = nn.functional.pad(keep_BTW, fill).reshape(shape)
    hidden = nn.functional.pad(add_BTW, fill).reshape(shape)
    product = torch.empty_like(keep)
    product[:, :, 0] = keep[:, :, 0]
    for t in range(1, _PIECE):
        hidden[:, :, t].addcmul_(keep[:, :, t], hidden[:, :, t - 1])
        torch.mul(product[:, :, t - 1], keep[:, :, t], out=product[:, :, t])
    carried = torch.zeros_like(hidden[:, :, 0])
    for n in range(1, carried.shape[1]):
        carried[:, n] = hidden[:, n - 1, -1] + product[:, n - 1, -1] * carried[:, n - 1]
    hidden = hidden.addcmul_(product, carried[:, :, None])
    return hidden.reshape(batch, -1, width)[:, :length]


class _Scan(torch.autograd.Function):
    """h[t] = h[t-1] + gate[t] (candidate[t] - h[t-1]) from h = 0, over (B, T, W)."""

    @staticmethod
    def forward(ctx: Any, gate: torch.Tensor, candidate: torch.Tensor) -> torch.Tensor:
        """All states, float32."""
        hidden = _linear_scan(1 - gate, gate * candidate)
        ctx.save_for_backward(gate, candidate, hidden)
        return hidden

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Gradients of the gate and the candidate."""
        gate, candidate, hidden = ctx.saved_tensors
        # The same from the end: what a state gives to the next one comes back.
        keep = nn.functional.pad(1 - gate[:, 1:], (0, 0, 0, 1))
        total = _linear_scan(keep.flip(1), grads[0].float().flip(1)).flip(1)
        before = nn.functional.pad(hidden, (0, 0, 1, 0))[:, :-1]
        return total * (candidate - before), total * gate


def scan(gate_BTW: torch.Tensor, candidate_BTW: torch.Tensor) -> torch.Tensor:
    """States of memories from nothing, whole stretches at once: (B, T, W), float32."""
    hidden: torch.Tensor = _Scan.apply(gate_BTW, candidate_BTW)
    return hidden


class Memory(nn.Module):
    """A gated memory with a way around: x (..., W) -> x (..., W). State (B, W) within +-1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.enter = nn.Linear(width, 3 * width)
        self.leave = nn.Linear(width, width)
        seconds = torch.exp(torch.linspace(math.log(_SHORTEST), math.log(_LONGEST), width))
        with torch.no_grad():
            self.enter.weight[:width] *= 0.5
            self.enter.bias[:width] = torch.logit(torch.clamp(0.04 / seconds - _FORGETS, max=0.6))
            self.leave.weight *= 0.5

    def _parts(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        gate, candidate, shown = self.enter(self.norm(x)).chunk(3, -1)
        opened = _FORGETS + (1 - _FORGETS) * torch.sigmoid(gate.float())
        return opened, torch.tanh(candidate.float()), shown

    def track(self, x_BTW: torch.Tensor, kept_BW: torch.Tensor | None = None) -> torch.Tensor:
        """Whole stretches from what is kept, or an empty memory."""
        gate, candidate, shown = self._parts(x_BTW)
        if kept_BW is not None:  # as one step more that takes it up whole
            gate = torch.cat([torch.ones_like(gate[:, :1]), gate], 1)
            candidate = torch.cat([kept_BW[:, None], candidate], 1)
        hidden = scan(gate, candidate)[:, -x_BTW.shape[1] :]
        return x_BTW + self.leave(hidden.to(shown.dtype) * nn.functional.silu(shown))

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step (B, W) and the next state."""
        gate, candidate, shown = self._parts(x)
        hidden = hidden + gate * (candidate - hidden)
        return x + self.leave(hidden * nn.functional.silu(shown)), hidden
