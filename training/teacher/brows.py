"""Brows and upper lids: accents, questions, beginnings, answers; effort pulls the brows down.

Sources
  Ekman, "About brows", in Human Ethology, 1979: raised brows as batons, underliners and question
    marks in talk; lowered ones in doubt and effort.
  Flecha-Garcia, Speech Commun. 2010: raises begin 60 ms before an accent's pitch and are likelier
    at the beginning of a new topic; Guaitella et al., Lang. Speech 2009: and of turns.
  Cave et al., ICSLP 1996: 71% of raises go with rising pitch; not every rise has one.
  Krahmer and Swerts, J. Mem. Lang. 2007: raises of some 0.3-0.5 s mark prominent words.
  Borkenau; Borod et al. 1997: sides differ, lastingly and from moment to moment.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from training.teacher.gaze import hesitations
from training.teacher.listening import Answer
from training.teacher.scene import Canvas, Scene
from training.teacher.shapes import Rng, Track, add_bump, at, follow, pink, raise_to

ON_ACCENT: Final = 0.2
AT_TURN: Final = 0.35
QUESTION: Final = 0.6
_CUE_DELAY: Final = 0.02


def move_brows(canvas: Canvas, scene: Scene, replies: list[Answer], rng: Rng) -> None:
    """Write brows and widened lids."""
    size = scene.size
    lift_T, inner_T, left_T, right_T = (np.zeros(size) for _ in range(4))
    down_T = np.zeros(size)
    _talking(lift_T, left_T, right_T, scene, rng)
    _questions(lift_T, scene, rng)
    for reply in replies:
        if reply.raises:
            amount = 0.36 * reply.strength * (0.6 + 0.8 * at(scene.lively_T, reply.at))
            hold = float(rng.uniform(0.1, 0.5))
            raise_to(lift_T, reply.at, float(rng.uniform(0.16, 0.26)), hold, 0.7, amount)
    _effort(down_T, inner_T, scene, rng)
    _flashes(left_T, right_T, inner_T, scene, rng)
    for time, _ in scene.cues("raise_brows"):
        amount = float(rng.uniform(0.7, 0.95))
        hold = float(rng.uniform(0.4, 0.8))
        raise_to(lift_T, time + _CUE_DELAY, 0.16, hold, 0.5, amount)
    # Muscles of the brow neither start nor stop at once.
    lift_T, down_T = follow(lift_T, 26.0), follow(down_T, 18.0)
    lively_T = 0.4 + 1.2 * scene.lively_T
    rest_T = 0.03 + 0.025 * pink(rng, size, 16.0, 1.5) * lively_T
    lean_T = scene.person.brow_lean + 0.05 * pink(rng, size, 10.0, 2.0)
    canvas["browInnerUp"] += 0.75 * lift_T + inner_T + np.maximum(rest_T, 0)
    canvas["browOuterUpLeft"] += (lift_T + 0.6 * rest_T.clip(0)) * (1 + lean_T) + left_T
    canvas["browOuterUpRight"] += (lift_T + 0.6 * rest_T.clip(0)) * (1 - lean_T) + right_T
    low_T = down_T + 0.02 * np.maximum(pink(rng, size, 12.0, 2.0), 0)
    canvas["browDownLeft"] += low_T * (1 - lean_T)
    canvas["browDownRight"] += low_T * (1 + lean_T)
    canvas["wide"] += 0.3 * lift_T


def _talking(lift_T: Track, left_T: Track, right_T: Track, scene: Scene, rng: Rng) -> None:
    """Raises on accents and at the beginnings of turns; now and then on one side only."""
    last = -9.0
    for time, strength in scene.me.accents_A2:
        lively = at(scene.lively_T, time)
        chance = ON_ACCENT * (0.3 + 1.4 * lively) * (0.4 + 0.9 * float(strength))
        chance *= 1 + 0.8 * at(scene.mood("surprised"), time) - 0.4 * at(scene.mood("angry"), time)
        if time - last < 0.7 or rng.uniform() > chance:
            continue
        last = float(time)
        amount = (0.14 + 0.24 * float(strength)) * (0.45 + 0.95 * lively) * scene.person.expressive
        amount *= float(np.clip(rng.normal(1, 0.3), 0.4, 1.8))
        begin, rise = last - float(rng.uniform(0.04, 0.12)), float(rng.uniform(0.12, 0.2))
        hold, fall = float(rng.uniform(0.0, 0.22)), float(rng.uniform(0.35, 0.8))
        if rng.uniform() < 0.07:
            one_T = left_T if rng.uniform() < 0.5 + scene.person.brow_lean else right_T
            add_bump(one_T, begin, rise, hold, fall, 0.9 * amount)
        else:
            raise_to(lift_T, begin, rise, hold, fall, amount)
    for start, end in scene.me.turns_N2:
        if end - start > 1.2 and rng.uniform() < AT_TURN:
            amount = float(rng.uniform(0.15, 0.4)) * (0.45 + 0.95 * at(scene.lively_T, start))
            raise_to(lift_T, float(start) - 0.1, 0.22, float(rng.uniform(0.1, 0.5)), 0.9, amount)


def _questions(lift_T: Track, scene: Scene, rng: Rng) -> None:
    """Brows stay up over the end of what is asked, and a moment into the silence."""
    for (start, end), rise in zip(scene.me.phrases_P2, scene.me.rises_P, strict=True):
        if rise > 0.12 and end - start > 0.5 and rng.uniform() < QUESTION:
            amount = float(rng.uniform(0.2, 0.45)) * (0.5 + 0.8 * at(scene.lively_T, end))
            length = float(rng.uniform(0.2, 0.5))
            raise_to(lift_T, float(end) - 0.3, 0.25, length + 0.1, 0.8, amount)


def _effort(down_T: Track, inner_T: Track, scene: Scene, rng: Rng) -> None:
    """Brows drawn together while looking for a word, or frowning to follow the others."""
    for start, end in hesitations(scene):
        if rng.uniform() < 0.5 + 0.3 * at(scene.mood("thinking"), start):
            amount = float(rng.uniform(0.12, 0.32))
            hold = max(end - start - 0.5, 0.1)
            raise_to(down_T, start + 0.15, 0.35, hold, 0.6, amount)
    for time, strength in scene.you.accents_A2:
        if at(scene.hear_T, time) > 0.5 and rng.uniform() < 0.02:
            amount = 0.22 * float(strength)
            raise_to(down_T, float(time) + 0.2, 0.4, float(rng.uniform(0.4, 1.6)), 0.6, amount)
            raise_to(inner_T, float(time) + 0.3, 0.4, 0.4, 0.6, 0.4 * amount)


def _flashes(left_T: Track, right_T: Track, inner_T: Track, scene: Scene, rng: Rng) -> None:
    """Small lopsided movements of under half a second, one or two a minute (Yan et al., J.
    Nonverbal Behav. 2013: micro-expressions last 0.17 to 0.5 s)."""
    now = float(rng.exponential(30.0))
    while now < scene.seconds:
        amount = float(rng.uniform(0.06, 0.2)) * (0.4 + 1.2 * at(scene.lively_T, now))
        part_T = (left_T, right_T, inner_T)[int(rng.integers(3))]
        add_bump(part_T, now, 0.12, float(rng.uniform(0.0, 0.12)), 0.22, amount)
        now += 3 + float(rng.exponential(30.0))
