"""The student: a causal performance generator, one evaluation of one small network a step.

What was heard, the controls and the student's own last two steps go through three layers of gated
memory; for groups of channels that belong together (gaze first, then lids, then the rest, each
knowing what was drawn before it) a mixture of Gaussians gives the distribution of the change to
the next step (Graves, "Generating sequences with recurrent neural networks", 2013). Drawing from
it takes uniform noise from outside, so that the module is deterministic and fits an ONNX graph; the
draw is differentiable, so that whole rollouts can be trained (`distil`). State starts at zero.
"""

from __future__ import annotations

import math
from typing import Final, cast

import torch
from torch import nn

from training.motion.looking import guide
from training.motion.memory import Memory
from training.motion.mixture import COLUMNS, GROUPS, PLACES, RAREST, Mixture, choose, gaussian
from training.motion.performance import (
    CONTROL_SIZE,
    CONTROLS,
    HEARD_SIZE,
    PERFORMANCE_SIZE,
)
from training.motion.performance_data import encoding, limits

_CALM: Final = (0.95, 1.0, 0.8, 0.7, 0.6, 0.6, 0.5, 0.6, 0.9, 1.0)
"""Of each group, how much of every component's spread is performed: by the Frechet distance to the
teacher, some of it is doubt rather than liveliness, above all of the slow channels of the mouth."""
SLOW: Final = (10.0, 30.0, 90.0, 240.0)
"""Seconds over which each slow noise forgets: what makes one minute unlike another."""
_SLOW_KEEP: Final = tuple(math.exp(-0.04 / seconds) for seconds in SLOW)
_LIDS: Final = 1
_ANSWERS: Final = [CONTROLS.index(cue) for cue in ("nod", "shake", "raise_brows")]
_ANSWERING: Final = [
    number for number, (*_, names) in enumerate(GROUPS) if {"browInnerUp", "headPitch"} & {*names}
]
_PICKS: Final = len(GROUPS)
"""Uniform numbers that choose components; the rest become Gaussian."""
NOISE_SIZE: Final = _PICKS + PERFORMANCE_SIZE + len(SLOW)
"""Uniform numbers in [0, 1) per performance step."""
_UNASKED: Final = 0.05
"""More of the same for brows and head of one who neither speaks nor is asked to nod, to shake the
head or to raise the brows: when to answer is for `backchannel` to say."""
_FARTHEST: Final = 2.5
"""Spreads from its mean that a component may be drawn."""
_WIDE: Final = 3.0
"""Added to the logarithm of the spreads, so that an untrained network's are wide."""
_FLOOR: Final = 0.004
"""Smallest spread of a component, in spreads of the change: with more (0.03 once) a resting channel
that moves by much now and then trembles."""


