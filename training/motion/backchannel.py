"""When a listener nods: at the pauses of the one who speaks, as cues to the student.

The student learns from the teacher how people nod, and that they nod at pauses, but hears pauses
only through what the network tells of them, and timed its nods no better than chance. So a rule
decides the moment: after some speech of the others and a first stretch of silence a nod or a raise
of the brows is due, unless there was one lately or the user speaks (the form of N. Ward and
W. Tsukahara, "Prosodic features which cue back-channel responses in English and Japanese", 2000:
enough speech before, a delay, and a rest since the last).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from inference.contract import CUES, MOTION_RATE
from training.motion.performance import HEARD

NOISE_SIZE: Final = 2
"""Uniform numbers a step takes: whether, and which."""
STATE_SIZE: Final = 3
"""Steps the others have talked, have been silent, and until the next may come."""
_TALKED: Final = 0.8 * MOTION_RATE
_LONGEST: Final = 4.0 * MOTION_RATE
_SILENT: Final = 0.24 * MOTION_RATE
_OVER: Final = 1.0 * MOTION_RATE
"""Silence after which what was said before no longer counts."""
_REST: Final = 3.0 * MOTION_RATE
_CHANCE: Final = 0.95
_NOD: Final = 0.75
"""Share of nods; the rest are brow raises."""
_OWN, _OTHER = HEARD.index("selfSpeaking"), HEARD.index("otherSpeaking")
_NOD_CUE, _BROW_CUE = CUES.index("nod"), CUES.index("raise_brows")


class Backchannel(nn.Module):
    """heard (B, 8), noise (B, 2) uniform in [0, 1), state (B, 3) -> cues (B, 6), next state."""

    def initial(self, batch: int = 1) -> torch.Tensor:
        """Nothing heard: zeros (batch, STATE_SIZE)."""
        return torch.zeros(batch, STATE_SIZE)

    def forward(
        self, heard: torch.Tensor, noise: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step of 20 ms: a cue is 1 at the step it is due, else 0."""
        talked, silent, rest = state.split(1, 1)
        kind = heard.dtype
        speaks = (heard[:, _OTHER : _OTHER + 1] > 0.5).to(kind)
        own = (heard[:, _OWN : _OWN + 1] > 0.5).to(kind)
        silent = (silent + 1) * (1 - speaks)
        due = (silent == round(_SILENT)).to(kind) * (talked >= _TALKED).to(kind)
        due = due * (rest <= 0).to(kind) * (1 - own) * (noise[:, :1] < _CHANCE).to(kind)
        talked = torch.clamp(talked + speaks, max=_LONGEST) * (silent < _OVER).to(kind)
        rest = torch.clamp(rest - 1, min=0) + due * _REST
        nod = (noise[:, 1:2] < _NOD).to(kind)
        cues = [torch.zeros_like(due) for _ in CUES]
        cues[_NOD_CUE], cues[_BROW_CUE] = due * nod, due * (1 - nod)
        return torch.cat(cues, 1), torch.cat([talked, silent, rest], 1)
