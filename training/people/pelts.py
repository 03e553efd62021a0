"""Coats of mascots: fur with an animal's markings, or the plates of a robot, as skin pictures.

Markings are laid out in the base mesh's own space (dm), as `training.rig.skin_paint` does, so they
sit on the same features whatever bending makes of them. Colours are sRGB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.ndimage import gaussian_filter

from inference.contract import Float32Array, UInt8Array
from training.people.pictures import _bytes, _regions
from training.rig.assets import RigAssets
from training.rig.layers import smoothstep
from training.rig.people import Colour
from training.rig.skin_paint import _fine, places

Marks = dict[str, Float32Array]
"""How much of each further colour lies where: maps in 0..1."""


@dataclass(frozen=True, slots=True)
class Pelt:
    """A coat: `kind` says whose markings, `base` is its main colour, the others as they name."""

    kind: str
    base: Colour
    light: Colour
    dark: Colour
    nose: Colour
    lips: Colour
    inside: Colour = (0.42, 0.13, 0.15)
    red_lips: float = 0.6
    """How strongly the lips have their own colour."""
    mouth_line: float = 0.8
    strokes: float = 0.05
    """Contrast of the fur's strokes."""
    texels: int = 1024
    seed: int = 0

    @property
    def brightness(self) -> float:
        """Not recoloured."""
        return 1.0

    def paint(self, assets: RigAssets) -> UInt8Array:
        """A skin in the base mesh's UVs."""
        size, rng = self.texels, np.random.default_rng(self.seed)
        place = np.stack([_fine(places(assets)[..., k], size) for k in range(3)], -1)
        place[np.abs(place).max(-1) > 20] = (0.0, -50.0, 0.0)
        lips, inside, lids, _ = _regions(assets, size)
        rgb = np.empty((size, size, 3), np.float32)
        rgb[:] = self.base

        def lay(colour: Colour, share: Float32Array) -> None:
            rgb[:] += share[..., None] * (np.asarray(colour, np.float32) - rgb)

        marks = MARKINGS[self.kind](np.abs(place[..., 0]), place[..., 1], place[..., 2])
        lay(self.light, marks["light"])
        lay(self.dark, np.maximum(marks["dark"], marks.get("lids", np.zeros_like(lids)) * lids))
        if self.strokes:
            noise = gaussian_filter(rng.normal(size=(size, size)), (7.0, 1.1))
            noise += 0.7 * gaussian_filter(rng.normal(size=(size, size)), (14.0, 2.5)) * 2.2
            rgb *= 1 + self.strokes * (noise / noise.std()).astype(np.float32)[..., None]
        lay(self.lips, self.red_lips * lips)
        lay(self.nose, marks["nose"])
        if self.mouth_line:
            grown = gaussian_filter((inside > 0.3).astype(np.float32), 2.0 * size / 512)
            lay(_darker(self.lips, 0.35), self.mouth_line * smoothstep(0.06, 0.25, grown))
        lay(self.inside, smoothstep(0.35, 0.75, inside))
        return _bytes(rgb)


def _darker(colour: Colour, share: float) -> Colour:
    r, g, b = colour
    return r * share, g * share, b * share


def _blob(
    x: Float32Array, y: Float32Array, at: tuple[float, float], radii: tuple[float, float],
    turn: float = 0.0, soft: float = 0.12,
) -> Float32Array:  # fmt: skip
    """An ellipse, `turn` degrees, with an edge as soft as a share of its radius."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    u, v = (x - at[0]) * c + (y - at[1]) * s, (y - at[1]) * c - (x - at[0]) * s
    away = np.hypot(u / radii[0], v / radii[1]).astype(np.float32)
    return smoothstep(1 + soft, 1 - soft, away)


def _nose(
    x: Float32Array, y: Float32Array, z: Float32Array, wide: float = 0.165, tall: float = 0.115
) -> Float32Array:
    """The tip of the nose, its underside and wings: an animal's nose leather."""
    shape = _blob(x, y, (0.0, 6.925), (wide, tall), 0, 0.08)
    return (shape * smoothstep(1.15, 1.25, z)).astype(np.float32)


