"""Inside of a mouth for flat drawings: dark, a band of teeth, a tongue, in the picture's colours.

A person's teeth, lent to a drawing of plain colours, stand out of it. What drawings show instead
is the same everywhere: one dark colour, teeth as one white band below the upper lip, and a tongue
that lies on the jaw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_flat import plain_share
from inference.face_grids import encode, smoothstep
from inference.face_mouth import Cut, eye_white, lip_edge
from inference.frame_generator_windows import WINDOW_SIZES, window_of

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
PLAIN: Final = 0.36
"""`plain_share` round the mouth from which a picture is flat."""
AROUND: Final = 30
"""Pixels round the mouth's window that are looked at too."""
FINE: Final = 4
"""Pixels of the drawing across one of the window's."""
DARK: Final = (0.42, 0.16, 0.17)
TONGUE: Final = (0.86, 0.44, 0.45)
"""Colours over that of the skin."""
TEETH: Final = (0.075, 0.22)
"""Height of the teeth's band: most, over the mouth's width, and over the opening's height."""
BARED: Final = (0.10, 0.24)
"""Opening, over the mouth's width, from which teeth begin to show, and show whole: in small ones
drawings have none."""
STEPS: Final = 2.0 * FINE
"""Columns of the drawing over which the lips' edges are smoothed: maps have steps."""
LINE: Final = 1.1
"""Pixels of the line round an open mouth; it runs out where lips are less apart than twice that."""


def is_flat(portrait: UInt8Array, corner: tuple[int, int]) -> bool:
    """Whether a portrait (512, 512, 4) is drawn in plain colours round its mouth."""
    width, height = WINDOW_SIZES["mouth"]
    place = (corner[0] - AROUND, corner[1] - AROUND)
    window = window_of(portrait, place, (width + 2 * AROUND, height + 2 * AROUND))
    return plain_share(window) > PLAIN


def drawn_bank(
    arrays: Mapping[str, Any], bank: Mapping[str, Any], portrait: UInt8Array, cut: Cut
) -> dict[str, Any]:
    """The pictures of a bank (see `borrow_bank`) drawn anew for a flat portrait; `arrays` has the
    portrait's own lips."""
    if "mouth_colour" not in bank:
        return {}
    skin = _skin(portrait, arrays)
    white = np.clip(eye_white(portrait, arrays), 120, 255)
    line = _ink(portrait, arrays)
    tiles = [_tile(arrays, cut, float(jaw), skin, white, line) for jaw in bank["mouth_jaw"]]
    out = {"mouth_colour": _encoded(np.concatenate(tiles))}
    alpha = cv.imdecode(bank["tongue_alpha"], cv.IMREAD_GRAYSCALE)
    plain = skin * np.array(TONGUE) * np.ones((*alpha.shape, 1))
    out["tongue_colour"] = _encoded(np.rint(plain).astype(np.uint8))
    return out


def _encoded(rgb: UInt8Array) -> UInt8Array:
    return encode(cv.cvtColor(rgb, cv.COLOR_RGB2BGR))


def _skin(portrait: UInt8Array, arrays: Mapping[str, Any]) -> Float32Array:
    """Most usual colour (3,) round the mouth."""
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    window = window_of(portrait, corner, WINDOW_SIZES["mouth"])
    colours = window[window[..., 3] > 250][:, :3].astype(np.float32)
    if not len(colours):
        return np.array([220.0, 180.0, 160.0], np.float32)
    light = colours.mean(1)
    bright = colours[light >= np.median(light)]
    return np.asarray(np.median(bright, 0), np.float32)


def _ink(portrait: UInt8Array, arrays: Mapping[str, Any]) -> Float32Array:
    """The darkest colour (3,) round the mouth: that of its lines."""
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    window = window_of(portrait, corner, WINDOW_SIZES["mouth"])
    colours = window[window[..., 3] > 250][:, :3].astype(np.float32)
    if not len(colours):
        return np.zeros(3, np.float32)
    return np.asarray(np.percentile(colours, 1, axis=0), np.float32)


def _tile(
    arrays: Mapping[str, Any],
    cut: Cut,
    jaw: float,
    skin: Float32Array,
    white: Float32Array,
    ink: Float32Array,
) -> UInt8Array:
    """One window (H, W, RGB) at an opening of the jaw."""
    width, height = WINDOW_SIZES["mouth"]
    rows, columns = np.mgrid[: height * FINE, : width * FINE].astype(np.float32) / FINE
    line, low = (lip_edge(arrays, lip, {"jawOpen": jaw}) for lip in ("upper", "lower"))
    top, bottom = (
        cv.GaussianBlur(
            np.interp(columns[0], edge[:, 0], edge[:, 1]).astype(np.float32)[None], (0, 0), STEPS
        )[0]
        for edge in (line, low)
    )
    opening = max(float((bottom - top).max()), 0.0)
    band = min(TEETH[0] * cut.width, TEETH[1] * opening)
    none, whole = (share * cut.width for share in BARED)
    band *= float(smoothstep(none, whole, opening))
    aside = (columns - cut.x) / max(cut.width / 2, 1.0)
    picture = np.ones((*rows.shape, 3), np.float32) * (skin * np.array(DARK, np.float32))
    tongue = ((columns - cut.x) / (0.30 * cut.width)) ** 2
    deepest = float(low[:, 1].max())
    tall = max(0.42 * opening, 1.0)
    lies = tongue + ((rows - deepest - 0.25 * tall) / tall) ** 2 < 1
    picture[lies] = skin * np.array(TONGUE, np.float32)
    # the band follows the upper lip and runs out before the corners
    thick = band * np.sqrt(np.clip(1 - (aside / 0.88) ** 2, 0, 1))
    thin = LINE * np.clip((bottom - top) / (2 * LINE), 0, 1)
    teeth = (rows < top + thin + thick) & (np.abs(aside) < 0.88) & (band > 0.5)
    picture[teeth] = white
    picture[(np.abs(rows - top) < thin) | (np.abs(rows - bottom) < thin)] = ink
    small = cv.resize(picture, (width, height), interpolation=cv.INTER_AREA)
    return np.asarray(np.rint(small.clip(0, 255)), np.uint8)
