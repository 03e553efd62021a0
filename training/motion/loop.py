"""What all trainings of the performer share: a learner with a running mean, and the loop around it.

Time is that of the processor, so that a training which is stopped or crowded out goes on where it
was in its schedule.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import torch
from torch import nn

SAVE_SECONDS: Final = 120.0
TOLD_EVERY: Final = 100
Network = TypeVar("Network", bound=nn.Module)


def rate_at(part: float, warm_up: float = 0.03) -> float:
    """Learning rate as a share of the largest after `part` of the time: ramp, then cosine."""
    if part < warm_up:
        return part / warm_up
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (part - warm_up) / (1 - warm_up)))


class Learner(Generic[Network]):
    """A network, its optimisers, and the running mean of its weights, which is what is kept."""

    def __init__(
        self,
        network: Network,
        steppers: Sequence[torch.optim.Optimizer],
        clip: float,
        keep: float,
        constant: bool = False,
    ) -> None:
        """`clip`: largest norm of the gradient; `keep`: of the mean, per step; `constant`: no
        schedule of the learning rate.
        """
        self.network, self.mean = network, copy.deepcopy(network).eval().requires_grad_(False)
        self._steppers, self._clip, self._keep = steppers, clip, keep
        self._constant = constant
        self._rates = [group["lr"] for stepper in steppers for group in stepper.param_groups]
        self._parameters = [
            p for stepper in steppers for group in stepper.param_groups for p in group["params"]
        ]
        self.count = 0

    def step(self, loss: torch.Tensor, part: float) -> float:
        """One step down the gradient after `part` of the time; the loss."""
        groups = [group for stepper in self._steppers for group in stepper.param_groups]
        for group, largest in zip(groups, self._rates, strict=True):
            group["lr"] = largest * (1.0 if self._constant else rate_at(part))
        for stepper in self._steppers:
            stepper.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters, self._clip)
        for stepper in self._steppers:
            stepper.step()
        self.count += 1
        keep = min(self._keep, self.count / (9 + self.count))
        with torch.no_grad():
            pairs = zip(self.mean.parameters(), self.network.parameters(), strict=True)
            for kept, fresh in pairs:
                kept.lerp_(fresh, 1 - keep)
        return float(loss.detach())


def run(
    minutes: float,
    iterate: Callable[[float], dict[str, float]],
    save: Callable[[], None],
    iterations: int | None = None,
) -> None:
    """Call `iterate` with the part of the time that is over until `minutes` of this process's
    processor time (or `iterations`) have passed; print what it tells, save now and then, and at
    the end.
    """
    begin = time.process_time()
    saved = time.monotonic()
    recent: list[dict[str, float]] = []
    count = 0
    while iterations is None or count < iterations:
        part = (time.process_time() - begin) / (60 * minutes)
        if part >= 1:
            break
        recent.append(iterate(part))
        count += 1
        if count % TOLD_EVERY == 0:
            means = {name: sum(r[name] for r in recent) / len(recent) for name in recent[-1]}
            told = " ".join(f"{name} {value:.4f}" for name, value in means.items())
            print(f"{count} {part:.3f} {told}", flush=True)
            recent.clear()
        if time.monotonic() - saved > SAVE_SECONDS:
            save()
            saved = time.monotonic()
    save()