def _fox(x: Float32Array, y: Float32Array, z: Float32Array) -> Marks:
    top = 6.90 + 0.50 * np.clip((x - 0.13) / 0.60, 0, 1) ** 1.3
    white = smoothstep(0.03, -0.03, y - top) * smoothstep(0.085, 0.125, x + 3 * (6.93 - y).clip(0))
    white = white * smoothstep(0.20, 0.45, z + 0.6 * (6.6 - y).clip(0, 0.8))
    spot = 0.8 * _blob(x, y, (0.27, 7.53), (0.10, 0.055), 20, 0.35)
    return {
        "light": np.maximum(white, spot * (z > 0.5)).astype(np.float32),
        "dark": (0.75 * _blob(x, y, (0.30, 7.285), (0.215, 0.125), 8, 0.3) * (z > 0.5)),
        "nose": _nose(x, y, z),
        "lids": np.full_like(x, 0.9),
    }


def _cat(x: Float32Array, y: Float32Array, z: Float32Array) -> Marks:
    front = smoothstep(0.2, 0.4, z)
    white = _blob(x, y, (0.19, 6.85), (0.25, 0.20), 0, 0.10) + smoothstep(6.76, 6.70, y)
    white = np.clip(white, 0, 1) * front
    bars = _blob(x, y, (0.0, 7.86), (0.075, 0.36), 0, 0.10)
    for at, tall, turn in (((0.23, 7.88), 0.30, -6), ((0.44, 7.84), 0.22, -18)):
        bars = np.maximum(bars, _blob(x, y, at, (0.065, tall), turn, 0.10))
    for at, wide, turn in (((0.70, 7.10), 0.20, -8), ((0.66, 6.93), 0.17, 8)):
        bars = np.maximum(bars, _blob(x, y, at, (wide, 0.042), turn, 0.12))
    return {
        "light": white.astype(np.float32),
        "dark": (bars * smoothstep(0.0, 0.2, z)).astype(np.float32),
        "nose": _nose(x, y, z, 0.135, 0.10),
    }


def _panda(x: Float32Array, y: Float32Array, z: Float32Array) -> Marks:
    patch = _blob(x, y, (0.355, 7.215), (0.20, 0.265), -28, 0.10) * (z > 0.4)
    return {
        "light": np.zeros_like(x),
        "dark": np.maximum(patch, smoothstep(6.25, 6.10, y)).astype(np.float32),
        "nose": _nose(x, y, z),
    }


def _robot(x: Float32Array, y: Float32Array, z: Float32Array) -> Marks:
    def line(value: Any, width: float = 0.011) -> Float32Array:
        return smoothstep(width + 0.006, width - 0.002, np.abs(value))

    front = smoothstep(0.35, 0.5, z)
    visor = _blob(x / 1.0, y, (0.0, 7.31), (0.66, 0.235), 0, 0.04)
    visor = np.maximum(visor, _blob(x, y, (0.33, 7.30), (0.36, 0.255), 0, 0.04)) * front
    seam = line(y - 7.98 + 0.10 * x * x) + line(x - 0.315) * (y < 6.80) * (y > 6.2)
    seam = seam + line(np.hypot(x - 0.60, (y - 6.93) * 1.0) - 0.055, 0.008) * front
    seam = seam + line(y - 6.30 - 0.02 * np.sin(9 * x)) + line(y - 6.12)
    return {
        "light": (seam.clip(0, 1) * (1 - visor)).astype(np.float32),
        "dark": visor.astype(np.float32),
        "nose": np.zeros_like(x),
    }


MARKINGS: Final[
    dict[str, Callable[[Float32Array, Float32Array, Float32Array], Marks]]
] = {"fox": _fox, "cat": _cat, "panda": _panda, "robot": _robot}  # fmt: skip
"""By kind: from |x|, y, z (dm) of each texel to the marks; `light`, `dark`, `nose`, and `lids` for
lids of the dark colour."""
