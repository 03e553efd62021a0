"""The performer as one module with explicit state: articulation heard, the rest sampled.

The same inputs and outputs as `generator.Generator`, whose idle life it replaces by the student:
what `articulation` hears of both sides goes to the student, `backchannel` says when to answer the
others with a nod, and `compose` joins the two.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import torch
from torch import nn

from inference.contract import CUES
from training.motion.articulation import STATE_NAMES as ARTICULATION_STATES
from training.motion.articulation import Articulation, MouthSettings
from training.motion.backchannel import NOISE_SIZE as BACKCHANNEL_NOISE
from training.motion.backchannel import Backchannel
from training.motion.compose import Compose
from training.motion.network import HearingNet
from training.motion.performance import CONTROL_SIZE
from training.motion.student import NOISE_SIZE, Student
from training.motion.student_step import PerformerStep

STATE_NAMES: Final = (*ARTICULATION_STATES, "attention", "performance")
"""The state tensors, in the order of the graph's inputs."""


class Performer(nn.Module):
    """One step of 20 ms for a batch of B independent performances."""

    state_names = STATE_NAMES
    noise_size = NOISE_SIZE + BACKCHANNEL_NOISE
    control_size = CONTROL_SIZE

    def __init__(self, hearing: HearingNet, student: Student, settings: MouthSettings) -> None:
        super().__init__()
        self.articulation = Articulation(hearing, settings)
        self.backchannel = Backchannel()
        self.performance, self.compose = PerformerStep(student), Compose()

    def initial(self, batch: int = 1) -> list[torch.Tensor]:
        """Zeros, one tensor per name of STATE_NAMES."""
        rest = [self.backchannel.initial(batch), self.performance.initial(batch)]
        return [*self.articulation.initial(batch), *rest]

    def forward(
        self, self_mel: torch.Tensor, other_mel: torch.Tensor, self_voice: torch.Tensor,
        other_voice: torch.Tensor, controls: torch.Tensor, noise: torch.Tensor,
        *state: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        """One step; returns motion (B, 61), activity (B, 2), visemes (B, 15), then the state.

        `controls` are those of `performance.CONTROLS`, a cue 1 at the step it is asked for.
        """
        *before, attention, face = state
        said, after = self.articulation(self_mel, other_mel, self_voice, other_voice, before)
        chance, choice = noise.split([NOISE_SIZE, BACKCHANNEL_NOISE], 1)
        answers, attention = self.backchannel(said.heard, choice, attention)
        style, cues = controls.split([CONTROL_SIZE - len(CUES), len(CUES)], 1)
        controls = torch.cat([style, torch.maximum(cues, answers)], 1)
        performance, face = self.performance(said.heard, controls, chance, face)
        motion = self.compose(said.mouth, performance)
        return motion, said.activity, said.visemes, *after, attention, face

    def settings_dict(self) -> dict[str, float]:
        """The settings of the mouth, for the package's manifest."""
        return asdict(self.articulation.settings)
