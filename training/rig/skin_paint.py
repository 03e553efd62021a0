"""Painting skins: from the nine CC0 photographs of men to skins for everybody.

All paint is placed in the base mesh's own space (decimetres, before any identity), through a map
from texture to place, so that one brush fits every person.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter, zoom

from inference.contract import Float32Array, UInt8Array
from training.rig.assets import RigAssets
from training.rig.people import SkinSpec

PLACE_SIZE: Final = 512
EYE: Final = (0.308, 7.284)
MOUTH_Y: Final = 6.86
_PLACES: dict[int, Float32Array] = {}


@lru_cache(maxsize=9)
def _photo(path: Path, size: int) -> Float32Array:
    picture = Image.open(path).convert("RGB").resize((size, size), Image.Resampling.BOX)
    return np.asarray(picture).astype(np.float32) / np.float32(255)


@lru_cache(maxsize=12)
def mask_picture(path: Path, size: int) -> Float32Array:
    """A region mask (size, size) in 0..1."""
    picture = Image.open(path).convert("L").resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(picture).astype(np.float32) / np.float32(255)


def places(assets: RigAssets) -> Float32Array:
    """Base mesh place (PLACE_SIZE, PLACE_SIZE, 3) of each texel of the head; far away elsewhere."""
    key = id(assets.base)
    if key not in _PLACES:
        obj = assets.base.obj
        body = np.array([group == "body" for group in obj.face_groups])
        faces, uv_faces = obj.faces_F4[body], obj.uv_faces_F4[body]
        head = obj.vertices_N3[faces][:, :, 1].min(1) > 5.0
        texels, first = np.unique(uv_faces[head].ravel(), return_index=True)
        vertices = obj.vertices_N3[faces[head].ravel()[first]]
        find = LinearNDInterpolator(obj.uvs_T2[texels], vertices, fill_value=99.0)
        across = (np.arange(PLACE_SIZE) + 0.5) / PLACE_SIZE
        u, v = np.meshgrid(across, 1 - across)
        _PLACES[key] = find(np.stack([u, v], -1)).astype(np.float32)
    return _PLACES[key]


def _bump(x: Float32Array, centre: float, width: float) -> Float32Array:
    return np.exp(-(((x - centre) / width) ** 2)).astype(np.float32)


def _step(low: float, high: float, x: Float32Array) -> Float32Array:
    t = np.clip((x - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _fine(picture: Float32Array, size: int) -> Float32Array:
    return zoom(picture, size / picture.shape[0], order=1).astype(np.float32)


def beard_area(place: Float32Array) -> Float32Array:
    """Where a beard grows: jaw, chin, upper lip, sides up to the ear; 0..1."""
    x, y, z = np.abs(place[..., 0]), place[..., 1], place[..., 2]
    line: Float32Array = 6.72 + np.float32(0.34) * _step(0.40, 0.66, x)
    jaw = 1 - _step(-0.17, 0.13, y - line)
    lip = (
        _step(6.80, 6.86, y)
        * (1 - _step(-0.015, 0.015, (y - 6.915 + 0.30 * x).astype(np.float32)))
        * (1 - _step(0.20, 0.30, x))
    )
    lip *= 1 - _step(1.56, 1.60, z)
    low = _step(5.95, 6.35, y)
    front = _step(0.20, 0.45, z)
    return np.clip(np.maximum(jaw * low * front, lip * front), 0, 1)


def cheek_area(place: Float32Array) -> Float32Array:
    """The apples of the cheeks, 0..1."""
    x, y = np.abs(place[..., 0]), place[..., 1]
    return _bump(x, 0.45, 0.20) * _bump(y, 6.98, 0.17) * (place[..., 2] > 0.6)


def paint_skin(spec: SkinSpec, assets: RigAssets) -> UInt8Array:
    """RGBA skin picture: colour, and 1 - alpha marks the lips (glossier)."""
    size = spec.texels
    rgb = _photo(assets.path(f"skins/{spec.photo}.jpg"), size).copy()
    place = places(assets)
    rng = np.random.default_rng(spec.seed)
    lips = gaussian_filter(mask_picture(assets.mask_path("lips"), size), 1.0)
    face = mask_picture(assets.mask_path("face"), size) * (1 - lips)
    beard = _fine(beard_area(place), size) * (1 - lips)
    if spec.smooth:
        soft = gaussian_filter(rgb, (2.5, 2.5, 0))
        blend = (spec.smooth * 0.8 * face)[..., None]
        rgb = rgb * (1 - blend) + soft * blend
    if spec.beard < 1:
        rgb = _without_shadow(rgb, beard * (1 - spec.beard), _fine(cheek_area(place), size))
    rgb *= _mottle(size, rng)[..., None] ** np.array([0.6, 1.0, 1.0], np.float32)
    cheeks = _fine(cheek_area(place), size)[..., None]
    rgb *= 1 - spec.blush * cheeks * np.array([0.02, 0.16, 0.12], np.float32)
    if spec.freckles:
        rgb *= 1 - spec.freckles * _freckles(place, size, rng)[..., None] * np.array(
            [0.25, 0.42, 0.50], np.float32
        )
    if spec.stubble:
        rgb = _stubble(rgb, beard, spec, rng)
    rgb *= 1 + lips[..., None] * (np.array(spec.lips, np.float32) - 1)
    out = np.concatenate([rgb, 1 - lips[..., None]], -1)
    return np.rint(out.clip(0, 1) * 255).astype(np.uint8)


def skin_tone(spec: SkinSpec, assets: RigAssets) -> tuple[float, float, float]:
    """Mean linear colour of the cheeks, tinted: what a hidden piece of skin looks like."""
    rgb = _photo(assets.path(f"skins/{spec.photo}.jpg"), spec.texels)
    step = rgb.shape[0] // PLACE_SIZE
    weight = cheek_area(places(assets))[..., None]
    mean = ((rgb[::step, ::step] ** 2.2) * weight).sum((0, 1)) / weight.sum()
    r, g, b = (float(c * t) for c, t in zip(mean, spec.tint, strict=True))
    return r, g, b


def _without_shadow(rgb: Float32Array, where: Float32Array, cheeks: Float32Array) -> Float32Array:
    """Lift the low frequencies of the beard's shade to the colour of the cheeks."""
    small = gaussian_filter(rgb[::4, ::4], (3, 3, 0))
    local = zoom(small, (4, 4, 1), order=1)
    weight = cheeks[..., None]
    target = (rgb * weight).sum((0, 1)) / weight.sum()
    factor = np.clip(target / np.maximum(local, 0.02), 0.8, 1.8)
    return rgb * factor ** where[..., None]


