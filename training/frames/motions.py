"""Motions to train and test the frame generator on: speech, expressions, blinks, gaze, head pose.

They need not be a performance, only cover what a motion generator may send: every viseme in many
strengths and mixes, expressions over speech, lids and gaze together, poses of people in calls, and
some wild combinations so that nothing breaks.
"""

from __future__ import annotations

import numpy as np

from inference.contract import (
    BLENDSHAPES,
    MOTION_INDEX,
    MOTION_NAMES,
    MOTION_SIZE,
    Float32Array,
)

_SHAPES: dict[str, dict[str, float]] = {
    "aa": {"jawOpen": 0.5, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2},
    "E": {"jawOpen": 0.3, "mouthStretch": 0.4, "mouthSmile": 0.3, "mouthLowerDown": 0.2},
    "I": {"jawOpen": 0.14, "mouthStretch": 0.3, "mouthSmile": 0.4, "mouthLowerDown": 0.3},
    "O": {"jawOpen": 0.35, "mouthFunnel": 0.6, "mouthPucker": 0.3},
    "U": {"jawOpen": 0.1, "mouthFunnel": 0.3, "mouthPucker": 0.8},
    "PP": {"mouthPress": 0.4, "mouthRollLower": 0.35, "mouthRollUpper": 0.25},
    "FF": {"jawOpen": 0.08, "mouthRollLower": 0.55, "mouthUpperUp": 0.35},
    "TH": {"jawOpen": 0.2, "tongueOut": 0.3, "mouthLowerDown": 0.2},
    "DD": {"jawOpen": 0.16, "mouthLowerDown": 0.25, "mouthUpperUp": 0.15},
    "kk": {"jawOpen": 0.22, "mouthStretch": 0.15, "mouthLowerDown": 0.15},
    "CH": {"jawOpen": 0.1, "mouthFunnel": 0.55, "mouthUpperUp": 0.2, "mouthLowerDown": 0.2},
    "SS": {"jawOpen": 0.06, "mouthStretch": 0.3, "mouthLowerDown": 0.3, "mouthUpperUp": 0.15},
    "nn": {"jawOpen": 0.14, "mouthLowerDown": 0.15, "mouthStretch": 0.15},
    "RR": {"jawOpen": 0.15, "mouthFunnel": 0.3, "mouthPucker": 0.3, "mouthRollLower": 0.1},
    "sil": {},
    "smile": {"mouthSmile": 0.7, "cheekSquint": 0.4, "mouthDimple": 0.2},
    "grin": {"mouthSmile": 0.8, "mouthUpperUp": 0.4, "jawOpen": 0.1, "cheekSquint": 0.5},
    "frown": {"mouthFrown": 0.6, "browDown": 0.5, "mouthShrugLower": 0.3},
    "doubt": {"mouthShrugLower": 0.5, "mouthShrugUpper": 0.3, "mouthPress": 0.3},
    "surprise": {"jawOpen": 0.35, "browInnerUp": 0.8, "browOuterUp": 0.7, "eyeWide": 0.6},
    "shut": {"jawOpen": 0.3, "mouthClose": 0.3},
    "puff": {"cheekPuff": 0.7, "mouthPress": 0.2},
    "sneer": {"noseSneer": 0.6, "mouthUpperUp": 0.3},
    "tongue": {"jawOpen": 0.42, "tongueOut": 0.85, "mouthLowerDown": 0.1},
    "lick": {"jawOpen": 0.16, "tongueOut": 0.4, "mouthLowerDown": 0.15},
    "wide": {"jawOpen": 0.8, "mouthLowerDown": 0.15, "mouthUpperUp": 0.1},
}
_SPEECH = ("aa", "E", "I", "O", "U", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "sil")
_MOODS = ("smile", "grin", "frown", "doubt", "surprise", "shut", "puff", "sneer")
_INSIDE = ("tongue", "lick", "TH", "wide", "aa")
"""Shapes that show the inside of the mouth, which nothing but paint can draw."""
_MOUTH = tuple(n for n in BLENDSHAPES if n.startswith(("jaw", "mouth", "tongue", "cheek", "nose")))


def shape(name: str, strength: float = 1.0) -> Float32Array:
    """A named mouth shape or expression as a motion; `strength` scales it."""
    motion_D = np.zeros(MOTION_SIZE, np.float32)
    for key, value in _SHAPES[name].items():
        for full in (key, f"{key}Left", f"{key}Right"):
            if full in MOTION_INDEX:
                motion_D[MOTION_INDEX[full]] = value * strength
    return motion_D


def put(motion_D: Float32Array, **values: float) -> Float32Array:
    """Set values by name, in place; a name without its side sets both sides."""
    for key, value in values.items():
        for full in (key, f"{key}Left", f"{key}Right"):
            if full in MOTION_INDEX:
                motion_D[MOTION_INDEX[full]] = value
    return motion_D


def set_gaze(motion_D: Float32Array, yaw: float, pitch: float) -> Float32Array:
    """Look `yaw` (+ to the character's left) and `pitch` (+ up), both in -1..1, in place."""
    pair = ("eyeLookOutLeft", "eyeLookInRight") if yaw > 0 else ("eyeLookInLeft", "eyeLookOutRight")
    for name in pair:
        motion_D[MOTION_INDEX[name]] = abs(yaw)
    return put(motion_D, **{"eyeLookUp" if pitch > 0 else "eyeLookDown": abs(pitch)})


