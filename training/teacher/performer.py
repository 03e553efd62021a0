"""A whole performance: one act of the teacher for a conversation, controls, a person, a seed.

Gaze is decided first, for the head helps it and blinks go with it; then the head moves, and the
eyes take back what the head has moved (the vestibulo-ocular reflex, whose gain at these speeds is
close to 1: Leigh and Zee, "The neurology of eye movements", 2015), so that a nod or a sway never
carries the gaze away from the camera.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.motion.performance import PERFORMANCE
from training.teacher.blinks import blink
from training.teacher.breath import breathe
from training.teacher.brows import move_brows
from training.teacher.conversation import Conversation
from training.teacher.cues import wink
from training.teacher.direction import Direction
from training.teacher.gaze import look
from training.teacher.head import PITCH, ROLL, YAW, X, Y, Z, move_head
from training.teacher.listening import answers
from training.teacher.moods import colour
from training.teacher.scene import Canvas, Person, some_person, stage
from training.teacher.shapes import Rng
from training.teacher.smiles import articulate, idle_mouth, smile

_DEGREE: Final = np.pi / 180
_SIGNED: Final = frozenset(
    {"gazeYaw", "gazePitch", "side", "articulation", "breath"}
    | {name for name in PERFORMANCE if name.startswith("head")}
)
_REFLEX: Final = 0.97
_LID_FOLLOWS: Final = 0.3
"""Upper lids sink with the gaze: about a third of the way at the lowest look (Becker and Fuchs,
"Lid-eye coordination during vertical gaze changes", J. Neurophysiol. 1988)."""


def perform(
    conversation: Conversation, direction: Direction, rng: Rng, person: Person | None = None
) -> Float32Array:
    """The performance, float32 (T, PERFORMANCE_SIZE) at PERFORMANCE_RATE, in physical units."""
    scene = stage(conversation, direction, person or some_person(rng))
    canvas = Canvas(scene.size)
    gaze = look(scene, rng)
    replies = answers(scene, rng)
    head_DT = move_head(scene, gaze, replies, rng)
    blink(canvas, scene, gaze.shifts, rng)
    breathe(canvas, scene, rng)
    head_DT[Y] += 0.004 * canvas["breath"]
    head_DT[PITCH] += 0.15 * canvas["breath"]
    eye_yaw_T = gaze.yaw_T - _REFLEX * head_DT[YAW]
    eye_pitch_T = gaze.pitch_T - _REFLEX * head_DT[PITCH]
    canvas["gazeYaw"] = eye_yaw_T / 30
    canvas["gazePitch"] = np.where(eye_pitch_T > 0, eye_pitch_T / 25, eye_pitch_T / 30)
    lid_T = _LID_FOLLOWS * np.clip(-canvas["gazePitch"] - 0.1, 0, 1)
    for side in ("blinkLeft", "blinkRight"):
        canvas[side] = canvas[side] + lid_T * (1 - canvas[side])
    for row, name in ((YAW, "headYaw"), (PITCH, "headPitch"), (ROLL, "headRoll")):
        canvas[name] = head_DT[row] * _DEGREE
    for row, name in ((X, "headX"), (Y, "headY"), (Z, "headZ")):
        canvas[name] = head_DT[row]
    move_brows(canvas, scene, replies, rng)
    colour(canvas, scene, rng)
    smile(canvas, scene, replies, rng)
    idle_mouth(canvas, scene, rng)
    articulate(canvas, scene, rng)
    wink(canvas, scene, rng)
    return _finish(canvas)


def _finish(canvas: Canvas) -> Float32Array:
    """Opposites give way to each other, and every channel keeps to its range."""
    for side in ("Left", "Right"):
        up_T, down_T = canvas[f"browOuterUp{side}"], canvas[f"browDown{side}"]
        canvas[f"browOuterUp{side}"] = up_T - 0.35 * np.minimum(up_T, down_T)
        canvas[f"browDown{side}"] = down_T - 0.35 * np.minimum(up_T, down_T)
    canvas["wide"] = np.maximum(canvas["wide"] - 0.5 * canvas["squint"] * (canvas["wide"] < 0.2), 0)
    values_TP = canvas.values_TP
    for i, name in enumerate(PERFORMANCE):
        low = -1.0 if name in _SIGNED else 0.0
        values_TP[:, i] = np.clip(values_TP[:, i], low, 1.0)
    return values_TP.astype(np.float32)