class Student(nn.Module):
    """About 0.7 million parameters at the default width."""

    enter_scale: torch.Tensor
    change: torch.Tensor
    fastest: torch.Tensor
    floor: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    encoding: torch.Tensor
    decoding: torch.Tensor
    slow_keep: torch.Tensor

    def __init__(self, width: int = 192, layers: int = 3, head: int = 224) -> None:
        super().__init__()
        self.sizes = (width, layers, head)
        self.width = width
        given = HEARD_SIZE + CONTROL_SIZE + len(SLOW) + 2 * PERFORMANCE_SIZE
        self.embed = nn.Linear(given, width)
        self.memories = nn.ModuleList([Memory(width) for _ in range(layers)])
        self.join = nn.Linear(2 * width, head)
        self.known = nn.ModuleList()
        self.outs = nn.ModuleList()
        before = 0
        for moves, places, names in GROUPS:
            self.known.append(nn.Linear(before, head, bias=False) if before else nn.Identity())
            self.outs.append(nn.Linear(head, (moves + places) * (1 + 2 * len(names))))
            before += len(names)
        self.momentum = nn.Parameter(torch.full((PERFORMANCE_SIZE,), 0.5))
        self.pull = nn.Linear(head, 2 * PERFORMANCE_SIZE)
        with torch.no_grad():
            self.pull.weight *= 0.3
            self.pull.bias[PERFORMANCE_SIZE:] = -4.0
        low, high = limits()
        self.register_buffer("low", low)
        self.register_buffer("high", high)
        self.register_buffer("encoding", encoding())
        self.register_buffer("decoding", torch.linalg.inv(encoding()))
        self.register_buffer("change", torch.ones(PERFORMANCE_SIZE))
        self.register_buffer("floor", torch.tensor(_FLOOR))
        self.calm = nn.Parameter(torch.ones(PERFORMANCE_SIZE))
        # No channel changes more in a step than (nearly) ever in training.
        self.register_buffer("fastest", torch.full((PERFORMANCE_SIZE,), 99.0))
        with torch.no_grad():
            for part, columns in zip(_CALM, COLUMNS, strict=True):
                self.calm[list(columns)] = part
        self.register_buffer("slow_keep", torch.tensor([_SLOW_KEEP]))

    @property
    def state_size(self) -> int:
        """Numbers of state: last step and change, memories, slow noise."""
        return 2 * PERFORMANCE_SIZE + len(self.memories) * self.width + len(SLOW)

    def initial(self, batch: int) -> torch.Tensor:
        """At rest: zeros (batch, state_size)."""
        return torch.zeros(batch, self.state_size)

    def _given(
        self,
        heard: torch.Tensor,
        controls: torch.Tensor,
        slow: torch.Tensor,
        last: torch.Tensor,
        moved: torch.Tensor,
    ) -> torch.Tensor:
        squeezed = torch.clamp(moved / self.change, -6, 6)
        return torch.relu(self.embed(torch.cat([heard, controls, slow, last, squeezed], -1)))

    def lower_floor(self, floor: float = _FLOOR) -> None:
        """Let components become narrower than they could be; all others stay as they are."""
        with torch.no_grad():
            more = torch.log(self.floor / floor)
            for (moves, places, names), out in zip(GROUPS, self.outs, strict=True):
                cast(nn.Linear, out).bias[(moves + places) * (1 + len(names)) :] += more
            self.floor.fill_(floor)

    def _course(
        self, joined: torch.Tensor, last: torch.Tensor, moved: torch.Tensor
    ) -> torch.Tensor:
        """The change to expect (..., P), encoded: going on, and a spring towards a target."""
        target, rate = self.pull(torch.relu(joined)).split(PERFORMANCE_SIZE, -1)
        return self.momentum * moved + torch.sigmoid(rate) * (target - last)

    def _raw(
        self, group: int, joined: torch.Tensor, drawn: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a group: logits (..., K), and means and spreads as they leave the network
        (..., 2, K, D), the means of places being places. `joined` (..., head) before its bend;
        `drawn` (..., channels of the groups before).
        """
        inner = joined if drawn is None else joined + self.known[group](drawn)
        raw = self.outs[group](torch.relu(inner))
        moves, places, names = GROUPS[group]
        components, size = moves + places, len(names)
        logits, rest = raw.split([components, 2 * components * size], -1)
        return logits, rest.reshape(*raw.shape[:-1], 2, components, size)

    def _mixture(
        self, group: int, joined: torch.Tensor, drawn: torch.Tensor | None, here: torch.Tensor
    ) -> Mixture:
        """The distribution of a group's change; `here` (..., P): where the course leads."""
        logits, raw = self._raw(group, joined, drawn)
        means, spreads = raw[..., 0, :, :], raw[..., 1, :, :]
        moves, places, _ = GROUPS[group]
        if places:
            columns = list(COLUMNS[group])
            # A place, as the change that leads to it.
            there = (means[..., moves:, :].float() - here[..., None, columns]) / self.change[
                columns
            ]
            means = torch.cat([means[..., :moves, :].float(), there], -2)
        log_spreads = torch.log(self.floor) + nn.functional.softplus(spreads + _WIDE)
        return Mixture(logits.float(), means, log_spreads)

    def _draw(
        self,
        group: int,
        raw: torch.Tensor,
        here: torch.Tensor,
        chosen: torch.Tensor,
        blur: torch.Tensor,
    ) -> torch.Tensor:
        """A sample (B, D) of `_mixture`: what is chosen first (one-hot, B, K) and then shaped.

        `here` (B, D): where the course leads, in spreads of the change; `blur` (B, D): Gaussian
        noise times the floor and `calm`.
        """
        _, places, names = GROUPS[group]
        picked = (chosen[:, None, None, :] @ raw).reshape(-1, 2 * len(names))
        mean, spread = picked.split(len(names), 1)
        if places:
            columns = list(COLUMNS[group])
            is_place = chosen @ PLACES[group]
            scale = 1 + is_place * (1 / self.change[columns] - 1)
            mean = mean * scale - is_place * here
        # Of the spread: e to softplus(x) is 1 + e to x.
        return mean + blur * (1 + torch.exp(spread + _WIDE))

    def log_likelihood(
        self,
        heard_BTH: torch.Tensor,
        controls_BTC: torch.Tensor,
        steps_BTP: torch.Tensor,
        noise_scale: torch.Tensor | None = None,
        leaps_BTP: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Log density of every group's next change, given all before: (B, T - 2, groups).

        `steps_BTP` encoded; `noise_scale` (B, 1, 1) blurs what the network sees of its past, in
        spreads of the change, so that it can mend its own small errors; `leaps_BTP` is the part of
        each step's change that is not to be seen as movement (see `student_train.slips`).
        """
        seen = steps_BTP
        if noise_scale is not None:
            seen = seen + noise_scale * self.change * torch.randn_like(seen)
        last, moved = seen[:, 1:-1], seen[:, 1:-1] - seen[:, :-2]
        if leaps_BTP is not None:
            moved = moved - leaps_BTP[:, 1:-1]
        slow = torch.randn(len(last), 1, len(SLOW)).expand(-1, last.shape[1], -1)
        given = self._given(heard_BTH[:, 2:], controls_BTC[:, 2:], slow, last, moved)
        x = given
        for memory in self.memories:
            x = memory.track(x)  # type: ignore[operator]
        joined = self.join(torch.cat([torch.relu(x), given], -1))
        course = self._course(joined, last, moved)
        here = last + course
        target = (steps_BTP[:, 2:] - here) / self.change
        likelihoods = []
        order = [target[..., list(columns)] for columns in COLUMNS]
        for group, value in enumerate(order):
            drawn = _squash(torch.cat(order[:group], -1)) if group else None
            likelihoods.append(self._mixture(group, joined, drawn, here).log_likelihood(value))
        return torch.stack(likelihoods, -1)

    def forward(
        self,
        heard: torch.Tensor,
        controls: torch.Tensor,
        noise: torch.Tensor,
        state: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step of 40 ms: heard (B, 8), controls (B, 15), uniform noise (B, NOISE_SIZE).

        Returns the performance (B, PERFORMANCE_SIZE) in physical units and the next state.
        """
        size = PERFORMANCE_SIZE
        widths = [self.width] * len(self.memories)
        last, moved, *hidden, slow = state.split([size, size, *widths, len(SLOW)], 1)
        gauss = gaussian(noise[:, _PICKS:])
        slow = self.slow_keep * slow + torch.sqrt(1 - self.slow_keep**2) * gauss[:, size:]
        given = self._given(heard, controls, slow, last, moved)
        x = given
        for i, memory in enumerate(self.memories):
            x, hidden[i] = memory(x, hidden[i])
        joined = self.join(torch.cat([torch.relu(x), given], 1))
        physical = self._drawn(joined, last, moved, heard, controls, noise, gauss)
        now = physical @ self.encoding
        return physical, torch.cat([now, now - last, *hidden, slow], 1)

    def _drawn(
        self,
        joined: torch.Tensor,
        last: torch.Tensor,
        moved: torch.Tensor,
        heard: torch.Tensor,
        controls: torch.Tensor,
        noise: torch.Tensor,
        gauss: torch.Tensor,
        events_given: bool = False,
    ) -> torch.Tensor:
        """Group after group drawn: the next step (N, PERFORMANCE_SIZE) in physical units.

        `events_given`: no gradients to when eyes and lids move, nor to where eyes look.
        """
        here = last + self._course(joined, last, moved)
        asked = 50 * controls[:, _ANSWERS].sum(1, keepdim=True)
        rarest = RAREST + _UNASKED * torch.relu(1 - asked) * (1 - heard[:, :1])
        sizes = [len(columns) for columns in COLUMNS]
        blur = torch.clamp(gauss[:, :PERFORMANCE_SIZE], -_FARTHEST, _FARTHEST) * (
            self.floor * self.calm[_ORDER]
        )
        blurs = blur.split(sizes, 1)
        heres = (here / self.change)[:, _ORDER].split(sizes, 1)
        picks = noise[:, :_PICKS].split(1, 1)
        drawn: list[torch.Tensor] = []
        for group in range(len(GROUPS)):
            before = _squash(torch.cat(drawn, 1)) if group else None
            logits, raw = self._raw(group, joined, before)
            if events_given and group <= _LIDS:
                logits = logits.detach()
                raw = raw if group else raw.detach()
            if group == 0:
                logits = guide(logits, raw[:, 0], self.change, last, here, heard, controls)
            least = rarest if group in _ANSWERING else RAREST
            chosen = choose(logits, picks[group], least)
            drawn.append(self._draw(group, raw, heres[group], chosen, blurs[group]))
        change = here - last + torch.cat(drawn, 1)[:, _UNSHUFFLE] * self.change
        place = last + torch.minimum(torch.maximum(change, -self.fastest), self.fastest)
        return torch.clamp(place @ self.decoding, self.low, self.high)

    def again(
        self,
        heard_BTH: torch.Tensor,
        controls_BTC: torch.Tensor,
        noise_BTN: torch.Tensor,
        state: torch.Tensor,
        steps_BTP: torch.Tensor,
    ) -> torch.Tensor:
        """What was performed once more, all steps at once: physical (B, T, P).

        `steps_BTP` are the encoded steps that `rollout` made of the rest. Every step follows from
        the ones before as they were, so gradients tell what each step would change by itself; they
        do not tell of gaze, nor of when lids move (see `distil`).
        """
        size = PERFORMANCE_SIZE
        widths = [self.width] * len(self.memories)
        first, moved, *hidden, slow = state.split([size, size, *widths, len(SLOW)], 1)
        last = torch.cat([first[:, None], steps_BTP[:, :-1]], 1)
        moved = torch.cat([moved[:, None], last.diff(dim=1)], 1)
        gauss = gaussian(noise_BTN.flatten(0, 1)[:, _PICKS:])
        steps = []
        for fresh in gauss[:, size:].reshape(*last.shape[:2], -1).unbind(1):
            slow = self.slow_keep * slow + torch.sqrt(1 - self.slow_keep**2) * fresh
            steps.append(slow)
        given = self._given(heard_BTH, controls_BTC, torch.stack(steps, 1), last, moved)
        x = given
        for memory, kept in zip(self.memories, hidden, strict=True):
            x = memory.track(x, kept)  # type: ignore[operator]
        joined = self.join(torch.cat([torch.relu(x), given], -1))
        tracks = (joined, last, moved, heard_BTH, controls_BTC, noise_BTN)
        one, two, three, four, five, six = (track.flatten(0, 1) for track in tracks)
        with torch.autocast("cpu", enabled=False):  # or other components would be chosen
            made = self._drawn(one.float(), two, three, four, five, six, gauss, events_given=True)
        return made.reshape(last.shape)


_ORDER: Final = [c for columns in COLUMNS for c in columns]
"""Channels as they are drawn."""
_UNSHUFFLE: Final = [_ORDER.index(c) for c in range(PERFORMANCE_SIZE)]


def _squash(drawn: torch.Tensor) -> torch.Tensor:
    """Changes drawn before, tamed for the groups after."""
    return torch.clamp(drawn, -6, 6)


def rollout(
    student: Student,
    heard_BTH: torch.Tensor,
    controls_BTC: torch.Tensor,
    noise_BTN: torch.Tensor,
    state: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encoded steps (B, T, P) of the student's own making, and the last state."""
    steps = []
    for t in range(heard_BTH.shape[1]):
        _, state = student(heard_BTH[:, t], controls_BTC[:, t], noise_BTN[:, t], state)
        steps.append(state[:, :PERFORMANCE_SIZE])
    return torch.stack(steps, 1), state


def perform(
    student: Student, heard_BTH: torch.Tensor, controls_BTC: torch.Tensor, seed: int
) -> torch.Tensor:
    """Physical performances (B, T, P) from rest with noise of a seed."""
    rng = torch.Generator().manual_seed(seed)
    batch, length = heard_BTH.shape[:2]
    state = student.initial(batch)
    steps = []
    with torch.inference_mode():
        for t in range(length):
            noise = torch.rand(batch, NOISE_SIZE, generator=rng)
            step, state = student(heard_BTH[:, t], controls_BTC[:, t], noise, state)
            steps.append(step)
    return torch.stack(steps, 1)
