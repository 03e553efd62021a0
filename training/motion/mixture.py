"""Mixtures of Gaussians over groups of channels: which belong together, and how one is drawn."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch

from training.motion.performance import PERFORMANCE_INDEX, PERFORMANCE_SIZE

GROUPS: Final[tuple[tuple[int, int, tuple[str, ...]], ...]] = (
    (6, 6, ("gazeYaw", "gazePitch")),
    (6, 3, ("blinkLeft", "blinkRight", "squint", "wide")),
    (4, 2, ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight")),
    (4, 2, ("smileLeft", "smileRight", "cheekSquint", "dimple")),
    (4, 2, ("frown", "stretch")),
    (4, 2, ("noseSneer", "press", "shrug")),
    (4, 2, ("side",)),
    (4, 2, ("roll", "jawDrop", "articulation")),
    (4, 0, ("headYaw", "headPitch", "headRoll", "headX", "headY", "headZ")),
    (3, 0, ("breath", "shoulders")),
)  # fmt: skip
"""Components of the mixture (of the change; of the place: a saccade back to the camera is one place
from wherever it begins) and channels, in the order in which they are drawn. What moves by itself
has a mixture of its own: sharing components, a resting channel jumps when others move."""
PLACES: Final = tuple(
    torch.tensor([[0.0]] * moves + [[1.0]] * places) for moves, places, _ in GROUPS
)
COLUMNS: Final = tuple(tuple(PERFORMANCE_INDEX[n] for n in names) for *_, names in GROUPS)
RAREST: Final = 0.0007
"""Components less likely than this are not drawn: once a minute each, but there are a hundred."""

assert sorted(c for columns in COLUMNS for c in columns) == list(range(PERFORMANCE_SIZE))


class Mixture(NamedTuple):
    """Distribution of one group: logits (..., K), means and log spreads (..., K, D)."""

    logits: torch.Tensor
    means: torch.Tensor
    log_spreads: torch.Tensor

    def log_likelihood(self, value: torch.Tensor) -> torch.Tensor:
        """Natural logarithm of the density at (..., D), without the constant: (...)."""
        z = (value[..., None, :] - self.means) * torch.exp(-self.log_spreads)
        each = -0.5 * z.square().sum(-1) - self.log_spreads.sum(-1)
        return torch.logsumexp(torch.log_softmax(self.logits, -1) + each, -1)


def _stairs(size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Constants of `choose`: the first component alone, running sums, and where a run ends."""
    one = torch.eye(size)
    return one[:1], one.cumsum(1), torch.cat([torch.zeros(size, 1), one[:, :-1]], 1) - one


_STAIRS: Final = {size: _stairs(size) for size in {a + b for a, b, _ in GROUPS}}


def choose(
    logits: torch.Tensor, pick: torch.Tensor, rarest: torch.Tensor | float = RAREST
) -> torch.Tensor:
    """One of K components by uniform `pick` (B, 1): one-hot (B, K), none rarer than `rarest`.

    Gradients reach the logits straight through.
    """
    chance = torch.softmax(logits, -1)
    first, add, step = _STAIRS[int(chance.shape[-1])]
    total = (chance * (chance > rarest).to(chance.dtype)) @ add
    over = (total <= pick * total[:, -1:]).to(chance.dtype)
    # The first that is not over: all ones up to it.
    chosen = first + over @ step
    if logits.requires_grad:
        chosen = chosen + chance - chance.detach()
    return chosen


def gaussian(uniform: torch.Tensor) -> torch.Tensor:
    """Uniform (B, 2 N) to Gaussian (B, 2 N) numbers (Box and Muller, 1958)."""
    first, second = uniform.chunk(2, 1)
    radius = torch.sqrt(-2 * torch.log(1 - first * (1 - 1e-7) + 1e-12))
    angle = 2 * math.pi * second
    return torch.cat([radius * torch.cos(angle), radius * torch.sin(angle)], 1)
