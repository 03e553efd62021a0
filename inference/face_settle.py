"""Gives the layers of a portrait the colours with which, one over the other, they are the picture.

Inside the person that is exact. At soft edges they give the picture over what lies behind: that may
be other than what is guessed of it (`inference.face_background` makes it so), as far as it stays a
colour, and the less, the less it shows. So an edge keeps the person's own colour as long as any
background explains the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import fill

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
YIELD: Final = {"hair_back": 1.0, "body": 1.0, "head": 1.0, "hair_front": 8.0}
"""Whose colour gives way where layers mix: strands belong to the hair, not to the skin below."""
BESIDE: Final = 9
"""Pixels around the person that tell nothing of what lies behind: light of the edge, missed
hair."""
FIRM: Final = 0.06
"""How little of the background a pixel shows when its colour becomes the person's to answer for."""
TIMES: Final = 2
"""Rounds in which the colours are corrected."""


def settle(
    picture: UInt8Array, alpha: Mapping[str, Float32Array], colour: dict[str, Float32Array]
) -> None:
    """Correct the straight colours (H, W, 3) of layers, back to front, in place.

    `picture` is RGB (H, W, 3), `alpha` (H, W) in 0..1.
    """
    shares = {}
    uncovered = np.ones(picture.shape[:2], np.float32)
    for name in reversed(list(alpha)):
        shares[name] = uncovered * alpha[name]
        uncovered = uncovered * (1 - alpha[name])
    bare = uncovered[..., None]
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (2 * BESIDE + 1, 2 * BESIDE + 1))
    away = cv.erode((uncovered > 0.98).astype(np.float32), disc)
    guess = _around(picture, away)
    missing = picture - bare * guess - _composite(colour, shares)
    behind = guess + missing * bare / (bare**2 + FIRM * (1 - bare))
    goal = picture - bare * np.clip(behind, 0, 255)
    for _ in range(TIMES):  # what one layer cannot be, as colours end, another must
        missing = goal - _composite(colour, shares)
        wrong = np.abs(missing).max(2) > 0.5
        _correct(missing[wrong], {n: s[wrong] for n, s in shares.items()}, colour, wrong)


def _around(picture: UInt8Array, known: Float32Array) -> Float32Array:
    """The picture continued smoothly from where it is known, at half the size."""
    size = (picture.shape[1] // 2, picture.shape[0] // 2)
    light = cv.resize(picture * known[..., None], size, interpolation=cv.INTER_AREA)
    share = cv.resize(known, size, interpolation=cv.INTER_AREA)
    smooth = fill(light / np.maximum(share, 1e-3)[..., None], share)
    whole = (picture.shape[1], picture.shape[0])
    return np.asarray(cv.resize(smooth, whole, interpolation=cv.INTER_LINEAR), np.float32)


def _correct(
    missing_PC: Float32Array,
    share_P: Mapping[str, Float32Array],
    colour: dict[str, Float32Array],
    where: NDArray[np.bool_],
) -> None:
    """Share what is missing at some pixels out to the layers that can still give it, in place."""
    give = {}
    strength = np.full_like(missing_PC, 1e-6)
    for name, share in share_P.items():
        own = colour[name][where]
        able = np.where(missing_PC > 0, own < 255, own > 0)
        give[name] = able * (YIELD[name] * share)[:, None]
        strength += give[name] * share[:, None]
    # little is corrected where hardly anything of the person is seen
    change = missing_PC / np.maximum(strength, 0.05)
    for name, each in give.items():
        colour[name][where] = np.clip(colour[name][where] + change * each, 0, 255)


def _composite(
    colour: Mapping[str, Float32Array], shares: Mapping[str, Float32Array]
) -> Float32Array:
    return np.asarray(sum(colour[name] * share[..., None] for name, share in shares.items()))
