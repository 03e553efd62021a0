"""The skin that lies over a shut eye, made from what lies round it in the picture.

Stretching the little skin that an open eye shows of its lid drags along whatever lies there:
lashes, the shine of the white, a fold's shadow, the rim of glasses. Each became a bright or dark
almond. So a shut lid takes nothing from the eye: its tone is a membrane (Laplace's equation, as
P. Pérez et al., 2003) spanned over the eye from the clean skin around it, its grain that of the
skin below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_eye_window import EyeWindow
from inference.face_grids import fill, smoothstep

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
UP: Final = (0.50, 3.0, 4.0, 15.0)
DOWN: Final = (0.25, 2.5, 3.5, 7.0)
ASIDE: Final = (0.14, 3.0, 4.0, 9.0)
"""How far beyond the opening a shut eye takes new skin: share of the eye's height (width), pixels
more, least and most pixels."""
FADES: Final = (1.1, 0.55)
"""Shares of that way between which new skin gives way to the picture's own."""
BARE: Final = 0.7
"""Share of that way within which nothing is believed to be skin."""
STROKES: Final = 11
"""Pixels: what is darker or brighter than all within this is no skin (lashes, brows, glints)."""
DARKER: Final = (0.15, 0.40)
BRIGHTER: Final = (0.10, 0.30)
"""Shares of brightness by which it is, from hardly to wholly."""
HAIRY: Final = 2.0
ROUGH: Final = 0.03
"""Roughness from which a place is covered by hairs: so many times the usual one, and a share of the
brightness."""
ODD: Final = 28.0
"""Distance (CIE Lab) from the skin's smooth tone at which a colour counts a third."""
HELD: Final = 0.03
"""Weight that even the oddest pixel keeps: the skin must end as the picture around it begins."""
SOCKET: Final = 0.15
"""More of it above the eye, where no hairs are: what is dark there is the socket's shade."""
UNDER: Final = 2.0
"""Pixels below a brow's points from which there is skin."""
BROW: Final = 5.0
"""Pixels below a brow's points over which new skin ends."""
ROUNDS: Final = 160
"""Steps of relaxation after the first guess."""
GRAIN: Final = 1.6
"""Pixels (sigma) below which a change is grain."""
COARSE: Final = 3.0
"""Grain beyond so many times its usual size is something else's edge."""


@dataclass(frozen=True, slots=True)
class LidSkin:
    """One eye's, over its window."""

    plain: Float32Array
    """The skin as if there were no eye (H, W, 3), RGB in 0..255."""
    zone: Float32Array
    """How much of it a shut eye shows (H, W), 0..1."""


def lid_skin(
    rgb: UInt8Array, alpha: UInt8Array, window: EyeWindow, brow_K2: Float32Array
) -> LidSkin:
    """The skin over one eye of the picture (`rgb` and `alpha` of its window); `brow_K2` are the
    brow's points, in the window's pixels."""
    picture = rgb.astype(np.float32)
    away = beyond(window)
    zone = np.asarray(smoothstep(*FADES, away), np.float32)
    known = ((away > BARE) & (alpha > 250)).astype(np.float32)
    below = _below_brow(brow_K2, away.shape)
    known *= below > UNDER
    zone = zone * smoothstep(0.0, BROW, below)
    if known.sum() < 16:
        known = (alpha > 250).astype(np.float32) + np.float32(1e-3)
    even = _even(picture, known)
    clean = _clean(picture, known) * even
    above = np.arange(len(away))[:, None] < window.outline_K2[:, 1].mean()
    held = np.where(above, HELD + SOCKET * even, HELD)
    weight = known * clean
    for _ in range(2):
        smooth = _spread(picture, weight, 7.0)
        odd = np.linalg.norm(_lab(picture) - _lab(smooth), axis=2)
        weight = known * np.maximum(clean * np.exp(-((odd / ODD) ** 2)), held)
    plain = _membrane(picture, np.asarray(weight, np.float32))
    plain = plain + _grain(picture, window, np.asarray(weight, np.float32))
    return LidSkin(np.asarray(plain.clip(0, 255), np.float32), zone)


def beyond(window: EyeWindow) -> Float32Array:
    """How far each pixel (H, W) lies beyond the opening: 0 inside, 1 where new skin ends."""
    opened = window.near(0).astype(np.uint8)
    away = cv.distanceTransform(1 - opened, cv.DIST_L2, 5)
    middle = (window.outline_K2.min(0) + window.outline_K2.max(0)) / 2
    rows, columns = np.mgrid[: away.shape[0], : away.shape[1]]
    x = (columns - middle[0]) / max(window.width / 2, 1.0)
    y = (rows - middle[1]) / max(window.height / 2, 1.0)
    upright = np.abs(y) / np.maximum(np.hypot(x, y), 1e-3)
    up, down = (_way(law, window.height) for law in (UP, DOWN))
    aside = _way(ASIDE, window.width)
    way = aside + (np.where(y < 0, up, down) - aside) * upright**2
    way = cv.GaussianBlur(way.astype(np.float32), (0, 0), 2.0)
    return np.asarray(away / way, np.float32)


