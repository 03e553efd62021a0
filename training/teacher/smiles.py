"""Smiles, and the small movements of a mouth that is not speaking.

Sources
  Frank, Ekman and Friesen, J. Pers. Soc. Psychol. 1993: felt smiles last 0.5 to 4 s and come with
    the cheeks. Schmidt, Ambadar, Cohn and Reed, J. Nonverbal Behav. 2006: onsets of 0.5-0.75 s,
    slower offsets; cheeks a little after the lips.
  Ekman, Hager and Friesen, Psychophysiology 1981; Skinner and Mullen, Br. J. Clin. Psychol. 1991:
    smiles are somewhat lopsided, posed ones more.
  Kraut and Johnston, J. Pers. Soc. Psychol. 1979; Chovil, Res. Lang. Soc. Interact. 1991: people
    smile to others rather than to what amuses them: at the ends of turns, and in answer.
  Goodwin and Goodwin, Semiotica 1986: the thinking face of a word search; Bavelas and Chovil, 1997:
    lips pressed, drawn in or pushed aside; the mouth shrug of "who knows".
"""

from __future__ import annotations

from typing import Final

import numpy as np

from training.teacher.gaze import hesitations
from training.teacher.listening import Answer
from training.teacher.scene import Canvas, Scene
from training.teacher.shapes import (
    Rng,
    Track,
    add_bump,
    at,
    exponential_times,
    follow,
    pink,
    raise_to,
)

REST_SMILE: Final = 0.02
WARM_SMILE: Final = 0.2
_CUE_DELAY: Final = 0.02


def smile(canvas: Canvas, scene: Scene, replies: list[Answer], rng: Rng) -> None:
    """Write smiles with cheeks and eyes."""
    rest_T = REST_SMILE + WARM_SMILE * scene.warm_T
    rest_T = rest_T * (1 + 0.35 * pink(rng, scene.size, 20.0, 2.5)) * (1 - 0.25 * scene.sound_T)
    felt_T = np.zeros(scene.size)
    for time in _moments(scene, replies, rng):
        amount = float(rng.uniform(0.16, 0.42)) * (0.35 + 0.8 * at(scene.warm_T, time))
        amount *= 0.75 + 0.5 * at(scene.lively_T, time)
        hold = float(np.clip(rng.gamma(2.0, 0.55), 0.3, 3.2))
        raise_to(
            felt_T, time, float(rng.uniform(0.4, 0.7)), hold, float(rng.uniform(0.7, 1.2)), amount
        )
    free_T = _free(scene)
    total_T = (np.maximum(rest_T, 0) + felt_T) * free_T + 0.36 * scene.mood("happy")
    asked_T = np.zeros(scene.size)
    for time, _ in scene.cues("smile"):
        amount, hold = float(rng.uniform(0.6, 0.85)), float(rng.uniform(1.0, 1.8))
        raise_to(asked_T, time + _CUE_DELAY, 0.32, hold, float(rng.uniform(0.7, 1.0)), amount)
    total_T = np.maximum(total_T, asked_T) + 0.3 * np.minimum(total_T, asked_T)
    total_T = 0.85 * np.tanh(follow(total_T, 22.0) / 0.85)
    lean_T = scene.person.smile_lean + 0.07 * pink(rng, scene.size, 8.0, 1.5)
    canvas["smileLeft"] += total_T * (1 + lean_T)
    canvas["smileRight"] += total_T * (1 - lean_T)
    # Cheeks and lower lids join stronger smiles, a little later.
    strong_T = follow(np.maximum(total_T - 0.1, 0), 14.0)
    canvas["cheekSquint"] += 0.75 * strong_T
    canvas["squint"] += 0.35 * strong_T
    canvas["dimple"] += 0.18 * strong_T


def _free(scene: Scene) -> Track:
    """How far the mood lets one smile."""
    held_T = 0.75 * scene.mood("serious") + 0.85 * scene.mood("sad") + 0.95 * scene.mood("angry")
    return np.clip(1 - held_T - 0.4 * scene.mood("thinking") - 0.3 * scene.mood("surprised"), 0, 1)


