"""Lids of a flat drawing's eyes, drawn as an animator draws them.

A person's lid is skin that unfolds. In a drawing of plain colours it is no more than the skin's
colour coming down over the eye, with the lash line at its edge; shut, the line lies along the
eye's lower contour from corner to corner. So the eye's own contour is found in the picture, from
the points outwards; the lid is plain skin; the line keeps the ink's colour and thickness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_eye_window import EyeWindow
from inference.face_flat import plain_share
from inference.face_grids import fill, smoothstep
from inference.frame_generator_windows import window_of

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
PLAIN: Final = 0.385
"""`plain_share` round the eyes from which their lids are drawn."""
RAYS: Final = 96
"""Ways from an eye's middle along which its contour is looked for."""
AROUND: Final = 5
"""Rays on each side whose median a ray follows: lines that go on from the eye are found as ink."""
FROM: Final = 0.8
UNTIL: Final = (1.7, 4.0)
"""Where along a ray the contour is looked for: shares of the way to the lids' points, and pixels
more."""
BESIDE: Final = (1.5, 2.1)
"""Shares of that way between which a ray tells the skin's colour in its direction."""
SKIN: Final = 12.0
STRANGE: Final = 38.0
"""Distances (CIE Lab, 8 bits) from the skin's colour that are still skin, and from the cheek's from
which a colour is no skin's."""
BULGE: Final = 0.2
"""How much further out than usual, as a share of the way to the points, a contour may lie."""
RUN: Final = 0.05
"""Eye widths of skin behind each other with which an eye has ended."""
INK: Final = 0.32
"""Share of the skin's brightness missing from which a pixel is ink."""
FAINT: Final = 0.18
FIRST: Final = 0.10
LIKE: Final = 0.35
"""Share of the eye's height in which the line's ink is looked for, and of the distance between ink
and skin within which a colour is ink: an iris is dark, too."""
ENDS: Final = 0.30
"""The same of what is taken away with the eye, and the share of its width that this may lie
aside."""
NEAR: Final = 0.35
"""Share of the eye's height round its points within which all that is no skin belongs to it."""
OVER: Final = 2.5
"""Pixels that they may lie above it."""
PASSES: Final = 1.12
"""How far a shut upper lid would go, if the lower one did not hold it, over the way to it."""
THICK: Final = (0.24, 0.10)
"""Most that the upper and the lower line take of the eye's height."""
THIN: Final = 1.1
"""Least thickness of the shut line in pixels."""
RISES: Final = ((0.33, 0.24), (0.20, 0.15))
"""How far the shut line rises to the outer and to the inner corner: shares of the eye's height and
of its width, whichever is less (measured on the rig's drawn people)."""
LOWEST: Final = 0.42
"""Where the shut line is lowest, from the outer corner."""
TAPER: Final = 0.16
"""Share of the width over which the line thins to its ends."""
FOLLOW: Final = (1.5, -0.085)
LOWER: Final = (-0.05, 0.16)
"""How the shut line follows where a person's lid would come to, and how far: shares of the eye's
height (the rig's drawn people)."""
OPENS: Final = 0.08
"""Share of its height by which a wide eye opens further."""


def drawn_plainly(portrait: UInt8Array, windows: Sequence[EyeWindow]) -> bool:
    """Whether a portrait (512, 512, 4) has plain colours round its eyes."""
    shares = [plain_share(window_of(portrait, each.corner, each.size)) for each in windows]
    return float(np.mean(shares)) > PLAIN