def _way(law: tuple[float, float, float, float], size: float) -> float:
    share, more, least, most = law
    return float(np.clip(share * size + more, least, most))


def _below_brow(brow_K2: Float32Array, shape: tuple[int, ...]) -> Any:
    order = np.argsort(brow_K2[:, 0])
    line = np.interp(np.arange(shape[1]), brow_K2[order, 0], brow_K2[order, 1])
    return np.arange(shape[0])[:, None] - line


def _clean(picture: Float32Array, known: Float32Array) -> Float32Array:
    """How little each pixel looks like a stroke or a glint (H, W)."""
    grey = _spread(picture.mean(2, keepdims=True), known + np.float32(1e-4), 3.0)[..., 0]
    grey = np.where(known > 0, picture.mean(2), grey).astype(np.float32)
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (STROKES, STROKES))
    bright = cv.morphologyEx(grey, cv.MORPH_CLOSE, disc)
    dark = cv.morphologyEx(grey, cv.MORPH_OPEN, disc)
    stroke = smoothstep(*DARKER, 1 - grey / np.maximum(bright, 1.0))
    glint = smoothstep(*BRIGHTER, 1 - dark / np.maximum(grey, 1.0))
    return np.asarray((1 - stroke) * (1 - glint) + 1e-3, np.float32)


def _even(picture: Float32Array, known: Float32Array) -> Float32Array:
    """How little hairs stand in each pixel's neighbourhood (H, W): skin is as even as the most."""
    grey = picture.mean(2)
    soft = cv.GaussianBlur(grey, (0, 0), 2.0)
    rough = cv.GaussianBlur(np.abs(grey - soft), (0, 0), 1.5) / np.maximum(soft, 8.0)
    usual = float(np.median(rough[known > 0])) if (known > 0).any() else 0.0
    most = max(HAIRY * usual, ROUGH)
    return np.asarray(smoothstep(1.6 * most, most, rough), np.float32)


def _spread(values: Float32Array, weight: Float32Array, sigma: float) -> Float32Array:
    """A weighted mean of what lies around (H, W, C)."""
    total = cv.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    total = total.reshape(values.shape)
    share = cv.GaussianBlur(weight, (0, 0), sigma)[..., None]
    return np.asarray(total / np.maximum(share, 1e-6), np.float32)


def _membrane(picture: Float32Array, weight: Float32Array) -> Float32Array:
    """A smooth surface (H, W, 3) through the pixels, each pulling with its weight."""
    rows, columns = weight.shape
    side = 1 << (max(rows, columns) - 1).bit_length()
    pad = [(0, side - rows), (0, side - columns)]
    out = fill(np.pad(picture, [*pad, (0, 0)]), np.pad(weight + np.float32(1e-5), pad))
    out = np.ascontiguousarray(out[:rows, :columns])
    goal = _spread(picture, weight + np.float32(1e-6), 1.2)
    pull = weight[..., None]
    kernel = np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]], np.float32) / 12
    held = goal * pull
    for _ in range(ROUNDS):
        out = held + cv.filter2D(out, -1, kernel, borderType=cv.BORDER_REPLICATE) * (1 - pull)
    return np.asarray(out, np.float32)


def _grain(picture: Float32Array, window: EyeWindow, weight: Float32Array) -> Float32Array:
    """The skin's fine changes (H, W, 3), from below the eye, mirrored upwards again and again."""
    fine = picture - cv.GaussianBlur(picture, (0, 0), GRAIN)
    first = round(float(window.outline_K2[:, 1].max()) + _way(DOWN, window.height))
    last = len(picture) - 1
    if last - first < 4:
        return np.zeros_like(picture)
    strip, sure = fine[first:], weight[first:] > 0.6
    if sure.sum() < 40:
        return np.zeros_like(picture)
    most = COARSE * float(np.median(np.abs(strip[sure]))) / 0.6745
    size = last - first
    turn = np.abs(np.arange(len(picture)) - first) % (2 * size)
    source = first + np.where(turn > size, 2 * size - turn, turn)
    keep = weight[source][..., None] > 0.6
    return np.asarray(np.where(keep, fine[source].clip(-most, most), 0), np.float32)


def _lab(colour: Any) -> Any:
    flat = np.asarray(colour, np.float32).reshape(1, -1, 3) / np.float32(255)
    return cv.cvtColor(flat.clip(0, 1), cv.COLOR_RGB2LAB).reshape(np.shape(colour))
