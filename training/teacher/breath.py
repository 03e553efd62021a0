"""Breath, the shoulders it lifts, and lips that part to draw it before speech.

Sources
  Conrad and Schoenle, Arch. Psychiatr. Nervenkr. 1979: inspiration takes some 0.4 of the cycle at
    rest, 0.1-0.2 in speech. Resting rate 12-18 a minute (Tobin et al., Chest 1983: 16.6 +- 2.8).
  Winkworth, Davis, Adams and Ellis, J. Speech Hear. Res. 1995: breaths are taken at phrase
    boundaries, deeper before longer phrases; Grosjean and Collins, Phonetica 1979: in pauses.
  Torreira, Boegels and Levinson, Front. Psychol. 2015: speakers breathe in before long turns, some
    0.5 s ahead. Rochet-Capellan and Fuchs, Philos. Trans. B 2014: inspirations of talk take 0.5 s,
    breath groups some 4 s.
  Vlemincx et al., Psychophysiology 2013: a sigh of twice the depth every few minutes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from training.teacher.life_constants import BREATH_IN_REST, BREATH_RATE
from training.teacher.scene import Canvas, Scene
from training.teacher.shapes import Rng, Track, add_bump, at, ease, span

_LEAST_PAUSE: Final = 0.26
_LEAST_GROUP: Final = 1.8
_LONG_GROUP: Final = 5.0
"""After so much talk any gap will do to breathe."""
_SIGH: Final = 1 / 45
_EMPTY: Final = -0.6

Breath = tuple[float, float, float]
"""When it begins to be drawn, when it is full, how full."""


def breathe(canvas: Canvas, scene: Scene, rng: Rng) -> None:
    """Write breath, shoulders and the lips' parting for breath."""
    spoken = _spoken(scene, rng)
    drawn = sorted(spoken + _resting(scene, spoken, rng))
    breath_T = _curve(drawn, scene.size, rng)
    canvas["breath"] = np.clip(breath_T, -1, 1)
    tense_T = 0.05 * scene.mood("angry") + 0.05 * scene.mood("surprised")
    lift_T = 0.05 * (canvas["breath"] + 1) * (0.8 + 0.4 * scene.lively_T)
    canvas["shoulders"] = np.clip(lift_T + tense_T - 0.03 * scene.mood("sad"), 0, 1)
    for begin, full, depth in spoken:
        if rng.uniform() < 0.7:
            size = float(rng.uniform(0.025, 0.055)) * (0.6 + 0.4 * max(depth, 0))
            size *= 0.7 + 0.6 * at(scene.lively_T, begin)
            add_bump(canvas["jawDrop"], begin, 0.16, max(full - begin - 0.16, 0), 0.14, size)


def _spoken(scene: Scene, rng: Rng) -> list[Breath]:
    """Breaths before phrases of the user's where there is a pause and the last is long past."""
    phrases = scene.me.phrases_P2
    out: list[Breath] = []
    last, before = -9.0, -9.0
    for i, (start, end) in enumerate(phrases):
        pause = float(start) - before
        before = float(end)
        backchannel = end - start < 0.6 and pause > 0.8
        least = _LEAST_PAUSE if start - last < _LONG_GROUP else 0.1
        if pause < least or start - last < _LEAST_GROUP or backchannel:
            continue
        group = float(end - start) + (
            float(phrases[i + 1, 1] - phrases[i + 1, 0]) if i + 1 < len(phrases) else 0.0
        )
        takes = min(float(rng.uniform(0.35, 0.6)), max(0.9 * pause, 0.25))
        depth = float(np.clip(0.25 + 0.12 * group + rng.normal(0, 0.12), 0.1, 1.0))
        full = float(start) - float(rng.uniform(0.0, 0.05))
        out.append((full - takes, full, depth))
        last = float(start)
    return out


def _resting(scene: Scene, spoken: list[Breath], rng: Rng) -> list[Breath]:
    """The even breath of everyone who is not talking, between the spoken breaths."""
    out: list[Breath] = []
    edges = [(0.0, 0.0, 0.0), *spoken, (scene.seconds + 6, 0.0, 0.0)]
    for (_, full, _), (begin, _, _) in pairwise(edges):
        # Wait until the talk that this breath was for is over.
        now = full + (1.3 if full > 0 else 0.0)
        while now < begin and at(scene.talk_T, now) > 0.5:
            now += 0.1
        now += float(rng.uniform(0.2, 1.2))
        while now < begin - 1.6:
            pace = scene.person.breath_rate * (1 - 0.12 * at(scene.mood("sad"), now))
            pace *= 1 + 0.12 * at(scene.mood("angry"), now) + 0.1 * at(scene.mood("surprised"), now)
            cycle = 60 / (BREATH_RATE * pace) * float(np.exp(0.12 * rng.standard_normal()))
            takes = BREATH_IN_REST * cycle
            sighs = rng.uniform() < _SIGH
            depth = 0.95 if sighs else float(np.clip(rng.normal(0.35, 0.12), 0.1, 0.6))
            out.append((now, min(now + takes, begin - 0.6), depth))
            now += cycle * (1.4 if sighs else 1.0)
    return out


def _curve(drawn: list[Breath], size: int, rng: Rng) -> Track:
    """Up from wherever the last breath has sunk to, then sinking until the next."""
    breath_T = np.full(size, _EMPTY)
    level = _EMPTY
    for i, (begin, full, depth) in enumerate(drawn):
        upto = drawn[i + 1][0] if i + 1 < len(drawn) else full + 3.0
        where, time = span(size, begin, full)
        breath_T[where] = level + (depth - level) * ease((time - begin) / max(full - begin, 0.05))
        where, time = span(size, full, upto)
        out = min(max(upto - full, 0.4), 9.0)
        low = _EMPTY - (0.35 if out > 4.0 else 0.0) + 0.1 * (depth - 0.4)
        low += float(np.clip(rng.normal(0, 0.06), -0.12, 0.12))
        share = np.clip((time - full) / out, 0, 1)
        # Air goes fastest at first at rest, evenly in speech.
        sunk = 0.5 * share + 0.5 * ease(share)
        breath_T[where] = depth + (low - depth) * sunk
        level = low
    return breath_T
