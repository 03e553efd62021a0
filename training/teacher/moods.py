"""The lasting colour that a mood gives the face, and the rush of its first moment.

Ekman and Friesen, "Facial Action Coding System", 1978, and Ekman, Friesen and Hager, 2002: happy is
AU 6 + 12, sad 1 + 4 + 15, angry 4 + 5 + 7 + 23, surprised 1 + 2 + 5 + 26. Rozin and Cohen, Emotion
2003, and Goodwin and Goodwin 1986: concentration and thought lower the brows, narrow the eyes and
push the lips. The amounts are a fraction of those prototypes, since a mood in a meeting colours the
face and does not mask it (Carroll and Russell, J. Pers. Soc. Psychol. 1997: everyday expressions
show parts of the prototype); they wander, so that none is a still mask.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import MOODS
from training.teacher.scene import Canvas, Scene
from training.teacher.shapes import RATE, Rng, add_bump, pink

COLOURS: Final[dict[str, dict[str, float]]] = {
    "neutral": {},
    "happy": {
        "cheekSquint": 0.24, "squint": 0.1, "browInnerUp": 0.06, "browOuterUpLeft": 0.09,
        "browOuterUpRight": 0.09, "dimple": 0.06,
    },
    "serious": {
        "browDownLeft": 0.4, "browDownRight": 0.37, "press": 0.2, "squint": 0.13, "roll": 0.06,
        "frown": 0.1,
    },
    "sad": {
        "browInnerUp": 0.7, "browDownLeft": 0.16, "browDownRight": 0.16, "frown": 0.52,
        "shrug": 0.2, "press": 0.06, "stretch": 0.06,
    },
    "angry": {
        "browDownLeft": 0.82, "browDownRight": 0.78, "squint": 0.32, "wide": 0.22,
        "noseSneer": 0.24, "press": 0.3, "frown": 0.3, "stretch": 0.05,
    },
    "surprised": {
        "browInnerUp": 0.6, "browOuterUpLeft": 0.66, "browOuterUpRight": 0.66, "wide": 0.52,
        "jawDrop": 0.035,
    },
    "thinking": {
        "browDownLeft": 0.18, "browDownRight": 0.34, "browOuterUpLeft": 0.22, "squint": 0.24,
        "press": 0.2, "side": 0.2, "roll": 0.08, "frown": 0.08,
    },
}  # fmt: skip
_RUSH: Final[dict[str, dict[str, float]]] = {
    "surprised": {"browInnerUp": 0.2, "browOuterUpLeft": 0.2, "browOuterUpRight": 0.2,
                  "wide": 0.2, "jawDrop": 0.07},
    "happy": {"smileLeft": 0.12, "smileRight": 0.12, "cheekSquint": 0.1},
    "angry": {"noseSneer": 0.12, "browDownLeft": 0.12, "browDownRight": 0.12},
    "sad": {"browInnerUp": 0.1, "frown": 0.06},
}  # fmt: skip


def colour(canvas: Canvas, scene: Scene, rng: Rng) -> None:
    """Add the moods to the face."""
    strong_T = 0.75 + 0.5 * scene.lively_T
    for name, channels in COLOURS.items():
        mood_T = scene.mood(name)
        if not channels or mood_T.max() < 1e-3:
            continue
        for channel, amount in channels.items():
            alive_T = np.maximum(1 + 0.2 * pink(rng, scene.size, 20.0, 5.0), 0.3)
            side = 1.0
            if channel == "side":
                side = 1.0 if scene.person.smile_lean >= 0 else -1.0
            busy_T = 1.0 if channel not in _MOUTH else 1 - 0.65 * scene.sound_T
            canvas[channel] += side * amount * mood_T * strong_T * alive_T * busy_T
    _rush(canvas, scene, rng)


_MOUTH: Final = frozenset({"press", "roll", "side", "shrug", "jawDrop"})
"""Channels that would be in the way of speech."""


def _rush(canvas: Canvas, scene: Scene, rng: Rng) -> None:
    """Feelings come with an overshoot when they begin all at once."""
    asked_TM = scene.direction.mood_TM
    for name, channels in _RUSH.items():
        weight_T = asked_TM[: scene.size, MOODS.index(name)]
        grown = np.flatnonzero(weight_T[int(0.4 * RATE) :] - weight_T[: -int(0.4 * RATE)] > 0.35)
        last = -99
        for step in grown:
            if step - last > RATE:
                amount = float(rng.uniform(0.6, 1.1)) * float(weight_T[step + int(0.4 * RATE)])
                for channel, size in channels.items():
                    add_bump(canvas[channel], step / RATE + 0.35, 0.3, 0.4, 1.0, amount * size)
            last = int(step)
