"""The student inside the 20 ms steps of the motion graph, 25 performance steps a second.

At every other step the student's next step is taken, and what goes out is half way between the last
two of its steps, then the newer one: a performance 20 ms late at most. Traced, the student is
evaluated at every step and its state kept or replaced by a mask; `branch` then lets the exported
graph skip it.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from inference.contract import CUES, MOTION_RATE
from training.motion.performance import CONTROL_SIZE, CUE_SECONDS, HEARD_SIZE, PERFORMANCE_SIZE
from training.motion.student import NOISE_SIZE, Student

_CUES: Final = len(CUES)
_FALL: Final = 1 / (CUE_SECONDS * MOTION_RATE)


class PerformerStep(nn.Module):
    """heard, controls, noise, state -> performance, state; one step of 20 ms."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student

    @property
    def state_size(self) -> int:
        """Phase, cue clocks, last two performances, student."""
        return 1 + _CUES + 2 * PERFORMANCE_SIZE + self.student.state_size

    def initial(self, batch: int = 1) -> torch.Tensor:
        """At rest: zeros (batch, state_size)."""
        return torch.zeros(batch, self.state_size)

    def forward(
        self,
        heard: torch.Tensor,
        controls: torch.Tensor,
        noise: torch.Tensor,
        state: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """heard (B, 8); controls (B, 15), cues 1 at the step they are asked for, else 0;
        noise (B, NOISE_SIZE) uniform in [0, 1) -> performance (B, 32), state (B, state_size).
        """
        size = PERFORMANCE_SIZE
        odd, clocks, before, newest, inner = state.split(
            [1, _CUES, size, size, self.student.state_size], 1
        )
        # A clock starts at 1 on the step of its cue and is seen by the next student step.
        clocks = torch.maximum(clocks, controls[:, -_CUES:])
        style = torch.cat([controls[:, :-_CUES], clocks], 1)
        made, moved = self.student(heard, style, noise, inner)
        even = 1 - odd
        before = before + even * (newest - before)
        newest = newest + even * (made - newest)
        inner = inner + even * (moved - inner)
        # At even steps half way, at odd steps all the way to the newest.
        shown = newest + 0.5 * even * (before - newest)
        clocks = torch.relu(clocks - _FALL)
        return shown, torch.cat([even, clocks, before, newest, inner], 1)


def example_inputs(step: PerformerStep, batch: int = 1) -> tuple[torch.Tensor, ...]:
    """Inputs of the right shapes for export."""
    return (
        torch.zeros(batch, HEARD_SIZE),
        torch.zeros(batch, CONTROL_SIZE),
        torch.full((batch, NOISE_SIZE), 0.5),
        step.initial(batch),
    )
