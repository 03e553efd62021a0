"""What a performance hears of one speaker: speaking, level, pitch, voiced, free of voice and gain.

Level and pitch are told against the speaker's own means, tracked causally, since what matters is
that a syllable is louder or higher than the others. One step is 20 ms; all state starts at zero, so
the module can live in the exported graph, and training runs the same code over whole tracks.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

STATE_SIZE: Final = 4
"""Mean level (dB) and its weight, mean pitch (log2 Hz) and its weight."""
_SLOWEST: Final = 200.0
"""Steps of speech (4 s) over which the means forget."""
_SPEAKING: Final = 0.5


class Heard(nn.Module):
    """(speaking, level in dB, pitch in Hz or 0), each (B, 1), and state -> (B, 4), state."""

    def initial(self, batch: int) -> torch.Tensor:
        """Zeros (batch, STATE_SIZE)."""
        return torch.zeros(batch, STATE_SIZE)

    def forward(
        self,
        speaking: torch.Tensor,
        level: torch.Tensor,
        pitch: torch.Tensor,
        state: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step: a quarter of HEARD, and the next state."""
        mean, weight, tone, tone_weight = state.split(1, 1)
        loud = (speaking > _SPEAKING).to(level.dtype)
        voiced = loud * (pitch > 0).to(level.dtype)
        mean, weight = _follow(mean, weight, level, loud)
        octave = torch.log2(torch.clamp(pitch, min=40.0))
        tone, tone_weight = _follow(tone, tone_weight, octave, voiced)
        heard = torch.cat(
            [
                speaking,
                torch.clamp((level - mean) / 10, -2, 2) * loud,
                torch.clamp((octave - tone) * 2, -2, 2) * voiced,
                voiced,
            ],
            1,
        )
        return heard, torch.cat([mean, weight, tone, tone_weight], 1)

    def track(
        self, speaking_BT: torch.Tensor, level_BT: torch.Tensor, pitch_BT: torch.Tensor
    ) -> torch.Tensor:
        """Whole tracks of 20 ms steps (B, T) -> (B, T, 4)."""
        state = self.initial(len(speaking_BT))
        steps = []
        for t in range(speaking_BT.shape[1]):
            at = slice(t, t + 1)
            heard, state = self(speaking_BT[:, at], level_BT[:, at], pitch_BT[:, at], state)
            steps.append(heard)
        return torch.stack(steps, 1)


def _follow(
    mean: torch.Tensor, weight: torch.Tensor, value: torch.Tensor, counts: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    weight = torch.clamp(weight + counts, max=_SLOWEST)
    return mean + counts * (value - mean) / torch.clamp(weight, min=1.0), weight
