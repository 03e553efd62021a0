"""Puts right what masks call by a wrong name where the fitted head knows better.

A reader of parts has seen people made by code. In other pictures it calls a white collar skin,
which then turns with the head; the rim of an ear hair, which then stays beside it; and finds tufts
of hair in a lapel. The names matter only for what moves with what: so here skin below the jaw must
look like the face's, ears like skin, and hair must hang from the head.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import smoothstep

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LIT: Final = (0.55, 0.75)
"""Brightness, as a share of the face's, from which a neck has the face's hue, and no shadow's."""
COLOURED: Final = (14.0, 26.0)
"""Difference of colour (a and b of L*a*b*, 0..255) that no shadow makes."""
EAR_GROWN: Final = 5
"""Pixels around the fitted ear in which its rim lies."""
EAR_SEEN: Final = 0.4
"""Share of an ear that must be called skin, or hair lies over it."""
THIN: Final = 6
"""Half the width (pixels) of lines that may be the clothes' outline."""
CHIN: Final = 10
"""Radius (pixels) of the place on the chin that a beard would cover."""
BEARD: Final = 0.15
"""Share of it that must be covered."""
WIDE: Final = 5
"""Half the width (pixels) that a collar has somewhere."""
ON_FACE: Final = 0.6
"""Share of a collar that the fitted face may lie over."""
FROM_JAW: Final = (3.0, 10.0)
"""Pixels from the fitted face within which what is called skin stays with it (the ink of a jaw,
hair beside it), unless it is lighter than the face."""
LIGHTER: Final = (1.05, 1.2)
"""Brightness, as a share of the face's, of collars that may touch the jaw."""
BESIDE: Final = 1.0
"""Pixels of a collar beside clothes, of the side of a square as large as it."""
BINS: Final = 32
"""Steps of each of L, a and b in which colours of hair and clothes are counted."""
FEWEST: Final = 1500
"""Pixels of either that tell its colours."""
CLOTH: Final = (1.2, 2.2)
"""Logarithm of the odds from which hair is cloth."""
HAIR: Final = 0.25
"""Share of hair from which pixels hang together."""


def like_the_face(picture: UInt8Array, skin: Float32Array, face: NDArray[np.bool_]) -> Float32Array:
    """1 where the hue is the face's, in light or in shadow: no collar or beard called skin.

    `face` marks the head itself; the face is what `skin` (0..1) shows of it.
    """
    lab = cv.cvtColor(picture, cv.COLOR_RGB2LAB).astype(np.float32)
    hue = (lab[..., 1:] - 128) / (lab[..., :1] + 30)
    own = hue[(skin > 0.95) & face]
    middle = np.median(own, 0) if len(own) else np.zeros(2, np.float32)
    away = np.linalg.norm(hue - middle, axis=2)
    return smoothstep(0.8, 0.45, away / max(float(np.linalg.norm(middle)), 0.06))


def put_right(
    share: dict[str, Float32Array],
    picture: UInt8Array,
    face: NDArray[np.bool_],
    ears: NDArray[np.bool_],
    chin: tuple[float, float],
    low: NDArray[np.bool_],
) -> None:
    """Give pixels to the parts they belong to, in place.

    `share` has visible shares by name (H, W), `picture` is RGB. `face` marks the fitted head above
    the jaw, `ears` the fitted ears; `chin` is a place (x, y), `low` (H, 1) marks the rows where
    collars may be and hair must come from above.
    """
    lab = cv.cvtColor(picture, cv.COLOR_RGB2LAB).astype(np.float32)
    _not_hair(share, lab, low)
    _tufts(share, int(low.argmax()))
    own = face & (share["skin"] > 0.95)
    if int(own.sum()) < 200:
        return
    like = like_the_face(picture, share["skin"], face)
    middle = np.median(lab[own], 0)
    bright = lab[..., 0] / max(float(middle[0]), 1.0)
    shaded = (middle[1:] - 128) * np.minimum(bright, 1.0)[..., None]
    colour = np.linalg.norm(lab[..., 1:] - 128 - shaded, axis=2)
    other = (1 - like) * np.maximum(smoothstep(*LIT, bright), smoothstep(*COLOURED, colour))
    other = other * low
    wide = cv.dilate(cv.morphologyEx(other, cv.MORPH_OPEN, _disc(WIDE)), _disc(3))
    other = np.minimum(other, wide)  # a rim of light along a jaw is narrower
    away = cv.distanceTransform((~face).astype(np.uint8), cv.DIST_L2, 3)
    other = other * np.maximum(smoothstep(*FROM_JAW, away), smoothstep(*LIGHTER, bright))
    other = cv.GaussianBlur(other * _collars(other, share["clothes"], face, chin), (0, 0), 0.7)
    _move(share, "skin", "clothes", share["skin"] * other)
    _rims(share, like * smoothstep(0.35, 0.6, bright), ears)


