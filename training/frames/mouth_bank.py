"""Renders the bank of a mouth's insides that `inference.frame_generator_mouth` blends."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import UInt8Array
from inference.frame_generator_layers import SIZE
from inference.frame_generator_windows import WINDOW_SIZES
from training.frames.tight import encode_tightly
from training.rig.motions import motion
from training.rig.person import Person
from training.rig.render import Renderer
from training.rig.scene import Scene

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
JAW: Final = (*(k / 20 for k in range(11)), 0.57, 0.65, 0.75, 0.87, 1.0)
"""jawOpen of the insides: lower teeth move about two pixels from one to the next."""
TONGUE_OUT: Final = (0.18, 0.3, 0.45, 0.65, 1.0)
TONGUE_JAW: Final = (0.08, 0.16, 0.24, 0.32, 0.4, 0.48, 0.57, 0.67, 0.8, 1.0)
LIPS: Final = {"mouthLowerDownBoth": 0.5, "mouthUpperUpBoth": 0.35}
"""Lips held away from the teeth, so that an inside reaches behind lips that open further."""


def bank_arrays(
    renderer: Renderer, person: Person, scene: Scene, corner: tuple[int, int]
) -> dict[str, Any]:
    """The bank's part of `geometry.npz`; `corner` is the mouth window's first pixel."""
    behind = [_inside(renderer, person, scene, corner, jaw) for jaw in JAW]
    tongues = [
        _tongue(renderer, person, scene, corner, jaw, out)
        for out in TONGUE_OUT
        for jaw in TONGUE_JAW
    ]
    below, sprites = np.concatenate(behind), np.concatenate(tongues)
    return {
        "mouth_jaw": np.array(JAW, np.float32),
        "mouth_colour": encode_tightly(cv.cvtColor(below, cv.COLOR_RGB2BGR)),
        "tongue_out": np.array(TONGUE_OUT, np.float32),
        "tongue_jaw": np.array(TONGUE_JAW, np.float32),
        "tongue_colour": encode_tightly(cv.cvtColor(sprites[..., :3], cv.COLOR_RGB2BGR)),
        "tongue_alpha": encode_tightly(sprites[..., 3]),
    }


def _inside(
    renderer: Renderer, person: Person, scene: Scene, corner: tuple[int, int], jaw: float
) -> UInt8Array:
    """The window (H, W, RGB) at one opening, black where there is no head."""
    deformed = person.deform(motion(jawOpen=jaw, **LIPS))
    crop = (*corner, *WINDOW_SIZES["mouth"])
    drawn = renderer.render(person, deformed, scene, {"head"}, crop)
    alpha = drawn[..., 3:].astype(np.uint16)
    return (drawn[..., :3] * alpha // 255).astype(np.uint8)


def _tongue(
    renderer: Renderer,
    person: Person,
    scene: Scene,
    corner: tuple[int, int],
    jaw: float,
    out: float,
) -> UInt8Array:
    """What is seen of the tongue in the window (H, W, RGBA), premultiplied."""
    deformed = person.deform(motion(jawOpen=jaw, tongueOut=out, mouthLowerDownBoth=0.15))
    (x, y), (width, height) = corner, WINDOW_SIZES["mouth"]
    drawn = renderer.render(person, deformed, scene, {"head"}, (x, y, width, height))
    ones = {"tongue": np.ones((person.parts["tongue"].mesh.size, 1), np.float32)}
    seen, _ = renderer.attributes(person, deformed, ones, scene, {"head"}, 2 * SIZE)
    seen = cv.resize(seen[..., 0], (SIZE, SIZE), interpolation=cv.INTER_AREA)
    cover = seen[y : y + height, x : x + width, None]
    rgba = np.dstack([drawn[..., :3] * cover, cover * 255])
    return np.rint(rgba).astype(np.uint8)
