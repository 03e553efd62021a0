"""The whole motion generator as one module with explicit state: what is exported to ONNX.

Mel and voice of both streams, controls, noise, state -> motion, activity, visemes, state; one 20 ms
step. `articulation` gives the mouth, `life` all else. All states start at zero.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import torch
from torch import nn

from inference.audio_features import MEL_BANDS
from inference.contract import MOTION_SIZE
from training.motion.articulation import STATE_NAMES as ARTICULATION_STATES
from training.motion.articulation import Articulation, MouthSettings
from training.motion.life import NOISE_SIZE, Life
from training.motion.life import STATE_SIZE as LIFE_SIZE
from training.motion.network import HearingNet
from training.motion.normaliser import FRAMES
from training.teacher.mouth import MOUTH, motion_columns

STATE_NAMES: Final = (*ARTICULATION_STATES, "life")
"""The state tensors, in the order of the graph's inputs."""


class Generator(nn.Module):
    """One step for a batch of B independent performances."""

    state_names = STATE_NAMES
    noise_size = NOISE_SIZE
    control_size = 2
    to_motion: torch.Tensor
    rest_life: torch.Tensor

    def __init__(self, hearing: HearingNet, settings: MouthSettings) -> None:
        super().__init__()
        self.articulation, self.life = Articulation(hearing, settings), Life()
        self.register_buffer("to_motion", placement())
        self.register_buffer("rest_life", self.life.initial(1))

    def initial(self, batch: int = 1) -> list[torch.Tensor]:
        """Zeros, one tensor per name of STATE_NAMES."""
        return [*self.articulation.initial(batch), torch.zeros(batch, LIFE_SIZE)]

    def forward(
        self, self_mel: torch.Tensor, other_mel: torch.Tensor, self_voice: torch.Tensor,
        other_voice: torch.Tensor, controls: torch.Tensor, noise: torch.Tensor,
        *state: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        """One step; returns motion (B, 61), activity (B, 2), visemes (B, 15), then the state."""
        *before, life = state
        said, after = self.articulation(self_mel, other_mel, self_voice, other_voice, before)
        mouth = said.mouth * (0.88 + 0.24 * controls[:, :1])
        driven = torch.cat([said.activity, said.accent], 1)
        motion, life = self.life(driven, controls, noise, life + self.rest_life)
        blend = torch.clamp(motion[:, :52] + (mouth @ self.to_motion)[:, :52], 0, 1)
        motion = torch.cat([blend, motion[:, 52:]], 1)
        return motion, said.activity, said.visemes, *after, life - self.rest_life

    def settings_dict(self) -> dict[str, float]:
        """The settings, for the package's manifest."""
        return asdict(self.articulation.settings)


def placement() -> torch.Tensor:
    """Which motion columns every mouth channel drives: (len(MOUTH), MOTION_SIZE)."""
    matrix = torch.zeros(len(MOUTH), MOTION_SIZE)
    for i, name in enumerate(MOUTH):
        for column in motion_columns(name):
            matrix[i, column] = 1
    return matrix


def example_inputs(noise_size: int, control_size: int, batch: int = 1) -> tuple[torch.Tensor, ...]:
    """Inputs of the right shapes for export."""
    mel = torch.full((batch, FRAMES, MEL_BANDS), -12.0)
    voice = torch.tensor([[-60.0, 0.0]]).repeat(batch, 1)
    noise, controls = torch.full((batch, noise_size), 0.5), torch.full((batch, control_size), 0.5)
    return mel, mel.clone(), voice, voice.clone(), controls, noise