def _mouth(rng: np.random.Generator) -> Float32Array:
    kind = rng.random()
    if kind < 0.18:
        motion_D = shape(rng.choice(_INSIDE), rng.uniform(0.45, 1.3))
        motion_D += shape(rng.choice(_SPEECH), rng.uniform(0.0, 0.5))
    elif kind < 0.68:
        first, second = rng.choice(_SPEECH, 2)
        mix = rng.random() if rng.random() < 0.7 else 1.0
        motion_D = mix * shape(first, rng.uniform(0.3, 1.35))
        motion_D += (1 - mix) * shape(second, rng.uniform(0.3, 1.35))
        if rng.random() < 0.35:
            motion_D += shape(rng.choice(_MOODS[:2]), rng.uniform(0.1, 0.7))
    elif kind < 0.85:
        motion_D = shape(rng.choice(_MOODS), rng.uniform(0.2, 1.2))
        if rng.random() < 0.5:
            motion_D += shape(rng.choice(_SPEECH), rng.uniform(0.2, 1.0))
    else:
        motion_D = np.zeros(MOTION_SIZE, np.float32)
        for name in rng.choice(_MOUTH, rng.integers(1, 5), replace=False):
            motion_D[MOTION_INDEX[name]] = rng.uniform(0.1, 0.9)
            other = name.replace("Left", "Right") if "Left" in name else name
            if other not in ("jawRight", "mouthRight") and rng.random() < 0.6:
                motion_D[MOTION_INDEX[other]] = motion_D[MOTION_INDEX[name]]
    uneven_D = 1.0 + rng.normal(0, 0.12, MOTION_SIZE)
    return (motion_D * uneven_D).astype(np.float32)


def _eyes(motion_D: Float32Array, rng: np.random.Generator) -> None:
    if rng.random() < 0.75:
        spread = 0.25 if rng.random() < 0.6 else 0.7
        yaw, pitch = np.clip(rng.normal(0, spread, 2), -1, 1)
        set_gaze(motion_D, float(yaw), float(pitch))
    if rng.random() < 0.6:
        lid = 1.0 if rng.random() < 0.3 else rng.random()
        put(motion_D, eyeBlink=lid)
        if rng.random() < 0.2:
            motion_D[MOTION_INDEX["eyeBlinkLeft"]] = rng.random()
    if rng.random() < 0.3:
        put(motion_D, eyeSquint=rng.uniform(0, 0.8))
    elif rng.random() < 0.2:
        put(motion_D, eyeWide=rng.uniform(0, 0.9))
    if rng.random() < 0.5:
        for name in ("browDown", "browInnerUp", "browOuterUp"):
            if rng.random() < 0.5:
                put(motion_D, **{name: rng.uniform(0, 0.9)})


def random_pose(motion_D: Float32Array, rng: np.random.Generator, reach: float = 1.0) -> None:
    """Set head, breath and shoulders, in place; `reach` 1 covers about 20 degrees of yaw."""
    yaw, pitch, roll = np.radians(np.clip(rng.normal(0, (10, 6, 6)), (-22, -13, -14), (22, 13, 14)))
    x, y, z = rng.normal(0, (0.10, 0.06, 0.10))
    values = np.array([yaw, pitch, roll, x, y, z]) * reach
    for name, value in zip(MOTION_NAMES[52:58], values, strict=True):
        motion_D[MOTION_INDEX[name]] = value
    put(motion_D, breath=rng.uniform(-1, 1))
    if rng.random() < 0.3:
        put(motion_D, shoulder=rng.uniform(0, 0.8))


def random_motion(rng: np.random.Generator, pose: bool = False) -> Float32Array:
    """One plausible motion (MOTION_SIZE,); with `pose` the head and body move too."""
    motion_D = _mouth(rng)
    _eyes(motion_D, rng)
    motion_D[:52] = np.clip(motion_D[:52], 0, 1)
    if pose:
        random_pose(motion_D, rng)
    return motion_D


def named_motions() -> dict[str, Float32Array]:
    """The fixed list that sheets and tables show; never drawn for training."""
    rest = np.zeros(MOTION_SIZE, np.float32)
    motions = {"rest": rest} | {name: shape(name) for name in ("aa", "E", "O", "U", "PP", "FF")}
    motions |= {name: shape(name) for name in ("TH", "SS", "smile", "grin", "frown", "surprise")}
    motions |= {name: shape(name, 1.15) for name in ("tongue", "wide")}
    motions["blink"] = put(rest.copy(), eyeBlink=1.0)
    motions["half blink"] = put(rest.copy(), eyeBlink=0.5)
    for name, yaw, pitch in (("look left", 0.7, 0), ("look right", -0.7, 0), ("look up", 0, 0.7)):
        motions[name] = set_gaze(rest.copy(), yaw, pitch)
    for degrees in (5, 10, 15, 20, -10):
        motions[f"yaw {degrees}"] = put(rest.copy(), headYaw=float(np.radians(degrees)))
    for name, value in (("headPitch", 8), ("headPitch", -8), ("headRoll", 10)):
        label = f"{name[4:].lower()} {value}"
        motions[label] = put(rest.copy(), **{name: float(np.radians(value))})
    motions["turn and talk"] = put(
        shape("aa", 0.8), headYaw=-0.21, headPitch=0.07, headRoll=0.07, breath=1.0
    )
    return motions
