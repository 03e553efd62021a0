"""What is behind people, and what passes before them: painted by code, and cut from free pictures.

`--textures` may name folders of pictures without faces (the rig's own cloth, skin and hair
textures, CC0); cuts of them are the hard cases that a finder learns from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from training.people.backgrounds import background
from training.people.spec import FigureSpec

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SIDE: Final = 320
LARGEST: Final = 1400
"""Pixels to which a texture is reduced before cuts are taken."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """All that `training.people.backgrounds` asks about a figure."""

    look: str
    variant: str = ""


def read_textures(folders: list[Path]) -> list[UInt8Array]:
    """All PNG and JPEG files of folders, as RGB."""
    out = []
    for path in sorted(p for folder in folders for p in folder.rglob("*")):
        if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            continue
        picture = cv.imread(str(path), cv.IMREAD_COLOR)
        if picture is None or min(picture.shape[:2]) < 64:
            continue
        scale = LARGEST / max(picture.shape[:2])
        if scale < 1:
            picture = cv.resize(picture, None, fx=scale, fy=scale, interpolation=cv.INTER_AREA)
        out.append(np.ascontiguousarray(picture[..., ::-1]))
    return out


class Backdrops:
    """A bank of backgrounds (SIDE, SIDE, 3), drawn once."""

    def __init__(self, rng: np.random.Generator, count: int, folders: list[Path]) -> None:
        self._textures = read_textures(folders)
        self._bank = [self._one(rng) for _ in range(count)]

    def _one(self, rng: np.random.Generator) -> UInt8Array:
        kind = rng.random()
        if kind < 0.2 and self._textures:
            out = self._cut(rng)
        elif kind < 0.6:
            out = self._quilt(rng)
        else:
            out = self._painted(rng)
        if rng.random() < 0.4:
            out = clutter(out, rng, int(rng.integers(1, 14)))
        return out

    def _painted(self, rng: np.random.Generator) -> UInt8Array:
        wish = cast("FigureSpec", _Wish("drawn" if rng.random() < 0.4 else "photo"))
        return np.rint(background(wish, rng, SIDE) * 255).astype(np.uint8)

    def _piece(self, rng: np.random.Generator) -> Float32Array:
        """What a piece of a quilt is made of, in 0..1."""
        kind = rng.random()
        if kind < 0.4 and self._textures:
            out = self._cut(rng).astype(np.float32) / 255
            out = np.clip(out * rng.uniform(0.4, 1.4, 3), 0, 1)
        elif kind < 0.6:
            out = self._painted(rng).astype(np.float32) / 255
        else:
            out = np.ones((SIDE, SIDE, 3)) * rng.uniform(0, 1, 3)
        if rng.random() < 0.5:  # folds of a curtain, bars of a window, books on a shelf
            out = out * folds(rng)[..., None]
        return np.asarray(np.clip(out, 0, 1), np.float32)

    def _quilt(self, rng: np.random.Generator) -> UInt8Array:
        """Things of several kinds beside each other, as in a room: straight or bent borders."""
        count = int(rng.integers(2, 8))
        places = rng.uniform(-0.1, 1.1, (count, 2)) * SIDE
        x, y = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))
        for _ in range(int(rng.integers(0, 3))):
            wave = rng.normal(0, 0.03, 2)
            x, y = x + 9 * np.sin(wave[0] * y), y + 9 * np.sin(wave[1] * x)
        shape = rng.uniform(0.3, 1.7, (count, 2))
        away = [np.hypot((x - p[0]) * s[0], (y - p[1]) * s[1])
                for p, s in zip(places, shape, strict=True)]  # fmt: skip
        owner = np.argmin(np.stack(away), 0)
        out = np.zeros((SIDE, SIDE, 3), np.float32)
        for k in range(count):
            mine = owner == k
            if mine.any():
                out[mine] = self._piece(rng)[mine]
        if rng.random() < 0.4:
            out = cv.GaussianBlur(out, (0, 0), float(rng.uniform(0.5, 5)))
        return np.rint(out * 255).astype(np.uint8)

    def _cut(self, rng: np.random.Generator) -> UInt8Array:
        picture = self._textures[int(rng.integers(len(self._textures)))]
        height, width = picture.shape[:2]
        side = int(min(height, width) * rng.uniform(0.15, 1.0))
        y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        cut = picture[y : y + side, x : x + side]
        how = cv.INTER_AREA if side > SIDE else cv.INTER_LINEAR
        return np.ascontiguousarray(cv.resize(cut, (SIDE, SIDE), interpolation=how))

    def draw(self, rng: np.random.Generator) -> UInt8Array:
        """One of them, turned over by chance; one in six is a plain colour."""
        if rng.random() < 0.16:
            level = rng.choice([0, 255, 128, -1], p=[0.2, 0.3, 0.1, 0.4])
            colour = rng.integers(0, 256, 3) if level < 0 else np.full(3, level)
            return np.broadcast_to(colour.astype(np.uint8), (SIDE, SIDE, 3)).copy()
        picture = self._bank[int(rng.integers(len(self._bank)))]
        if rng.random() < 0.5:
            picture = cv.flip(picture, 1)
        if rng.random() < 0.15:
            picture = cv.flip(picture, 0)
        if rng.random() < 0.2:
            picture = picture[..., rng.permutation(3)]
        return np.ascontiguousarray(picture)


def folds(rng: np.random.Generator) -> Float32Array:
    """Light and shade (SIDE, SIDE) of folds or bars along any direction."""
    at = np.arange(SIDE, dtype=np.float32)
    angle = rng.choice([0.0, np.pi / 2]) if rng.random() < 0.7 else rng.uniform(0, np.pi)
    along = at[None, :] * np.cos(angle) + at[:, None] * np.sin(angle)
    out = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        out += rng.uniform(0.1, 0.4) * np.sin(along * rng.uniform(0.05, 0.7) + rng.uniform(0, 6.3))
    if rng.random() < 0.3:
        out = np.where(out > 0, 0.3, -0.3)
    return np.asarray(np.clip(0.85 + out, 0, 1.3), np.float32)


def clutter(picture: UInt8Array, rng: np.random.Generator, count: int) -> UInt8Array:
    """Shapes, lines and letters over a picture."""
    out = picture.copy()
    side = out.shape[0]
    for _ in range(count):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        x, y = (int(v) for v in rng.uniform(-0.1, 1.1, 2) * side)
        size = int(side * rng.gamma(2, 0.07)) + 2
        kind = int(rng.integers(5))
        if kind == 0:
            axes = (size, int(size * rng.uniform(0.3, 1.5)) + 1)
            width = -1 if rng.random() < 0.7 else int(rng.integers(1, 5))
            cv.ellipse(out, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, colour, width, 16)
        elif kind == 1:
            corners = np.add(rng.normal(0, size, (int(rng.integers(3, 7)), 2)), (x, y))
            cv.fillPoly(out, [corners.astype(np.int32)], colour, 16)
        elif kind == 2:
            end = np.add(rng.normal(0, 3 * size, 2), (x, y)).astype(int)
            width = int(rng.integers(1, 9))
            cv.line(out, (x, y), (int(end[0]), int(end[1])), colour, width, 16)
        elif kind == 3:
            letters = "".join(chr(c) for c in rng.integers(33, 126, int(rng.integers(1, 9))))
            scale, width = size / 30 + 0.2, int(rng.integers(1, 4))
            cv.putText(out, letters, (x, y), cv.FONT_HERSHEY_SIMPLEX, scale, colour, width, 16)
        else:
            cv.rectangle(out, (x, y), (x + 2 * size, y + size), colour, -1)
    return out


def cover(rgb: Float32Array, rng: np.random.Generator, backdrop: UInt8Array) -> Float32Array:
    """Hide (h, w) in 0..1: where something (a hand, a microphone, a mug, a lock of hair) passes
    before a crop `rgb`, which is changed in place to show it."""
    side = rgb.shape[0]
    hide = np.zeros((side, side), np.float32)
    if rng.random() < 0.5:  # from the border in
        start = rng.choice(4)
        at = rng.uniform(0, side)
        ends = [(at, side), (0.0, at), (side, at), (at, 0.0)][int(start)]
        tip = rng.uniform(0.25, 0.75, 2) * side
        width = max(int(side * rng.uniform(0.03, 0.2)), 1)
        cv.line(hide, (int(ends[0]), int(ends[1])), (int(tip[0]), int(tip[1])), 1.0, width, 16)
    else:
        x, y = rng.uniform(0.15, 0.85, 2) * side
        axes = (int(side * rng.uniform(0.03, 0.16)), int(side * rng.uniform(0.03, 0.16)))
        cv.ellipse(hide, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, 16)
    y, x = (int(v) for v in rng.integers(0, SIDE - side + 1, 2)) if side <= SIDE else (0, 0)
    stuff = backdrop[y : y + side, x : x + side].astype(np.float32) / 255
    if stuff.shape[0] != side:
        stuff = cv.resize(stuff, (side, side))
    skin = np.array([0.75, 0.55, 0.45], np.float32) * float(rng.uniform(0.4, 1.3))
    if rng.random() < 0.35:
        stuff = np.clip(0.2 * stuff + 0.8 * skin, 0, 1)
    rgb += hide[..., None] * (stuff - rgb)
    return hide