class DrawnLids:
    """Both lids of one flat eye."""

    def __init__(
        self, window: UInt8Array, outline_K2: Float32Array, cheek_3: Float32Array, side: str,
        fine: int, end_2: Float32Array, rest: UInt8Array,
    ) -> None:  # fmt: skip
        """`window` is the picture's RGB, `outline_K2` the lids' points in its pixels, `cheek_3` the
        skin's colour nearby, `side` Left or Right; everything is drawn with `fine` pixels for one.
        `end_2` is where a person's upper lid, at its inner third, comes to lie in this face.
        `rest` (H, W) is how much the lids cover in the picture (0..255), by the points: what lies
        between the contour and the opening, its lines, must not move with the eye."""
        self._fine = fine
        height, width = window.shape[:2]
        own = cv.resize(window, (fine * width, fine * height), interpolation=cv.INTER_CUBIC)
        self._rest = cv.resize(rest, own.shape[1::-1], interpolation=cv.INTER_NEAREST) / 255
        self._own = own.astype(np.float32).clip(0, 255)
        outline = (outline_K2 + 0.5) * fine - 0.5
        contour = contour_of(self._own, outline.astype(np.float32), cheek_3, UNTIL[1] * fine)
        eye = np.zeros(self._own.shape[:2], np.uint8)
        cv.fillPoly(eye, [np.rint(contour * 16).astype(np.int32)], 1, cv.LINE_8, 4)
        self._plain = _plain(self._own, eye, cheek_3, fine)
        eye = self._with_ink(eye, outline)
        soft = cv.dilate(eye, np.ones((2 * fine + 1, 2 * fine + 1), np.uint8)).astype(np.float32)
        self._eye = cv.GaussianBlur(soft, (0, 0), 0.5 * fine)
        self._end = (end_2 + 0.5) * fine - 0.5
        self._measure(eye, -1 if side == "Left" else 1)

    def _with_ink(self, eye: UInt8Array, outline_K2: Float32Array) -> UInt8Array:
        """The eye with what hangs together with it: the ends of its lines, and near the points
        whatever is no skin (whites that reach beyond them)."""
        dark = (1 - self._own.mean(2) / np.maximum(self._plain.mean(2), 1.0) > FAINT).astype(
            np.uint8
        )
        near = np.zeros_like(eye)
        cv.fillConvexPoly(near, cv.convexHull(np.rint(outline_K2).astype(np.int32)), 1)
        side = 2 * round(NEAR * float(np.ptp(outline_K2[:, 1]))) + 1
        near = cv.dilate(near, cv.getStructuringElement(cv.MORPH_ELLIPSE, (side, side)))
        own, skin = (
            cv.cvtColor(np.rint(each).astype(np.uint8), cv.COLOR_RGB2LAB).astype(np.float32)
            for each in (self._own, self._plain.clip(0, 255))
        )
        dark |= ((np.linalg.norm(own - skin, axis=2) > SKIN) & (near > 0)).astype(np.uint8)
        rows = np.flatnonzero(eye.any(1))
        dark[: max(int(rows[0] - OVER * self._fine), 0)] = 0  # what falls over it: a fringe
        cross = cv.getStructuringElement(cv.MORPH_CROSS, (3, 3))
        for _ in range(round(ENDS * np.ptp(np.flatnonzero(eye.any(0))))):
            eye = np.maximum(eye, cv.dilate(eye, cross) & dark)
        return eye

    def _measure(self, eye: UInt8Array, inwards: int) -> None:
        """The edges of the eye and its lines, by column."""
        columns = np.flatnonzero(eye.any(0))
        first, last = int(columns[0]), int(columns[-1])
        wide = last - first + 1
        along = np.linspace(0, 1, wide, dtype=np.float32)
        along = along if inwards > 0 else 1 - along  # from the outer corner
        part = eye[:, first : last + 1] > 0
        top = part.argmax(0).astype(np.float32)
        bottom = (len(part) - 1 - part[::-1].argmax(0)).astype(np.float32)
        top, bottom = (_smooth(v, wide // 16) for v in (top, bottom))
        tall = float(bottom.max() - top.min())
        dark = 1 - self._own.mean(2) / np.maximum(self._plain.mean(2), 1.0) > INK
        own, dark = self._own[:, first : last + 1], dark[:, first : last + 1]
        strip = np.arange(len(part))[:, None] - top
        ink = own[(strip >= 0) & (strip <= FIRST * tall) & dark]
        order = np.argsort(ink.mean(1))[: max(len(ink) // 3, 1)]
        self._ink = ink[order].mean(0) if len(ink) else np.full(3, 40.0)
        dark &= np.linalg.norm(own - self._ink, axis=2) < LIKE * np.linalg.norm(
            np.median(self._plain[:, first : last + 1], (0, 1)) - self._ink
        )
        upper = _even(along, _run(dark, top, 1, THICK[0] * tall, self._fine))
        lower = _run(dark, bottom, -1, THICK[1] * tall, self._fine)
        self._first, self._last, self._along = first, last, along
        self._top, self._bottom, self._upper, self._lower = top, bottom, upper, lower
        line = _shut_line(along, top, bottom)
        at = int(np.clip(round(float(self._end[0])) - first, 0, wide - 1))
        miss = float(self._end[1]) - float(line[at])
        self._tall, self._shut = (
            tall,
            line + np.float32(np.clip(FOLLOW[0] * miss / tall + FOLLOW[1], *LOWER) * tall),
        )

    def at(self, level: float) -> tuple[Float32Array, Float32Array]:
        """Colour (H, W, 3) and cover (H, W) in fine pixels, at a closing in -1..1."""
        size = self._own.shape[:2]
        rows = np.arange(size[0], dtype=np.float32)[:, None]
        inside = slice(self._first, self._last + 1)
        closing = max(level, 0.0)
        thick = self._thickness(closing)
        rest = self._top + self._upper / 2 + min(level, 0.0) * OPENS * self._tall
        line = np.minimum(
            rest + (self._shut - rest) * closing * PASSES, np.maximum(self._shut, rest)
        )
        held = self._rest
        if level < 0:  # a wide eye's upper lid goes up
            up = round(-level * OPENS * self._tall)
            held = np.minimum(held, np.pad(held, [(0, up), (0, 0)], mode="edge")[up:])
        floor = self._bottom - self._lower
        floor = floor + closing**2 * np.minimum(self._shut - floor, 0)
        cover = np.ones(size, np.float32)
        opening = np.minimum(rows - (line + thick / 2), floor - rows)
        cover[:, inside] = np.maximum(1 - np.clip(opening + 0.5, 0, 1), held[:, inside])
        above = np.clip(line - rows + 0.5, 0, 1)
        lid = above * float(smoothstep(0.0, 0.12, abs(level)))
        lid = np.maximum(lid, float(smoothstep(0.45, 0.95, closing)))
        out = self._own.copy()
        share = (self._eye[:, inside] * lid)[..., None]
        out[:, inside] = out[:, inside] * (1 - share) + self._plain[:, inside] * share
        slope = np.sqrt(1 + np.gradient(line) ** 2)
        drawn = np.clip(thick / 2 * slope - np.abs(rows - line) + 0.5, 0, 1)
        drawn = (drawn * float(smoothstep(0.0, 0.12, abs(level))))[..., None]
        out[:, inside] = out[:, inside] * (1 - drawn) + self._ink * drawn
        cover[:, inside] = np.maximum(cover[:, inside], drawn[..., 0])
        return out, cover

    def _thickness(self, closing: float) -> Float32Array:
        """The line's at a closing, by column."""
        ends = smoothstep(0.0, TAPER, np.minimum(self._along, 1 - self._along))
        shut = np.maximum(self._upper, THIN * self._fine) * (0.25 + 0.75 * ends)
        return np.asarray(self._upper * (1 - closing) + shut * closing, np.float32)


def contour_of(
    picture: Float32Array, outline_K2: Float32Array, cheek_3: Float32Array, more: float
) -> Float32Array:
    """The outer contour (RAYS, 2) of a drawn eye with its lines: along rays from its middle, where
    the skin of that direction begins; near the points where no skin is found."""
    middle = (outline_K2.min(0) + outline_K2.max(0)) / 2
    turn = np.arange(RAYS) * (2 * np.pi / RAYS)
    ways = np.stack([np.cos(turn), np.sin(turn)], 1).astype(np.float32)
    hull = np.zeros(picture.shape[:2], np.uint8)
    corners = cv.convexHull(np.rint(outline_K2 * 16).astype(np.int32))
    cv.fillConvexPoly(hull, corners, 1, cv.LINE_8, 4)
    reach = np.arange(0, float(np.hypot(*np.ptp(outline_K2, axis=0))) * BESIDE[1], 0.5)
    x, y = (middle[k] + ways[:, k : k + 1] * reach.astype(np.float32) for k in (0, 1))
    within = cv.remap(hull, x, y, cv.INTER_NEAREST)
    points = np.maximum(within.sum(1) * 0.5, 2.0)
    lab = cv.cvtColor(picture.astype(np.uint8), cv.COLOR_RGB2LAB).astype(np.float32)
    cheek = _lab(cheek_3)
    seen = cv.remap(lab, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
    run = max(round(RUN * float(np.ptp(outline_K2[:, 0])) / 0.5), 4)
    ratio = np.full(RAYS, np.nan)
    for k in range(RAYS):
        far = (reach >= BESIDE[0] * points[k]) & (reach < BESIDE[1] * points[k])
        there = np.median(seen[k, far], 0) if far.any() else cheek
        known = [cheek]
        known += [there] if np.linalg.norm(there - cheek) < STRANGE else []
        away = np.min([np.linalg.norm(seen[k] - colour, axis=1) for colour in known], 0)
        ends = np.convolve(away < SKIN, np.ones(run), "valid") >= run
        ends[reach[: len(ends)] < FROM * points[k]] = False
        at = float(reach[int(ends.argmax())])
        if ends.any() and at < UNTIL[0] * points[k] + more:
            ratio[k] = at / points[k]
    found = np.isfinite(ratio)
    usual = float(np.median(ratio[found])) if found.sum() > RAYS // 6 else 1.1
    ratio = np.minimum(np.where(found, ratio, usual), usual + BULGE)
    around = np.stack([np.roll(ratio, k) for k in range(-AROUND, AROUND + 1)])
    length = np.median(around, 0) * points
    return np.asarray(middle + ways * length[:, None], np.float32)


def _plain(
    picture: Float32Array, eye: UInt8Array, cheek_3: Float32Array, fine: int
) -> Float32Array:
    """The skin as if there were no eye: carried on from what lies round it."""
    height, width = eye.shape
    grown = cv.dilate(eye, np.ones((4 * fine + 1, 4 * fine + 1), np.uint8))
    near = cv.dilate(grown, np.ones((16 * fine + 1, 16 * fine + 1), np.uint8)) - grown
    grey = picture.mean(2)
    usual = float(np.median(grey[near > 0])) if near.any() else 0.0
    known = (grown == 0) & (grey > 0.85 * usual)
    lab = cv.cvtColor(picture.astype(np.uint8), cv.COLOR_RGB2LAB).astype(np.float32)
    known = (known & (np.linalg.norm(lab - _lab(cheek_3), axis=2) < STRANGE)).astype(np.float32)
    side = 1 << (max(height, width) - 1).bit_length()
    pad = [(0, side - height), (0, side - width)]
    smooth = fill(np.pad(picture, [*pad, (0, 0)]), np.pad(known, pad))[:height, :width]
    return np.asarray(cv.GaussianBlur(smooth, (0, 0), 1.5 * fine), np.float32)


def _run(dark: Any, start: Float32Array, way: int, most: float, fine: int) -> Float32Array:
    """How far ink goes on from an edge, down (1) or up (-1), by column, along the edge's normal."""
    steps = np.arange(int(most) + 1)
    rows = np.clip(np.rint(start)[None] + way * (steps[:, None]), 0, len(dark) - 1).astype(int)
    ink = dark[rows, np.arange(dark.shape[1])[None]]
    begun = np.maximum.accumulate(ink, 0) | (steps[:, None] > 2 * fine)
    goes = np.logical_and.accumulate(ink | ~begun, 0) & ink.any(0)
    length = goes.sum(0).astype(np.float32) / np.sqrt(1 + np.gradient(start) ** 2)
    return _smooth(length, dark.shape[1] // 12)


def _lab(colour_3: Float32Array) -> Float32Array:
    """A colour (3,), RGB, in CIE Lab of 8 bits."""
    pixel = np.rint(colour_3.clip(0, 255)).astype(np.uint8).reshape(1, 1, 3)
    return np.asarray(cv.cvtColor(pixel, cv.COLOR_RGB2LAB)[0, 0], np.float32)


def _even(along: Float32Array, thick: Float32Array) -> Float32Array:
    """A line's thickness kept near to one that changes evenly from corner to corner, but at its
    ends: a contour may run inside the line here and beyond it there."""
    ends = np.minimum(along, 1 - along)
    slope, start = np.polyfit(along, thick, 1, w=ends + 0.02)
    usual = float(np.median(thick[ends > 0.2]))
    even = np.clip(start + slope * along, 0.4 * usual, 1.6 * usual)
    least = 0.7 * even * smoothstep(0.05, 0.35, ends)
    near = np.clip(thick, least, 1.15 * even).astype(np.float32)
    return _smooth(near, len(along) // 7)


def _smooth(values_N: Float32Array, reach: int) -> Float32Array:
    """Values along an edge without what is narrower than `reach` on both sides."""
    padded = np.pad(values_N, reach, mode="edge")
    around = np.stack([padded[k : k + len(values_N)] for k in range(2 * reach + 1)])
    middle = np.median(around, 0).astype(np.float32)[None]
    smooth = cv.GaussianBlur(middle, (2 * reach + 1, 1), 0, borderType=cv.BORDER_REPLICATE)
    return np.asarray(smooth[0], np.float32)


def _shut_line(along: Float32Array, top: Float32Array, bottom: Float32Array) -> Float32Array:
    """Rows of the shut line, by column; `along` runs from the outer (0) to the inner corner (1)."""
    tall, wide = float(bottom.max() - top.min()), float(len(along))
    outer, inner = (min(a * tall, b * wide) for a, b in RISES)
    low = float(np.percentile(bottom, 90)) - 0.03 * tall
    out = np.clip((LOWEST - along) / LOWEST, 0, 1) ** 2 * outer
    out = out + np.clip((along - LOWEST) / (1 - LOWEST), 0, 1) ** 2 * inner
    return np.asarray(low - out, np.float32)
