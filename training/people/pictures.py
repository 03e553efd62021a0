"""Pictures painted by code: skins, eyes, strands and fur of figures that are not photographed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import numpy as np
from scipy.ndimage import gaussian_filter

from inference.contract import Float32Array, UInt8Array
from training.rig.assets import RigAssets
from training.rig.layers import smoothstep
from training.rig.people import Colour
from training.rig.skin_paint import _fine, _freckles, beard_area, cheek_area, mask_picture, places

EYES_AT: Final = ((0.293, 0.703), (0.703, 0.297))
"""Middles of the left and the right iris in the eye mesh's texture (u, v downwards)."""
IRIS: Final = 0.115
"""Radius of a human iris there; the ball's half is about 0.27."""
CORNEA_AT: Final = (0.935, 0.930, 0.075)
"""The clear cap in front of the iris: middle and radius; its alpha must be 0."""


def _bytes(rgb: Float32Array, alpha: Float32Array | float = 1.0) -> UInt8Array:
    out = np.ones((*rgb.shape[:2], 4), np.float32)
    out[..., :3] = rgb
    out[..., 3] = alpha
    return np.rint(out.clip(0, 1) * 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Plain:
    """One colour (sRGB)."""

    colour: Colour = (1.0, 1.0, 1.0)

    @property
    def brightness(self) -> float:
        """Not recoloured."""
        return 1.0

    def paint(self, assets: RigAssets) -> UInt8Array:
        """A picture of 4 x 4 texels."""
        return _bytes(np.broadcast_to(np.asarray(self.colour, np.float32), (4, 4, 3)))


@dataclass(frozen=True, slots=True)
class PaintedSkin:
    """A figure's skin: colours are sRGB, shares 0..1."""

    colour: Colour
    lips: Colour
    red_lips: float = 0.5
    """How strongly the lips have their own colour."""
    blush: float = 0.3
    blush_colour: Colour = (0.93, 0.45, 0.42)
    lids: float = 0.0
    lid_colour: Colour = (0.5, 0.3, 0.4)
    freckles: float = 0.0
    stubble: float = 0.0
    stubble_colour: Colour = (0.25, 0.2, 0.2)
    mouth_line: float = 0.0
    """How dark the seam between the lips is drawn."""
    nose_mark: float = 0.0
    nose_red: float = 0.0
    mottle: float = 0.0
    inside: Colour = (0.36, 0.10, 0.12)
    texels: int = 512
    seed: int = 0

    @property
    def brightness(self) -> float:
        """Not recoloured."""
        return 1.0

    def paint(self, assets: RigAssets) -> UInt8Array:
        """A skin in the base mesh's UVs."""
        size, rng = self.texels, np.random.default_rng(self.seed)
        place = places(assets)
        lips, inside, lids, ears = _regions(assets, size)
        rgb = np.empty((size, size, 3), np.float32)
        rgb[:] = self.colour

        def lay(colour: Colour, share: Float32Array) -> None:
            rgb[:] += share[..., None] * (np.asarray(colour, np.float32) - rgb)

        x, y, z = np.abs(place[..., 0]), place[..., 1], place[..., 2]
        tip = np.exp(-((x / 0.13) ** 2) - ((y - 7.05) / 0.12) ** 2) * (z > 1.45)
        lay(self.blush_colour, self.blush * _fine(cheek_area(place), size))
        lay(self.blush_colour, (self.nose_red * _fine(tip.astype(np.float32), size)))
        lay(self.blush_colour, 0.25 * self.blush * ears)
        lay(self.lid_colour, self.lids * lids)
        if self.freckles:
            spots = _freckles(place, size, rng)
            lay((0.55, 0.3, 0.2), self.freckles * spots)
        if self.stubble:
            lay(self.stubble_colour, self.stubble * _fine(beard_area(place), size) * (1 - lips))
        lay(self.lips, self.red_lips * lips)
        if self.mottle:
            noise = gaussian_filter(rng.normal(size=(size // 4, size // 4)), 3)
            rgb *= (
                1 + self.mottle * _fine((noise / noise.std()).astype(np.float32), size)[..., None]
            )
        if self.nose_mark:
            mark = np.exp(-((x / 0.05) ** 2) - ((y - 6.975) / 0.014) ** 2) * (z > 1.3)
            dark: Colour = tuple(c * 0.55 for c in self.colour)  # type: ignore[assignment]
            lay(dark, self.nose_mark * _fine(np.clip(mark * 1.6, 0, 1).astype(np.float32), size))
        if self.mouth_line:
            grown = gaussian_filter((inside > 0.3).astype(np.float32), 2.0 * size / 512)
            dark = tuple(c * 0.35 for c in self.lips)  # type: ignore[assignment]
            lay(dark, self.mouth_line * smoothstep(0.06, 0.25, grown))
        lay(self.inside, smoothstep(0.35, 0.75, inside))
        return _bytes(rgb)


@lru_cache(maxsize=3)
def _regions(assets: RigAssets, size: int) -> tuple[Float32Array, ...]:
    """Soft masks of lips, inside of the mouth, lids and ears in UV space."""
    out = []
    for name, blur in (("lips", 1.0), ("inside-mouth", 0.0), ("eyelids", 2.5), ("ears", 4.0)):
        mask = mask_picture(assets.mask_path(name), size)
        out.append(gaussian_filter(mask, blur * size / 512) if blur else mask)
    return tuple(out)


@dataclass(frozen=True, slots=True)
class PaintedEyes:
    """Eyes: an iris of a size (1 human), a pupil, rings, gradient and drawn highlights."""

    colour: Colour
    white: Colour = (0.94, 0.93, 0.92)
    size: float = 1.2
    pupil: float = 0.45
    ring: float = 0.5
    """How dark the rim of the iris is."""
    fibres: float = 0.0
    gradient: float = 0.4
    """How much darker the top of the iris is than its bottom."""
    sparkle: float = 1.0
    kind: int = 0
    """Pattern of the highlights."""
    texels: int = 512
    seed: int = 0

    @property
    def brightness(self) -> float:
        """Not recoloured."""
        return 1.0

    def paint(self, assets: RigAssets) -> UInt8Array:
        """A picture for both eyes in the eye mesh's UVs."""
        size, rng = self.texels, np.random.default_rng(self.seed)
        at = (np.arange(size, dtype=np.float32) + 0.5) / size
        u, v = np.meshgrid(at, at)
        rgb = np.empty((size, size, 3), np.float32)
        rgb[:] = self.white
        edge = 1.2 / size
        for middle in EYES_AT:
            x = cast("Float32Array", (u - middle[0]) / (IRIS * self.size))
            y = cast("Float32Array", (v - middle[1]) / (IRIS * self.size))
            r = np.hypot(x, y)
            soft = edge / (IRIS * self.size)
            iris = self._iris(x, y, r, rng)
            share = smoothstep(1 + soft, 1 - soft, r)[..., None]
            rgb += share * (iris - rgb)
            if self.sparkle:
                light = self._lights(x, y, soft)[..., None] * self.sparkle
                rgb += light * (1 - rgb)
        gone = smoothstep(CORNEA_AT[2] - edge, CORNEA_AT[2] + edge,
                          np.hypot(u - CORNEA_AT[0], v - CORNEA_AT[1]))  # fmt: skip
        return _bytes(rgb, gone)

    def _iris(
        self, x: Float32Array, y: Float32Array, r: Float32Array, rng: np.random.Generator
    ) -> Float32Array:
        own = np.asarray(self.colour, np.float32)
        shade = 1 + self.gradient * np.clip(y, -1, 1) * 0.9
        shade *= 1 - self.ring * smoothstep(0.72, 0.95, r)
        if self.fibres:
            spokes = gaussian_filter(rng.normal(size=720), 1.2, mode="wrap")
            angle = ((np.arctan2(y, x) / np.pi + 1) * 359.9).astype(int)
            shade *= 1 + self.fibres * (spokes / spokes.std())[angle] * smoothstep(0.1, 0.5, r)
        glow = np.exp(-(((y - 0.55) / 0.4) ** 2) - (x / 0.6) ** 2) * self.gradient
        iris = own * shade[..., None] + 0.45 * glow[..., None] * (0.4 + own)
        dark = smoothstep(self.pupil + 0.06, self.pupil - 0.06, r)[..., None]
        out: Float32Array = iris * (1 - dark) + dark * own * 0.12
        return out.clip(0, 1).astype(np.float32)

    def _lights(self, x: Float32Array, y: Float32Array, soft: float) -> Float32Array:
        spots = (
            ((-0.32, -0.42, 0.27), (0.38, 0.45, 0.13)),
            ((0.30, -0.45, 0.30), (-0.35, 0.40, 0.16), (0.42, 0.05, 0.08)),
            ((-0.1, -0.55, 0.20),),
            ((-0.30, -0.40, 0.22), (-0.02, -0.62, 0.11), (0.30, 0.55, 0.18)),
        )[self.kind % 4]
        out = np.zeros_like(x)
        for cx, cy, radius in spots:
            away = np.hypot(x - cx, (y - cy) * 0.85)
            out = np.maximum(out, smoothstep(radius + soft, radius - soft, away))
        return out


@dataclass(frozen=True, slots=True)
class Strands:
    """Hair for locks: row 0 the root. For photographs grey with gaps at the tips; for figures in
    colour (linear) with a band of light and tips of another colour."""

    colour: Colour | None = None
    tips: Colour | None = None
    streaks: float = 0.3
    band: float = 0.0
    seed: int = 0
    texels: int = 256
    brightness: float = 0.42

    def paint(self, assets: RigAssets) -> UInt8Array:
        """A picture that repeats across."""
        size, rng = self.texels, np.random.default_rng(self.seed)
        streak = np.zeros((size, size), np.float32)
        for along, across, weight in ((30, 0.5, 1.0), (60, 2.0, 0.8), (90, 6.0, 0.5)):
            noise = gaussian_filter(rng.normal(size=(size, size)), (along, across), mode="wrap")
            streak += weight * (noise / noise.std()).astype(np.float32)
        streak /= streak.std()
        t = np.linspace(0, 1, size, dtype=np.float32)[:, None]
        if self.colour is None:
            linear = self.brightness * np.exp(self.streaks * streak) * (0.8 + 0.25 * t)
            ragged = smoothstep(0.0, 0.25, (1 - t) * 1.6 - 0.25 * (streak + 1) * t**3)
            grey = np.clip(linear, 0, 1) ** np.float32(1 / 2.2)
            return _bytes(np.repeat(grey[..., None], 3, -1), ragged)
        mix = (
            smoothstep(0.45, 0.95, t + 0.0 * streak)[..., None]
            if self.tips
            else np.zeros((), np.float32)
        )
        base = np.asarray(self.colour, np.float32)
        rgb = base + mix * (np.asarray(self.tips or self.colour, np.float32) - base)
        rgb = rgb * np.exp(self.streaks * streak)[..., None] * np.ones((1, 1, 3), np.float32)
        if self.band:
            zigzag = 0.30 + 0.035 * streak[size // 3][None]
            there = smoothstep(0.055, 0.030, np.abs(t - zigzag))
            rgb = rgb + (self.band * there)[..., None] * (0.25 + 0.9 * base)
        return _bytes(np.clip(rgb, 0, 1) ** np.float32(1 / 2.2))


@dataclass(frozen=True, slots=True)
class FurPicture:
    """For shells: alpha is the height each hair reaches (0: no hair), red its shade."""

    shape: str = "full"
    density: float = 0.8
    seed: int = 0
    texels: int = 1024

    @property
    def brightness(self) -> float:
        """Not recoloured."""
        return 1.0

    def paint(self, assets: RigAssets) -> UInt8Array:
        """A picture in the base mesh's UVs."""
        size, rng = self.texels, np.random.default_rng(self.seed)
        area = _fine(beard_shape(places(assets), self.shape), size)
        area = area * (1 - _regions(assets, 512 if size < 1024 else 1024)[0])
        dots = gaussian_filter(rng.random((size, size)).astype(np.float32), 0.6)
        dots = (dots - dots.mean()) / dots.std()
        height = np.clip(0.55 + 0.28 * dots + (self.density - 0.75), 0, 1)
        shade = np.clip(0.5 + 0.2 * dots, 0, 1)
        return _bytes(np.repeat(shade[..., None], 3, -1), height * smoothstep(0.05, 0.9, area))


def beard_shape(place: Float32Array, shape: str) -> Float32Array:
    """Where a beard of a shape grows, 0..1, by place on the base mesh (..., 3)."""
    area = beard_area(place)
    x, y = np.abs(place[..., 0]), place[..., 1]
    lip = smoothstep(6.80, 6.86, y) * smoothstep(0.36, 0.26, x)
    if shape == "moustache":
        return (area * lip).astype(np.float32)
    if shape == "goatee":
        around = np.maximum(smoothstep(0.34, 0.24, x), 0)
        return (area * around).astype(np.float32)
    if shape == "chin":
        return (area * smoothstep(0.30, 0.20, x) * smoothstep(6.76, 6.68, y)).astype(np.float32)
    if shape == "sides":
        return (area * (1 - lip) * smoothstep(0.25, 0.45, x)).astype(np.float32)
    return area
