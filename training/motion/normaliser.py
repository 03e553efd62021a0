"""Causal adaptation to level, voice and microphone, one 20 ms step at a time, as explicit state.

Per mel band it tracks a noise floor (falls fast, rises slowly: minimum statistics in the spirit
of Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
statistics", 2001) and the mean of speech-like steps (cepstral mean normalisation, done causally:
gain, microphone colour and long-term voice spectrum are all offsets of log-mel). The network sees
log-mel relative to that mean, how far the floor lies under it, and how the mean itself differs from
the long-term average of speech: early on that says more of what was spoken than of who speaks, and
the network is left to judge.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from inference.audio_features import MEL_BANDS
from training.motion.echo_path import FEATURE_SIZE as ECHO_FEATURES
from training.motion.echo_path import STATE_SIZE as ECHO_STATE
from training.motion.echo_path import EchoPath

FRAMES: Final = 2
"""Feature frames of one step."""
STATE_SIZE: Final = 2 * MEL_BANDS + 3
"""Floor and speech mean per band; peak level, weight of the mean, steps heard (capped)."""
FEATURE_SIZE: Final = (FRAMES + 2) * MEL_BANDS + 3

SELF_FEATURES: Final = FEATURE_SIZE + ECHO_FEATURES
EARS_STATE: Final = 2 * STATE_SIZE + ECHO_STATE

_SCALE: Final = 2.5
_FLOOR_FALL: Final = 0.25
_FLOOR_RISE: Final = 0.003
_PEAK_FALL: Final = 0.004
_SPEECH_RATE: Final = 0.008
_FIRST_WEIGHT: Final = 8.0
_GATE_SNR: Final = 1.2
_GATE_PEAK: Final = 3.0
_PRIOR_MEAN: Final = -7.5
_PRIOR_FLOOR: Final = -16.0


class Normaliser(nn.Module):
    """mel (B, FRAMES, MEL_BANDS), state (B, STATE_SIZE) -> features (B, FEATURE_SIZE), state."""

    prior_tilt_B: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        # Long-term average speech falls about 9 dB per octave above 500 Hz (Byrne et al. 1994).
        self.register_buffer("prior_tilt_B", torch.linspace(1.2, -2.2, MEL_BANDS))

    def initial(self, batch: int) -> torch.Tensor:
        """State of one who has heard nothing: (batch, STATE_SIZE)."""
        floor = torch.full((batch, MEL_BANDS), _PRIOR_FLOOR)
        mean = (_PRIOR_MEAN + self.prior_tilt_B).repeat(batch, 1)
        rest = torch.tensor([[_PRIOR_MEAN, _FIRST_WEIGHT, 0.0]]).repeat(batch, 1)
        return torch.cat([floor, mean, rest], 1)

    def forward(self, mel: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step."""
        floor, mean = state[:, :MEL_BANDS], state[:, MEL_BANDS : 2 * MEL_BANDS]
        peak, weight, heard = state[:, -3:-2], state[:, -2:-1], state[:, -1:]
        both = mel.mean(1)
        early = torch.clamp(1 - heard / 25, min=0)  # the floor settles in half a second
        down = torch.clamp(both - floor, max=0) * _FLOOR_FALL
        up = torch.clamp(both - floor, min=0, max=8) * (_FLOOR_RISE + 0.05 * early)
        floor = floor + down + up
        level = both.mean(1, keepdim=True)
        snr = torch.clamp(both - floor, min=0).mean(1, keepdim=True)
        peak = torch.maximum(
            level, peak - _PEAK_FALL * torch.clamp(peak - level + 2, min=0, max=8) / 8
        )
        gate = torch.sigmoid(4 * (snr - _GATE_SNR)) * torch.sigmoid(4 * (level - peak + _GATE_PEAK))
        rate = torch.clamp(1 / weight, min=_SPEECH_RATE) * gate
        mean = mean + rate * (both - mean)
        weight = torch.clamp(weight + gate, max=1 / _SPEECH_RATE)
        centred = torch.clamp((mel - mean[:, None]) / _SCALE, -3, 3).flatten(1)
        depth = torch.clamp((floor - mean) / _SCALE, -3, 1)
        colour = mean - self.prior_tilt_B
        colour = torch.clamp((colour - colour.mean(1, keepdim=True)) / _SCALE, -2, 2)
        extra = torch.cat([snr / 4, (level - peak) / 4, weight * _SPEECH_RATE], 1)
        features = torch.cat([centred, depth, colour, extra], 1)
        state = torch.cat([floor, mean, peak, weight, torch.clamp(heard + 1, max=1000)], 1)
        return features, state


class Ears(nn.Module):
    """Both streams of one step: normalised, and the microphone compared with the others' echo.

    mel of self and other (B, FRAMES, MEL_BANDS), state (B, EARS_STATE) -> self
    (B, SELF_FEATURES), other (B, FEATURE_SIZE), state.
    """

    def __init__(self) -> None:
        super().__init__()
        self.normaliser, self.echo_path = Normaliser(), EchoPath()

    def initial(self, batch: int) -> torch.Tensor:
        """State of one who has heard nothing: (batch, EARS_STATE)."""
        normal = self.normaliser.initial(batch)
        return torch.cat([normal, normal, self.echo_path.initial(batch)], 1)

    def forward(
        self, self_mel: torch.Tensor, other_mel: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One step."""
        batch = len(self_mel)
        normal, echo = state.split([2 * STATE_SIZE, ECHO_STATE], 1)
        # Both streams at once: half as many nodes in the exported graph.
        both, normal = self.normaliser(
            torch.cat([self_mel, other_mel], 0), torch.cat(normal.split(STATE_SIZE, 1), 0)
        )
        compared, echo = self.echo_path(self_mel.mean(1), other_mel.mean(1), echo)
        heard_self, heard_other = both.split(batch, 0)
        state = torch.cat([*normal.split(batch, 0), echo], 1)
        return torch.cat([heard_self, compared], 1), heard_other, state


@torch.no_grad()
def hear(
    ears: Ears, self_BFM: torch.Tensor, other_BFM: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Whole recordings: mel (B, F, MEL_BANDS) -> features (B, F // FRAMES, ...) of both."""
    state = ears.initial(len(self_BFM))
    mine, theirs = [], []
    for at in range(0, self_BFM.shape[1] // FRAMES * FRAMES, FRAMES):
        step = slice(at, at + FRAMES)
        heard_self, heard_other, state = ears(self_BFM[:, step], other_BFM[:, step], state)
        mine.append(heard_self)
        theirs.append(heard_other)
    return torch.stack(mine, 1), torch.stack(theirs, 1)
