"""From sound to articulation: the mouth, who is speaking, and what a performance hears. One step.

Mel frames and voices (level, pitch) of both streams and state -> mouth channels, activity, visemes
and the values of HEARD. All states start at zero: parts whose rest is not zero keep the difference
from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import nn

from inference.contract import VISEMES
from training.motion.heard import STATE_SIZE as HEARD_STATE
from training.motion.heard import Heard
from training.motion.hearing_targets import group_matrix
from training.motion.life import smoothstep
from training.motion.network import HearingNet, HearingState, split_heads
from training.motion.normaliser import EARS_STATE, Ears
from training.teacher.mouth import APERTURE, MOUTH, OPENNESS, pose, viseme_poses

assert VISEMES[:2] == ("sil", "PP")
_ROUNDING: Final = ("mouthFunnel", "mouthPucker")
_JAW: Final = MOUTH.index("jawOpen")
VOICE_SIZE: Final = 2
"""Level in dB and pitch in Hz of a stream, as `inference.audio_features.Prosody` gives them."""


@dataclass(frozen=True, slots=True)
class MouthSettings:
    """How the network's heads become a mouth; chosen on speech outside the test."""

    speak_from: float = 0.36
    speak_full: float = 0.66
    """Speaking probabilities at which the mouth may begin to move, and moves freely."""
    hold: float = 0.24
    """How much lower both are for a mouth that moves already: held nasals sound like hum."""
    viseme_share: float = 0.6
    """Share of the mouth taken from the poses of the visemes, weighted by their probabilities; the
    rest comes from the channels themselves. Two guesses of one thing: their mean errs less."""
    openness_share: float = 0.5
    """Share of the aperture taken from the openness head, the jaw making up the difference."""
    close_from: float = 0.36
    close_full: float = 0.56
    """Chances of p b m at which the lips begin to close, and are closed."""
    unknown_echo: float = 0.5
    """How much higher the first is while others talk whose echo has not been learned yet (half a
    second of their talk); until then their echo sounds like a user."""
    open_rate: float = 0.5
    shut_rate: float = 0.2
    """Most that the mouth's freedom may grow or shrink per step."""
    gain: float = 1.1
    round_gain: float = 1.3
    """Rounding is predicted timidly where it is in doubt."""
    accent_gain: float = 2.0
    """Accents too (the mean of what may come)."""
    parted: float = 0.11
    """Least aperture while speaking and not closing, so that s or n never look shut."""
    loudness: float = 0.15
    """Share of the tracked loudness (in 10 dB against the speaker's mean) by which, as a power of
    two, the mouth opens wider or less wide."""


class Articulated(NamedTuple):
    """Mouth (B, len(MOUTH)) in [0, 1], activity (B, 2: self, other), visemes (B, 15), HEARD (B, 8)
    and accent (B, 1)."""

    mouth: torch.Tensor
    activity: torch.Tensor
    visemes: torch.Tensor
    heard: torch.Tensor
    accent: torch.Tensor


STATE_NAMES: Final = (
    "ears", "past", "memory", "listener", "heard", "freedom", "loudness",
)  # fmt: skip
"""The state tensors, in order."""