def _mottle(size: int, rng: np.random.Generator) -> Float32Array:
    """Slow changes of tone that no skin lacks, round 1."""
    out = np.zeros((size // 4, size // 4), np.float32)
    for sigma, weight in ((1.5, 0.012), (4.5, 0.014), (12, 0.014)):
        noise = gaussian_filter(rng.normal(size=out.shape), sigma)
        out += weight * (noise / noise.std()).astype(np.float32)
    return 1 + _fine(out, size)


def _freckles(place: Float32Array, size: int, rng: np.random.Generator) -> Float32Array:
    """Small dots over nose and cheeks, 0..1."""
    x, y, z = np.abs(place[..., 0]), place[..., 1], place[..., 2]
    where = (1 - _step(0.50, 0.75, x)) * _bump(y, 7.02, 0.20) * _step(0.7, 0.95, z)
    dots = (rng.random((size, size)) < 0.035).astype(np.float32)
    dots *= rng.uniform(0.1, 1.0, dots.shape).astype(np.float32) ** 2
    dots = gaussian_filter(dots, 0.75) * 3.2
    return np.clip(dots * _fine(where, size), 0, 1)


def _stubble(
    rgb: Float32Array, beard: Float32Array, spec: SkinSpec, rng: np.random.Generator
) -> Float32Array:
    """Short hairs: dark streaks, denser where the beard grows, over a soft shade."""
    size = rgb.shape[0]
    hairs = gaussian_filter(rng.random((size, size)).astype(np.float32), (0.45, 0.8))
    hairs = np.clip(0.5 + (hairs - hairs.mean()) / hairs.std() * 0.22, 0, 1)
    patch = gaussian_filter(rng.random((size // 4, size // 4)), 4)
    patch = _fine(((patch - patch.mean()) / patch.std() * 0.10).astype(np.float32), size)
    cover = np.clip(spec.stubble * beard * (0.55 + 0.8 * hairs + patch), 0, 0.96)
    colour = np.array(spec.stubble_colour, np.float32) ** np.float32(1 / 2.2)
    return rgb * (1 - cover[..., None]) + colour * cover[..., None]
