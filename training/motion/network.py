"""The network that hears: features of both streams to mouth, visemes and activity. Causal.

A step embeds the features of self, joins them with the two steps before (a causal convolution),
adds a glimpse of the other stream (so that its echo in the microphone can be told from the user),
and goes through two gated recurrent units. A third, small one hears whether the others speak.

`forward` runs whole recordings for training; `step` is the same computation for one step with
explicit state, written in plain matrix products so that it exports to a handful of ONNX nodes.
"""

from __future__ import annotations

from typing import Final, NamedTuple, cast

import torch
from torch import nn

from inference.contract import VISEMES
from training.motion.normaliser import FEATURE_SIZE
from training.teacher.mouth import MOUTH

DELAYS_MS: Final = (0, 20, 40)
"""Ages of the mouth shape that the heads are trained to give; the exported model uses one."""
OUTPUT_SIZE: Final = len(MOUTH) + len(VISEMES) + 2
"""Per delay: mouth channels, viseme logits, speaking logit, accent."""


class HearingState(NamedTuple):
    """State of `HearingNet.step`: two embedded steps, three recurrent units."""

    past: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
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


class HearingNet(nn.Module):
    """About 0.55 million parameters at the default width."""

    def __init__(
        self, embed: int = 128, conv: int = 160, width: int = 192, listen: int = 48
    ) -> None:
        super().__init__()
        self.embed_size, self.width, self.listen = embed, width, listen
        self.embed = nn.Linear(FEATURE_SIZE, embed)
        self.conv = nn.Linear(3 * embed, conv)
        self.glimpse = nn.Linear(FEATURE_SIZE, 32)
        self.first = nn.GRU(conv + 32, width, batch_first=True)
        self.second = nn.GRU(width, width, batch_first=True)
        self.out = nn.Linear(2 * width, OUTPUT_SIZE * len(DELAYS_MS))
        self.other = nn.GRU(32, listen, batch_first=True)
        self.listening = nn.Linear(listen, 1)

    def initial(self, batch: int) -> HearingState:
        """Zeros."""
        sizes = (2 * self.embed_size, self.width, self.width, self.listen)
        return HearingState(*(torch.zeros(batch, n) for n in sizes))

    def forward(
        self, self_BTF: torch.Tensor, other_BTF: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Heads (B, T, len(DELAYS_MS), OUTPUT_SIZE) and listening logits (B, T)."""
        embedded = torch.relu(self.embed(self_BTF))
        past1 = nn.functional.pad(embedded, (0, 0, 1, 0))[:, :-1]
        past2 = nn.functional.pad(embedded, (0, 0, 2, 0))[:, :-2]
        joined = torch.relu(self.conv(torch.cat([past2, past1, embedded], -1)))
        glimpse = torch.relu(self.glimpse(other_BTF))
        first, _ = self.first(torch.cat([joined, glimpse], -1))
        second, _ = self.second(first)
        heads = self.out(torch.cat([first, second], -1))
        heard, _ = self.other(glimpse)
        shape = (*heads.shape[:2], len(DELAYS_MS), OUTPUT_SIZE)
        return heads.reshape(shape), self.listening(heard)[..., 0]

    def step(
        self, self_BF: torch.Tensor, other_BF: torch.Tensor, state: HearingState
    ) -> tuple[torch.Tensor, torch.Tensor, HearingState]:
        """Heads (B, len(DELAYS_MS), OUTPUT_SIZE), listening logit (B,), next state."""
        embedded = torch.relu(self.embed(self_BF))
        window = torch.cat([state.past, embedded], 1)
        joined = torch.relu(self.conv(window))
        glimpse = torch.relu(self.glimpse(other_BF))
        first = gru_step(self.first, torch.cat([joined, glimpse], 1), state.first)
        second = gru_step(self.second, first, state.second)
        heads = self.out(torch.cat([first, second], 1)).reshape(-1, len(DELAYS_MS), OUTPUT_SIZE)
        other = gru_step(self.other, glimpse, state.other)
        next_state = HearingState(window[:, self.embed_size :], first, second, other)
        return heads, self.listening(other)[:, 0], next_state