def _collars(
    other: Float32Array, clothes: Float32Array, face: NDArray[np.bool_], chin: tuple[float, float]
) -> NDArray[np.bool_]:
    """Where what looks unlike skin is a collar: it lies beside clothes, mostly off the face, and
    not over the chin, as beards do."""
    disc = np.zeros(other.shape, np.uint8)
    cv.circle(disc, (round(chin[0]), round(chin[1]) - CHIN), CHIN, 1, -1)
    count, piece = cv.connectedComponents((other > 0.2).astype(np.uint8), connectivity=4)

    def within(mask: Any) -> Any:
        return np.bincount(piece[mask], minlength=count)

    size = np.maximum(within(np.ones(other.shape, bool)), 1)
    beside = within(cv.dilate(clothes, np.ones((7, 7), np.uint8)) > 0.5)
    beard = within(disc > 0) > BEARD * disc.sum()
    kept = ~beard & (within(face) < ON_FACE * size) & (beside > BESIDE * np.sqrt(size))
    kept[0] = False
    return np.asarray(cv.dilate(kept[piece].astype(np.uint8), _disc(2)) > 0)


def _tufts(share: dict[str, Float32Array], lowest: int) -> None:
    """Hair that does not hang from the head is part of what is around it, and so are lines along
    the clothes that only lead to it."""
    hair = ((share["hair_front"] + share["hair_back"]) > HAIR).astype(np.uint8)
    count, piece, stats, _ = cv.connectedComponentsWithStats(hair, connectivity=8)
    alone = np.isin(piece, np.flatnonzero(stats[:, cv.CC_STAT_TOP] > lowest))
    thick = cv.dilate(cv.morphologyEx(hair, cv.MORPH_OPEN, _disc(THIN)), _disc(2 * THIN)) > 0
    skin, clothes = (cv.blur(share[name], (15, 15)) for name in ("skin", "clothes"))
    rim = (hair > 0) & ~thick & (clothes > 0.3) & (np.arange(len(hair))[:, None] > lowest)
    if count < 2 or not (alone | rim).any():
        return
    others = ((piece > 0) & ~alone & ~rim).astype(np.uint8)
    where = cv.dilate((alone | rim).astype(np.uint8), _disc(2)).astype(np.float32)
    where *= cv.dilate(others, _disc(2)) == 0
    into = (skin > clothes).astype(np.float32)
    for name in ("hair_front", "hair_back"):
        moved = share[name] * where
        _move(share, name, "skin", moved * into)
        _move(share, name, "clothes", moved * (1 - into))


def _not_hair(share: dict[str, Float32Array], lab: Any, low: NDArray[np.bool_]) -> None:
    """Hair on the shoulders that has the clothes' colours, and none of the hair above, is cloth."""
    hair = share["hair_front"] + share["hair_back"]
    above, cloth = (hair > 0.9) & ~low, (share["clothes"] > 0.9) & low
    lower = (hair > 0.1) & low
    if min(int(above.sum()), int(cloth.sum())) < FEWEST or not lower.any():
        return
    bins = np.minimum(lab / (256 / BINS), BINS - 1).astype(np.int32)
    index = (bins[..., 0] * BINS + bins[..., 1]) * BINS + bins[..., 2]
    odds = []
    for sample in (above, cloth):
        counts = np.bincount(index[sample], minlength=BINS**3).astype(np.float32)
        spread = counts.reshape(BINS, BINS, BINS)
        for axis in range(3):
            padded = np.pad(spread, [(1, 1) if k == axis else (0, 0) for k in range(3)])
            low_side, here, high_side = (
                np.take(padded, np.arange(k, k + BINS), axis) for k in (0, 1, 2)
            )
            spread = 0.5 * here + 0.25 * (low_side + high_side)
        odds.append(np.log(spread.ravel()[index] / counts.sum() + 1e-4))
    cloth_like = cv.boxFilter((odds[1] - odds[0]) * lower, -1, (9, 9))
    weight = cv.boxFilter(lower.astype(np.float32), -1, (9, 9))
    sure = smoothstep(*CLOTH, cloth_like / np.maximum(weight, 0.05)) * low
    sure = cv.GaussianBlur(cv.morphologyEx(sure, cv.MORPH_OPEN, _disc(3)), (0, 0), 1.0)
    for name in ("hair_front", "hair_back"):
        _move(share, name, "clothes", share[name] * sure)


def _rims(share: dict[str, Float32Array], like: Float32Array, ears: NDArray[np.bool_]) -> None:
    """What looks like skin at an ear that is seen is the ear's."""
    _, piece = cv.connectedComponents(ears.astype(np.uint8))
    for k in range(1, int(piece.max()) + 1):
        ear = piece == k
        if float(share["skin"][ear].mean()) < EAR_SEEN:
            continue
        grown = cv.dilate(ear.astype(np.uint8), _disc(EAR_GROWN)).astype(np.float32)
        near = cv.GaussianBlur(grown, (0, 0), 1.0) * like
        for name in ("hair_front", "hair_back"):
            _move(share, name, "skin", share[name] * near)


def _move(share: dict[str, Float32Array], out: str, into: str, amount: Float32Array) -> None:
    share[out] = (share[out] - amount).astype(np.float32)
    share[into] = (share[into] + amount).astype(np.float32)


def _disc(radius: int) -> Any:
    return cv.getStructuringElement(cv.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
