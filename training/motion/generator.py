"""The whole motion generator as one module with explicit state: what is exported to ONNX.

mel of both streams, controls, noise, state -> motion, activity, visemes, state; one 20 ms step.
All states start at zero: parts whose rest is not zero keep the difference from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import torch
from torch import nn

from inference.audio_features import MEL_BANDS
from inference.contract import MOTION_SIZE, VISEMES
from training.motion.life import NOISE_SIZE, Life, smoothstep
from training.motion.life import STATE_SIZE as LIFE_SIZE
from training.motion.network import DELAYS_MS, HearingNet, HearingState
from training.motion.normaliser import FRAMES, Normaliser
from training.motion.normaliser import STATE_SIZE as NORMAL_SIZE
from training.teacher.mouth import MOUTH, motion_columns, pose, viseme_poses

assert VISEMES[:2] == ("sil", "PP")
_ROUNDING: Final = ("mouthFunnel", "mouthPucker")


@dataclass(frozen=True, slots=True)
class MouthSettings:
    """How the network's heads become a mouth; chosen on speech outside the test."""

    delay_ms: int = 0
    """Which of the network's heads: the age of the shape it was trained to give."""
    speak_from: float = 0.35
    speak_full: float = 0.65
    """Speaking probabilities at which the mouth may begin to move, and moves freely."""
    viseme_share: float = 0.5
    """Share of the mouth taken from the poses of the visemes, weighted by their probabilities; the
    rest comes from the channels themselves. Two guesses of one thing: their mean errs less."""
    close_from: float = 0.55
    close_full: float = 0.7
    """Chances of p b m against the next likeliest sound at which the lips begin to close, and are
    closed. Against the rival, not absolute: in noise every probability is smaller."""
    open_rate: float = 0.5
    shut_rate: float = 0.2
    """Most that the mouth's freedom may grow or shrink per step."""
    gain: float = 1.1
    accent_gain: float = 2.0
    """Accents are predicted timidly (the mean of what may come); this gives them their size."""
    lift: float = 0.0
    """Opening added while speaking and surely not closing, so that s or n never look shut."""


STATE_NAMES: Final = (
    "normal_self", "normal_other", "past", "first", "second", "listener", "freedom", "life",
)  # fmt: skip
"""The state tensors, in the order of the graph's inputs."""


class Generator(nn.Module):
    """One step for a batch of B independent performances."""

    closed_pose: torch.Tensor
    viseme_poses: torch.Tensor
    to_motion: torch.Tensor
    passes_K: torch.Tensor
    rest_normal: torch.Tensor
    rest_life: torch.Tensor

    def __init__(self, hearing: HearingNet, settings: MouthSettings) -> None:
        super().__init__()
        self.hearing, self.settings = hearing, settings
        self.normaliser, self.life = Normaliser(), Life()
        self.register_buffer("closed_pose", torch.from_numpy(pose("PB"))[None])
        self.register_buffer("viseme_poses", torch.from_numpy(viseme_poses()))
        self.register_buffer("to_motion", _placement())
        keeps = torch.tensor([[0.0 if name in _ROUNDING else 1.0 for name in MOUTH]])
        self.register_buffer("passes_K", keeps)
        self.register_buffer("rest_normal", self.normaliser.initial(1))
        self.register_buffer("rest_life", self.life.initial(1))

    def initial(self, batch: int = 1) -> list[torch.Tensor]:
        """Zeros, one tensor per name of STATE_NAMES."""
        normal = [torch.zeros(batch, NORMAL_SIZE) for _ in range(2)]
        rest = [torch.zeros(batch, 1), torch.zeros(batch, LIFE_SIZE)]
        return [*normal, *self.hearing.initial(batch), *rest]

    def forward(
        self, self_mel: torch.Tensor, other_mel: torch.Tensor, controls: torch.Tensor,
        noise: torch.Tensor, *state: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        """One step; returns motion (B, 61), activity (B, 2), visemes (B, 15), then the state."""
        normal_self, normal_other, past, first, second, listener, freedom, life = state
        heard_self, normal_self = self.normaliser(self_mel, normal_self + self.rest_normal)
        heard_other, normal_other = self.normaliser(other_mel, normal_other + self.rest_normal)
        before = HearingState(past, first, second, listener)
        heads, listening, after = self.hearing.step(heard_self, heard_other, before)
        head = heads[:, DELAYS_MS.index(self.settings.delay_ms)]
        channels, shapes = len(MOUTH), len(VISEMES)
        visemes = torch.softmax(head[:, channels : channels + shapes], 1)
        activity = torch.sigmoid(torch.cat([head[:, -2:-1], listening[:, None]], 1))
        mouth, freedom = self._mouth(head[:, :channels], visemes, activity[:, :1], freedom)
        mouth = mouth * (0.88 + 0.24 * controls[:, :1])
        driven = torch.cat([activity, self.settings.accent_gain * head[:, -1:]], 1)
        motion, life = self.life(driven, controls, noise, life + self.rest_life)
        blend = torch.clamp(motion[:, :52] + (mouth @ self.to_motion)[:, :52], 0, 1)
        motion = torch.cat([blend, motion[:, 52:]], 1)
        quiet = torch.cat([1 - freedom, torch.zeros_like(visemes[:, 1:])], 1)
        visemes = visemes * freedom + quiet
        normal_self, normal_other = normal_self - self.rest_normal, normal_other - self.rest_normal
        return (
            motion,
            activity,
            visemes,
            normal_self,
            normal_other,
            *after,
            freedom,
            life - self.rest_life,
        )

    def _mouth(
        self,
        raw: torch.Tensor,
        visemes: torch.Tensor,
        speaking: torch.Tensor,
        freedom: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Shut unless speaking; lips that close when p b m are likely. Channels, next freedom."""
        s = self.settings
        free = smoothstep((speaking - s.speak_from) / (s.speak_full - s.speak_from))
        freedom = freedom + torch.clamp(free - freedom, -s.shut_rate, s.open_rate)
        closed = visemes[:, 1:2]
        chance = closed / (closed + visemes[:, 2:].amax(1, keepdim=True) + 1e-6)
        closing = smoothstep((chance - s.close_from) / (s.close_full - s.close_from))
        guess = raw + s.viseme_share * (visemes @ self.viseme_poses - raw)
        mouth = torch.clamp(guess * s.gain, 0, 1)
        lifted = mouth[:, :1] + s.lift * (1 - visemes[:, :1]) * (
            1 - smoothstep(chance / s.close_from)
        )
        mouth = torch.cat([lifted, mouth[:, 1:]], 1)
        mouth = mouth + closing * self.passes_K * (self.closed_pose - mouth)
        return mouth * freedom, freedom

    def settings_dict(self) -> dict[str, float]:
        """The settings, for the package's manifest."""
        return asdict(self.settings)


def _placement() -> torch.Tensor:
    matrix = torch.zeros(len(MOUTH), MOTION_SIZE)
    for i, name in enumerate(MOUTH):
        for column in motion_columns(name):
            matrix[i, column] = 1
    return matrix


def example_inputs(batch: int = 1) -> tuple[torch.Tensor, ...]:
    """Inputs of the right shapes for export."""
    mel = torch.full((batch, FRAMES, MEL_BANDS), -12.0)
    noise = torch.full((batch, NOISE_SIZE), 0.5)
    return mel, mel.clone(), torch.full((batch, 2), 0.5), noise