class Articulation(nn.Module):
    """One step for a batch of B independent performances."""

    closed_pose: torch.Tensor
    viseme_poses: torch.Tensor
    aperture_K1: torch.Tensor
    passes_K: torch.Tensor
    gain_K: torch.Tensor
    groups: torch.Tensor
    rest_ears: torch.Tensor

    def __init__(self, hearing: HearingNet, settings: MouthSettings) -> None:
        super().__init__()
        self.hearing, self.settings = hearing, settings
        self.ears, self.heard = Ears(), Heard()
        poses = torch.from_numpy(viseme_poses())
        weights = torch.tensor([[APERTURE.get(name, 0.0)] for name in MOUTH])
        self.register_buffer("closed_pose", torch.from_numpy(pose("PB"))[None])
        self.register_buffer("viseme_poses", poses)
        self.register_buffer("aperture_K1", weights)
        rounds = [name in _ROUNDING for name in MOUTH]
        self.register_buffer("passes_K", torch.tensor([[0.0 if r else 1.0 for r in rounds]]))
        gains = [settings.gain * (settings.round_gain if r else 1.0) for r in rounds]
        self.register_buffer("gain_K", torch.tensor([gains]))
        self.register_buffer("groups", group_matrix())
        self.register_buffer("rest_ears", self.ears.initial(1))
        widest = torch.from_numpy(pose("AA")) @ weights[:, 0]
        self.widest = float(widest) / OPENNESS["AA"]
        """Aperture of openness 1."""

    def initial(self, batch: int = 1) -> list[torch.Tensor]:
        """Zeros, one tensor per name of STATE_NAMES."""
        rest = [torch.zeros(batch, size) for size in (2 * HEARD_STATE, 1, 1)]
        return [torch.zeros(batch, EARS_STATE), *self.hearing.initial(batch), *rest]

    def forward(
        self, self_mel: torch.Tensor, other_mel: torch.Tensor, self_voice: torch.Tensor,
        other_voice: torch.Tensor, state: list[torch.Tensor],
    ) -> tuple[Articulated, list[torch.Tensor]]:  # fmt: skip
        """One step: mel (B, FRAMES, MEL_BANDS), voices (B, VOICE_SIZE) -> result, next state."""
        ears, past, memory, listener, heard, freedom, loudness = state
        heard = torch.cat(heard.split(HEARD_STATE, 1), 0)
        mine, theirs, ears = self.ears(self_mel, other_mel, ears + self.rest_ears)
        before = HearingState(past, memory, listener)
        heads, listening, after = self.hearing.step(mine, theirs, before)
        told = split_heads(heads)
        visemes = torch.softmax(told["visemes"], 1)
        speaking, others = torch.sigmoid(told["speaking"]), torch.sigmoid(listening)
        batch = len(speaking)
        voices = torch.cat([self_voice, other_voice], 0)
        both, heard = self.heard(torch.cat([speaking, others], 0), *voices.split(1, 1), heard)
        own, other = both.split(batch, 0)
        loudness = loudness + 0.06 * own[:, :1] * (own[:, 1:2] - loudness)
        freedom = self._free(speaking - self._doubt(mine, others), freedom)
        mouth = self.shape(told, visemes, loudness) * freedom
        quiet = torch.cat([1 - freedom, torch.zeros_like(visemes[:, 1:])], 1)
        result = Articulated(
            mouth,
            torch.cat([speaking, others], 1),
            self.read(visemes) * freedom + quiet,
            torch.cat([own, other], 1),
            self.settings.accent_gain * told["accent"],
        )
        rest = [torch.cat(heard.split(batch, 0), 1), freedom, loudness]
        return result, [ears - self.rest_ears, *after, *rest]

    def _doubt(self, mine: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """Taken off the chance that the user speaks: others do, and their echo is not known."""
        certain = mine[:, -3:-2]
        return self.settings.unknown_echo * others * torch.clamp(1 - 3 * certain, min=0)

    def _free(self, speaking: torch.Tensor, freedom: torch.Tensor) -> torch.Tensor:
        """How much the mouth may move: shut unless speaking is likely."""
        s = self.settings
        likely = speaking + s.hold * freedom
        free = smoothstep((likely - s.speak_from) / (s.speak_full - s.speak_from))
        return freedom + torch.clamp(free - freedom, -s.shut_rate, s.open_rate)

    def read(self, visemes: torch.Tensor) -> torch.Tensor:
        """Visemes with the likeliest group of lip shapes put before others: rows still add to 1.

        The single likeliest viseme is often in another group than the likeliest lip shape, and it
        is the lips that are seen.
        """
        group = visemes @ self.groups
        best = (group >= group.amax(1, keepdim=True)).to(visemes.dtype) @ self.groups.T
        lifted = visemes * (0.25 + 0.75 * best)
        return lifted / lifted.sum(1, keepdim=True)

    def shape(
        self, told: dict[str, torch.Tensor], visemes: torch.Tensor, loudness: torch.Tensor
    ) -> torch.Tensor:
        """Mouth channels (B, len(MOUTH)) of one who speaks; lips close when p b m are likely."""
        s = self.settings
        chance = torch.sigmoid(told["closure"])
        closing = smoothstep((chance - s.close_from) / (s.close_full - s.close_from))
        guess = told["mouth"] + s.viseme_share * (visemes @ self.viseme_poses - told["mouth"])
        mouth = torch.clamp(guess * self.gain_K, 0, 1)
        aperture = mouth @ self.aperture_K1
        asked = torch.clamp(told["openness"], 0, 1) * self.widest * s.gain
        wanted = aperture + s.openness_share * (asked - aperture)
        wanted = wanted * torch.exp(math.log(2) * s.loudness * torch.clamp(loudness, -1.5, 1.5))
        wanted = torch.maximum(wanted, s.parted * (1 - smoothstep(chance / s.close_from)))
        jaw = torch.clamp(mouth[:, _JAW : _JAW + 1] + wanted - aperture, 0, 1)
        mouth = torch.cat([mouth[:, :_JAW], jaw, mouth[:, _JAW + 1 :]], 1)
        return mouth + closing * self.passes_K * (self.closed_pose - mouth)