def _moments(scene: Scene, replies: list[Answer], rng: Rng) -> list[float]:
    """When a smile comes up: in answer, when a turn ends, and now and then by itself."""
    times = [reply.at + 0.05 for reply in replies if reply.smiles]
    for _, end in scene.me.turns_N2:
        if rng.uniform() < 0.1 + 0.45 * at(scene.warm_T, end):
            times.append(float(end) - float(rng.uniform(0.1, 0.5)))
    for _, end in scene.you.turns_N2:
        if rng.uniform() < 0.3 * at(scene.warm_T, end):
            times.append(float(end) + float(rng.uniform(0.1, 0.5)))
    times += [
        time
        for time in exponential_times(rng, scene.seconds, 40.0, 5.0)
        if rng.uniform() < 0.25 + 0.6 * at(scene.warm_T, time)
    ]
    return times


def idle_mouth(canvas: Canvas, scene: Scene, rng: Rng) -> None:
    """Lips pressed, drawn in, pushed aside or shrugged, only while silent."""
    press_T, roll_T, side_T, shrug_T, wide_T = (np.zeros(scene.size) for _ in range(5))
    for start, end in hesitations(scene):
        if rng.uniform() < 0.6:
            part_T = press_T if rng.uniform() < 0.6 else roll_T
            hold = max(min(end - start - 0.6, 1.2), 0.05)
            raise_to(part_T, start + 0.15, 0.25, hold, 0.25, float(rng.uniform(0.18, 0.4)))
    for time in exponential_times(rng, scene.seconds, 13.0, 2.0):
        kind = rng.uniform()
        amount = float(rng.uniform(0.5, 1.0)) * (0.5 + 0.7 * at(scene.lively_T, time))
        hold = float(rng.gamma(2.0, 0.25))
        if kind < 0.42:
            raise_to(press_T, time, 0.25, hold, 0.4, 0.34 * amount)
        elif kind < 0.68:
            raise_to(roll_T, time, 0.3, hold, 0.4, 0.4 * amount)
        elif kind < 0.86:
            add_bump(side_T, time, 0.3, hold, 0.45, 0.26 * amount * float(rng.choice([-1, 1])))
        elif kind < 0.94:
            raise_to(shrug_T, time, 0.3, 0.7 * hold, 0.4, 0.34 * amount)
        else:
            raise_to(wide_T, time, 0.25, 0.7 * hold, 0.4, 0.25 * amount)
    quiet_T = follow(1 - scene.sound_T, 20.0) ** 2
    press_T += 0.05 * np.maximum(pink(rng, scene.size, 14.0, 2.0), 0)
    canvas["press"] += press_T * quiet_T
    canvas["roll"] += roll_T * quiet_T
    canvas["side"] += side_T * quiet_T + 0.02 * pink(rng, scene.size, 10.0, 2.0)
    canvas["shrug"] += shrug_T * quiet_T
    canvas["stretch"] += wide_T * quiet_T
    canvas["frown"] += 0.35 * shrug_T * quiet_T
    canvas["dimple"] += 0.25 * np.abs(side_T) * quiet_T


def articulate(canvas: Canvas, scene: Scene, rng: Rng) -> None:
    """How strongly the mouth articulates: with stress, loudness and liveliness.

    Lindblom, "Explaining phonetic variation: a sketch of the H&H theory", 1990: people articulate
    between a clear and a slurred extreme; Schulman, JASA 1989: loud speech opens the jaw wider.
    """
    stress_T = np.zeros(scene.size)
    for time, strength in scene.me.accents_A2:
        add_bump(stress_T, float(time) - 0.14, 0.14, 0.04, 0.2, 0.3 * float(strength))
    level_T = scene.me.level_S[::2][: scene.size].astype(np.float64)
    loud_T = np.where(scene.sound_T > 0.5, np.clip(level_T + 26, -8, 8) / 10, 0)
    mood_T = 0.28 * scene.mood("angry") - 0.3 * scene.mood("sad") + 0.1 * scene.mood("happy")
    mood_T += 0.12 * scene.mood("surprised") - 0.12 * scene.mood("thinking")
    canvas["articulation"] = (
        0.7 * (scene.lively_T - 0.5) + 0.8 * np.minimum(stress_T, 0.4) - 0.08
        + 0.3 * follow(loud_T, 5.0) + mood_T + 0.1 * pink(rng, scene.size, 12.0, 1.5)
    )  # fmt: skip
