"""Named motions to look at: visemes, expressions, gaze and head turns."""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array

DEGREE: Final = float(np.pi / 180)


def motion(**values: float) -> Float32Array:
    """A motion (MOTION_SIZE,) from named values, zero elsewhere. `nameBoth` sets left and right;
    head angles are in radians as in the contract."""
    out = np.zeros(MOTION_SIZE, np.float32)
    for name, value in values.items():
        if name.endswith("Both"):
            stem = name.removesuffix("Both")
            out[MOTION_INDEX[f"{stem}Left"]] = out[MOTION_INDEX[f"{stem}Right"]] = value
        else:
            out[MOTION_INDEX[name]] = value
    return out


def look(yaw: float = 0.0, pitch: float = 0.0) -> dict[str, float]:
    """eyeLook values of a gaze in degrees, yaw to the character's left, pitch up."""
    side = abs(yaw) / 30
    turn = "Left" if yaw > 0 else "Right"
    other = "Right" if yaw > 0 else "Left"
    values = {f"eyeLookOut{turn}": side, f"eyeLookIn{other}": side} if yaw else {}
    if pitch:
        values["eyeLookUpBoth" if pitch > 0 else "eyeLookDownBoth"] = (
            pitch / 25 if pitch > 0 else -pitch / 30
        )
    return values


VISEMES: Final[dict[str, dict[str, float]]] = {
    "PP": {"mouthPressBoth": 0.4, "mouthRollLower": 0.3, "mouthRollUpper": 0.25},
    "FF": {"jawOpen": 0.08, "mouthRollLower": 0.65, "mouthUpperUpBoth": 0.35},
    "TH": {"jawOpen": 0.16, "tongueOut": 0.35, "mouthLowerDownBoth": 0.3, "mouthUpperUpBoth": 0.2},
    "DD": {"jawOpen": 0.15, "mouthLowerDownBoth": 0.35, "mouthUpperUpBoth": 0.2},
    "kk": {"jawOpen": 0.22, "mouthLowerDownBoth": 0.2, "mouthStretchBoth": 0.2},
    "CH": {"jawOpen": 0.10, "mouthFunnel": 0.65, "mouthPucker": 0.2, "mouthLowerDownBoth": 0.3},
    "SS": {"jawOpen": 0.04, "mouthStretchBoth": 0.4, "mouthLowerDownBoth": 0.5,
           "mouthUpperUpBoth": 0.35},
    "aa": {"jawOpen": 0.6, "mouthLowerDownBoth": 0.25, "mouthUpperUpBoth": 0.15},
    "E": {"jawOpen": 0.3, "mouthStretchBoth": 0.35, "mouthSmileBoth": 0.25,
          "mouthLowerDownBoth": 0.3},
    "O": {"jawOpen": 0.4, "mouthFunnel": 0.6, "mouthPucker": 0.3},
    "U": {"jawOpen": 0.14, "mouthPucker": 0.85, "mouthFunnel": 0.3},
}  # fmt: skip
BROAD_SMILE: Final[dict[str, float]] = {
    "mouthSmileBoth": 0.7, "cheekSquintBoth": 0.5, "mouthUpperUpBoth": 0.35,
    "mouthLowerDownBoth": 0.35, "jawOpen": 0.12, "eyeSquintBoth": 0.25, "mouthStretchBoth": 0.15,
}  # fmt: skip
EXPRESSIONS: Final[dict[str, dict[str, float]]] = {
    "rest": {},
    "smile": {"mouthSmileBoth": 0.7, "cheekSquintBoth": 0.5, "eyeSquintBoth": 0.2},
    "broad smile": BROAD_SMILE,
    "blink": {"eyeBlinkBoth": 1.0},
    "brows up": {"browInnerUp": 0.9, "browOuterUpBoth": 0.9, "eyeWideBoth": 0.6},
    "frown": {"browDownBoth": 0.9, "mouthFrownBoth": 0.7, "noseSneerBoth": 0.4},
    "look left": look(25, 0),
    "look down": look(0, -20),
    "yaw 10": {"headYaw": 10 * DEGREE},
    "yaw 20, ee": {"headYaw": 20 * DEGREE, "jawOpen": 0.15, "mouthStretchBoth": 0.4},
    "yaw -20": {"headYaw": -20 * DEGREE, **look(15, 0)},
    "pitch 10, roll 8": {"headPitch": 10 * DEGREE, "headRoll": 8 * DEGREE},
    "pitch -10": {"headPitch": -10 * DEGREE, "headZ": 0.3},
}
SAMPLES: Final = {**EXPRESSIONS, **VISEMES}
"""24 motions by name."""
