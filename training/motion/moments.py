"""What windows of a performance have in common, as numbers that gradients pass through.

The student is made to perform as the Base does by matching means and covariances of such features
(moment matching, Salimans et al., "Multistep distillation of diffusion models via moment matching",
2024): of each of the states speaking, listening and idle, the student's windows are a Gaussian, the
Base's another, and the straight map that carries the first onto the second says of every window of
the student where it should be. Going there is the gradient of the squared Frechet distance.

The features are those of `training.evaluate.frechet`, with soft counts for its events, and besides:
speed over a quarter of a second, and what was asked for, so that who is asked to be sad is compared
with whom the Base shows sad.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch

from training.evaluate.frechet import (
    CHANNELS,
    MAJORITY,
    STATES,
    STILL,
    WINDOW_S,
)
from training.motion.performance import (
    HEARD,
    PERFORMANCE,
    PERFORMANCE_INDEX,
    PERFORMANCE_RATE,
)

WINDOW: Final = round(WINDOW_S * PERFORMANCE_RATE)
_LONGER: Final = 6
"""Steps of the longer change."""
_SOFT: Final = 0.08
"""A square root of a count or a spread has no end of slope at zero without this."""
_RIDGE: Final = 0.05
"""Added to variances of unit size: what few windows say of a small one is not trusted."""
_ENOUGH: Final = 3
"""Windows per feature from which a covariance is gone by."""
_FARTHEST: Final = 2.0
"""Spreads that a feature is moved at most."""
_OWN, _OTHER = HEARD.index("selfSpeaking"), HEARD.index("otherSpeaking")


def features(
    motion_NTP: torch.Tensor, heard_NTH: torch.Tensor, controls_NTC: torch.Tensor
) -> torch.Tensor:
    """Of windows of WINDOW physical steps: (N, F)."""
    spread_P = torch.tensor(list(PERFORMANCE.values()))[CHANNELS]
    used_NTP = motion_NTP[..., CHANNELS] / spread_P
    change = used_NTP.diff(dim=1).square().mean(1)
    longer = (used_NTP[:, _LONGER:] - used_NTP[:, :-_LONGER]).square().mean(1)
    parts = [
        used_NTP.mean(1),
        (used_NTP.var(1) + 1e-8).pow(0.25),
        torch.log(torch.sqrt(change + 1e-12) + STILL),
        torch.log(torch.sqrt(longer + 1e-12) + STILL),
        _events(motion_NTP),
        heard_NTH[..., [_OWN, _OTHER]].mean(1),
        controls_NTC.mean(1),
    ]
    return torch.cat(parts, 1)


def _events(motion_NTP: torch.Tensor) -> torch.Tensor:
    """Blinks, saccades, nodding, brow raises, looking away, counted softly: (N, 5)."""

    def channel(name: str) -> torch.Tensor:
        return motion_NTP[..., PERFORMANCE_INDEX[name]]

    brow = channel("browInnerUp")
    usual = brow.detach().median(1, keepdim=True).values
    degrees = torch.stack([30 * channel("gazeYaw"), 27 * channel("gazePitch")], -1)
    jump = (degrees.diff(dim=1).square().sum(-1) + 1e-6).sqrt()
    away = torch.sigmoid(((degrees.square().sum(-1) + 1e-6).sqrt() - 6) / 0.7).mean(1)
    pitch = channel("headPitch")
    smooth = torch.nn.functional.avg_pool1d(pitch[:, None], 13, 1)[:, 0]
    swing = torch.rad2deg(pitch[:, 6:-6] - smooth)
    counts = [
        _risings(channel("blinkLeft"), 0.45, 0.05),
        torch.sigmoid((jump - 2) / 0.4).sum(1),
        _risings(brow - usual, 0.12, 0.015),
    ]
    blinks, saccades, brows = (torch.sqrt(c + _SOFT) for c in counts)
    nods = torch.log((swing.var(1) + 1e-6).sqrt() + 0.05)
    return torch.stack([blinks, saccades, nods, brows, away], 1)


def _risings(track_NT: torch.Tensor, level: float, soft: float) -> torch.Tensor:
    return torch.relu(torch.sigmoid((track_NT - level) / soft).diff(dim=1)).sum(1)


def states(heard_NTH: torch.Tensor) -> torch.Tensor:
    """Index into STATES of every window, as `training.evaluate.frechet.state_of`: (N,)."""
    own, other = heard_NTH[..., _OWN].mean(1), heard_NTH[..., _OTHER].mean(1)
    listening = (other > MAJORITY) & (own < other)
    return torch.where(own > MAJORITY, 0, torch.where(listening, 1, 2))


class Moments(NamedTuple):
    """Of one state: mean (F,) and covariance (F, F)."""

    mean: torch.Tensor
    covariance: torch.Tensor


def moments(found_NF: torch.Tensor) -> Moments:
    """Of many windows."""
    return Moments(found_NF.mean(0), torch.cov(found_NF.T))


def _root(matrix: torch.Tensor) -> torch.Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def squared_distance(first: Moments, second: Moments) -> float:
    """Of Frechet between two Gaussians, per feature."""
    half = _root(first.covariance.double())
    overlap = torch.linalg.eigvalsh(half @ second.covariance.double() @ half)
    apart = (first.mean - second.mean).double().square().sum()
    traces = first.covariance.trace() + second.covariance.trace()
    total = apart + traces - 2 * overlap.clamp(min=0).sqrt().sum()
    return float(total) / len(first.mean)


def carry(own: Moments, aim: Moments) -> torch.Tensor:
    """The symmetric matrix (F, F) of the straight map from one Gaussian onto the other."""
    ridge = _RIDGE * torch.eye(len(own.mean), dtype=torch.float64)
    half = _root(own.covariance.double() + ridge)
    back = torch.linalg.inv(half)
    middle = _root(half @ (aim.covariance.double() + ridge) @ half)
    return (back @ middle @ back).float()


class Matcher:
    """Remembers the student's latest windows of each state and says where new ones should be."""

    def __init__(
        self, wanted_NF: torch.Tensor, states_N: torch.Tensor, remembered: int = 2000
    ) -> None:
        """`wanted_NF`: features of many windows of the Base, `states_N` their states."""
        self._scale = wanted_NF.std(0).clamp(min=1e-4)
        scaled = wanted_NF / self._scale
        each = [scaled[states_N == s] for s in range(len(STATES))]
        self._aims = [moments(part) if len(part) > 1 else None for part in each]
        self._own = [torch.zeros(0, wanted_NF.shape[1]) for _ in STATES]
        self._remembered = remembered
        self._maps: list[tuple[Moments, Moments, torch.Tensor] | None] = [None] * len(STATES)

    def remember(self, found_NF: torch.Tensor, states_N: torch.Tensor) -> None:
        """Take note of windows of the student's."""
        scaled = found_NF.detach() / self._scale
        for s in range(len(STATES)):
            kept = torch.cat([self._own[s], scaled[states_N == s]])
            self._own[s] = kept[-self._remembered :]

    def look(self) -> dict[str, float]:
        """Make the maps anew; squared distances as they are now, per state that has windows."""
        told = {}
        for s, name in enumerate(STATES):
            aim = self._aims[s]
            if aim is not None and len(self._own[s]) > _ENOUGH * self._own[s].shape[1]:
                own = moments(self._own[s])
                self._maps[s] = own, aim, carry(own, aim)
                told[name] = squared_distance(own, aim)
        return told

    def loss(self, found_NF: torch.Tensor, states_N: torch.Tensor) -> torch.Tensor:
        """Mean squared way that features have to go: scalar."""
        scaled = found_NF / self._scale
        total = 0 * scaled.sum()  # nothing to go by yet: no way to go
        for s, known in enumerate(self._maps):
            here = scaled[states_N == s]
            if known is None or not len(here):
                continue
            own, aim, matrix = known
            goal = aim.mean + (here.detach() - own.mean) @ matrix
            way = (goal - here.detach()).clamp(-_FARTHEST, _FARTHEST)
            total = total + (here - (here.detach() + way)).square().sum()
        return total / scaled.numel()
