"""Joins the articulation of speech with a performance into the motion vector.

Speech has the right of way: lips that close for p, b, m stay closed, rounding keeps its shape, and
smiles, frowns and pressed lips yield while the mouth speaks. Only speech opens the mouth: without
it the lips part by a breath at most. Everything is tensor operations, so
that it lives in the exported graph, and maps rest to rest.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from inference.contract import BLENDSHAPES, MOTION_INDEX, MOTION_SIZE
from training.motion.performance import PERFORMANCE
from training.teacher.mouth import APERTURE, MOUTH, motion_columns

_BLINK_BROWS: Final = 0.05
"""How far closing lids draw the brows down (orbicularis oculi pulls at both)."""
_PART_FROM: Final = 0.01
_PART_FULL: Final = 0.08
"""Apertures between which the lips count as parting; below, nothing may open them."""
_REST_PARTING: Final = 0.015
"""Most that a breath or surprise may part lips that do not speak: by what the jaw opens, well below
the twentieth of an open vowel from which a mouth seems to say something."""
_OPENING: Final = ("jawOpen", "mouthLowerDown", "mouthUpperUp")
_SHAPING: Final = ("mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile")
_SMILE_KEPT: Final = 0.3
"""Share of a smile that remains on a fully rounded vowel or a closure."""

Named = dict[str, torch.Tensor]


def smoothstep(x: torch.Tensor) -> torch.Tensor:
    """0 below 0, 1 above 1, smooth between."""
    x = torch.clamp(x, 0, 1)
    return x * x * (3 - 2 * x)


class Compose(nn.Module):
    """Articulation (B, len(MOUTH)) and performance (B, PERFORMANCE_SIZE) -> motion (B, 61)."""

    aperture_K1: torch.Tensor
    from_mouth: torch.Tensor
    from_face: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        weights = torch.tensor([[APERTURE.get(name, 0.0)] for name in MOUTH])
        self.register_buffer("aperture_K1", weights)
        self.register_buffer("from_mouth", _mouth_placement())
        self.register_buffer("from_face", _face_placement())

    def forward(self, mouth: torch.Tensor, performance: torch.Tensor) -> torch.Tensor:
        """One instant, or any number along B."""
        channels = performance.split(1, 1)
        face = dict(zip(PERFORMANCE, channels, strict=True))
        said = dict(zip(MOUTH, mouth.split(1, 1), strict=True))
        parted = smoothstep((mouth @ self.aperture_K1 - _PART_FROM) / (_PART_FULL - _PART_FROM))
        yields = _yields(said, parted)
        shaped = _articulate(said, face["articulation"], parted)
        motion = torch.cat([shaped[name] for name in MOUTH], 1) @ self.from_mouth
        motion = motion + torch.cat(_placed(face, yields), 1) @ self.from_face
        blend, pose = motion[:, : len(BLENDSHAPES)], motion[:, len(BLENDSHAPES) :]
        head, breath, shoulders = pose[:, :6], pose[:, 6:7], pose[:, 7:]
        rest = [torch.clamp(breath, -1, 1), torch.clamp(shoulders, 0, 1)]
        return torch.cat([torch.clamp(blend, 0, 1), head, *rest], 1)


def _yields(said: Named, parted: torch.Tensor) -> Named:
    """How far speech claims the lips, each in [0, 1].

    rounded: funnel or pucker on; closing: lips sealed or tucked on purpose; busy: moving at all;
    parted: open lips.
    """
    rounded = smoothstep((said["mouthFunnel"] + said["mouthPucker"] - 0.08) / 0.3)
    tucked = said["mouthPress"] + 0.7 * said["mouthRollLower"] + 3 * said["mouthClose"]
    closing = smoothstep((tucked - 0.08) / 0.3)
    # Lips that speech closes may not be opened; lips at rest may, by a breath.
    sealed = smoothstep(tucked / 0.06) * (1 - parted)
    moving = said["jawOpen"] + said["mouthLowerDown"] + said["mouthPress"] + said["mouthRollLower"]
    busy = smoothstep(moving / 0.2)
    return {
        "rounded": rounded,
        "closing": closing,
        "busy": torch.clamp(busy + rounded, max=1),
        "sealed": sealed,
        "parted": parted,
    }


def _articulate(said: Named, articulation: torch.Tensor, parted: torch.Tensor) -> Named:
    """Opening times 2 ** articulation, shapes half as much (in octaves); closed lips untouched."""
    opening = 1 + (torch.exp2(articulation) - 1) * parted
    shaping = 1 + (torch.exp2(0.5 * articulation) - 1) * parted
    shaped = dict(said)
    for name in _OPENING:
        shaped[name] = said[name] * opening
    for name in _SHAPING:
        shaped[name] = said[name] * shaping
    return shaped


def _placed(face: Named, yields: Named) -> list[torch.Tensor]:
    """Values of _FACE_ROWS, in that order."""
    gaze_x, gaze_y = face["gazeYaw"], face["gazePitch"]
    gives_way = torch.maximum(yields["rounded"], yields["closing"])
    smile = 1 - (1 - _SMILE_KEPT) * gives_way
    free = 1 - yields["busy"]
    shut = 1 - yields["parted"]
    soft = 1 - 0.6 * yields["busy"]
    drop = torch.minimum(face["jawDrop"], _REST_PARTING + yields["parted"])
    blink = 0.5 * (face["blinkLeft"] + face["blinkRight"])
    return [
        face["blinkLeft"], face["blinkRight"],
        torch.relu(gaze_x), torch.relu(-gaze_x),
        torch.relu(gaze_y), torch.relu(-gaze_y),
        face["squint"], face["wide"] * (1 - smoothstep(blink / 0.4)),
        face["browInnerUp"], face["browOuterUpLeft"], face["browOuterUpRight"],
        face["browDownLeft"] + _BLINK_BROWS * face["blinkLeft"],
        face["browDownRight"] + _BLINK_BROWS * face["blinkRight"],
        face["cheekSquint"], face["noseSneer"] * soft,
        face["smileLeft"] * smile, face["smileRight"] * smile,
        face["frown"] * soft, face["press"] * free * shut, face["dimple"] * smile,
        face["shrug"] * soft, face["stretch"] * smile * soft,
        torch.relu(face["side"]) * soft, torch.relu(-face["side"]) * soft,
        face["roll"] * free * shut, drop * (1 - yields["sealed"]),
        face["headYaw"], face["headPitch"], face["headRoll"],
        face["headX"], face["headY"], face["headZ"], face["breath"], face["shoulders"],
    ]  # fmt: skip


_FACE_ROWS: Final[tuple[tuple[str, ...], ...]] = (
    ("eyeBlinkLeft",), ("eyeBlinkRight",),
    ("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight"),
    ("eyeLookUpLeft", "eyeLookUpRight"), ("eyeLookDownLeft", "eyeLookDownRight"),
    ("eyeSquintLeft", "eyeSquintRight"), ("eyeWideLeft", "eyeWideRight"),
    ("browInnerUp",), ("browOuterUpLeft",), ("browOuterUpRight",),
    ("browDownLeft",), ("browDownRight",),
    ("cheekSquintLeft", "cheekSquintRight"), ("noseSneerLeft", "noseSneerRight"),
    ("mouthSmileLeft",), ("mouthSmileRight",),
    ("mouthFrownLeft", "mouthFrownRight"), ("mouthPressLeft", "mouthPressRight"),
    ("mouthDimpleLeft", "mouthDimpleRight"), ("mouthShrugLower", "mouthShrugUpper"),
    ("mouthStretchLeft", "mouthStretchRight"), ("mouthLeft",), ("mouthRight",),
    ("mouthRollLower", "mouthRollUpper"), ("jawOpen",),
    ("headYaw",), ("headPitch",), ("headRoll",), ("headX",), ("headY",), ("headZ",),
    ("breath",), ("shoulderLeft", "shoulderRight"),
)  # fmt: skip
"""Motion columns that each value of `_placed` drives."""


def _mouth_placement() -> torch.Tensor:
    matrix = torch.zeros(len(MOUTH), MOTION_SIZE)
    for i, name in enumerate(MOUTH):
        for column in motion_columns(name):
            matrix[i, column] = 1
    return matrix


def _face_placement() -> torch.Tensor:
    matrix = torch.zeros(len(_FACE_ROWS), MOTION_SIZE)
    for i, names in enumerate(_FACE_ROWS):
        for name in names:
            matrix[i, MOTION_INDEX[name]] = 1
    return matrix
