"""How the others sound in the user's microphone, tracked causally as explicit state.

For each of DELAYS steps by which an echo may be late, and each band, the gain from the second
stream to the microphone is followed while the others speak: it falls fast and rises slowly, so
that it settles on what is left when the user is silent. The delay whose gains explain the
microphone best (least mean deviation) gives the predicted echo. This is the control path of an
echo suppressor (after C. Avendano, "Acoustic echo suppression in the STFT domain", 2001), in
log-mel; nothing is subtracted: the network is told, and judges.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from inference.audio_features import MEL_BANDS

DELAYS: Final = 16
"""Steps of 20 ms: echoes up to 0.32 s late."""
FEATURE_SIZE: Final = MEL_BANDS + 3
STATE_SIZE: Final = 2 * DELAYS * MEL_BANDS + 2 * DELAYS + 1
"""The others' last steps, gains, deviation and weight of every delay, the others' peak level."""

_SCALE: Final = 2.5
_SILENT: Final = -18.4
_GAIN_AT_REST: Final = -3.0
_DEVIATION_AT_REST: Final = 2.0
_ACTIVE: Final = 3.5
"""Nepers of power under the others' peak up to which they count as speaking."""
_AUDIBLE: Final = -15.0
_PEAK_FALL: Final = 0.01
_FALL: Final = 0.15
_RISE: Final = 0.03
_FIRST: Final = 0.3
_DEVIATION_RATE: Final = 0.03
_SHARPNESS: Final = 10.0


class EchoPath(nn.Module):
    """mic (B, MEL_BANDS), other (B, MEL_BANDS), state -> features (B, FEATURE_SIZE), state.

    Both are log-mel means of one step; the state starts at `initial`.
    """

    def initial(self, batch: int) -> torch.Tensor:
        """State of one who has heard nothing: (batch, STATE_SIZE)."""
        size = DELAYS * MEL_BANDS
        return torch.cat(
            [
                torch.full((batch, size), _SILENT),
                torch.full((batch, size), _GAIN_AT_REST),
                torch.full((batch, DELAYS), _DEVIATION_AT_REST),
                torch.zeros(batch, DELAYS),
                torch.full((batch, 1), _SILENT),
            ],
            1,
        )

    def forward(
        self, mic: torch.Tensor, other: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step."""
        size = DELAYS * MEL_BANDS
        past, gain, deviation, weight, peak = state.split([size, size, DELAYS, DELAYS, 1], 1)
        past = torch.cat([other, past[:, : size - MEL_BANDS]], 1)
        past_DB, gain_DB = (x.reshape(-1, DELAYS, MEL_BANDS) for x in (past, gain))
        level_D = past_DB.mean(2)
        peak = torch.maximum(level_D[:, :1], peak - _PEAK_FALL)
        active = torch.sigmoid(4 * (level_D - peak + _ACTIVE)) * torch.sigmoid(
            4 * (level_D - _AUDIBLE)
        )
        error_DB = torch.clamp(mic[:, None] - past_DB - gain_DB, -4, 4)
        early = torch.clamp(_FIRST - weight / 60, min=0) * active
        down, up = _FALL * active, torch.maximum(_RISE * active, early)
        gain_DB = (
            gain_DB
            + down[:, :, None] * torch.clamp(error_DB, max=0)
            + up[:, :, None] * torch.clamp(error_DB, min=0)
        )
        rate = _DEVIATION_RATE * active
        deviation = deviation + rate * (error_DB.abs().mean(2) - deviation)
        weight = torch.clamp(weight + active, max=100)
        share = torch.softmax(-_SHARPNESS * deviation, 1)
        echo = (share[:, :, None] * (past_DB + gain_DB)).sum(1)
        certain = (share * weight).sum(1, keepdim=True) / 100
        least = (share * deviation).sum(1, keepdim=True)
        heard = (share * active).sum(1, keepdim=True)
        features = torch.cat(
            [torch.clamp((mic - echo) / _SCALE, -2, 4) - 1, certain, least, heard], 1
        )
        state = torch.cat([past, gain_DB.flatten(1), deviation, weight, peak], 1)
        return features, state
