"""Pictures on the meshes other than skin: hair, eyes, teeth, clothes; pores; region masks."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from inference.contract import Float32Array, UInt8Array
from training.rig.assets import RigAssets
from training.rig.mesh import Mesh
from training.rig.skin_paint import mask_picture

LARGEST = 2048
LOGOS = {
    "female_casualsuit01": ((0.69, 0.14, 0.88, 0.33),),
    "male_casualsuit02": ((0.48, 0.09, 0.64, 0.25),),
    "male_casualsuit04": ((0.48, 0.09, 0.67, 0.28),),
    "male_casualsuit06": ((0.42, 0.08, 0.76, 0.22), (0.18, 0.09, 0.40, 0.18)),
}
"""Boxes (left, top, right, bottom, as shares) of the prints that are taken off the clothes."""
_LUMA = np.array([0.3, 0.5, 0.2], np.float32)


@lru_cache(maxsize=24)
def load_picture(path: Path, largest: int = LARGEST) -> tuple[UInt8Array, float]:
    """RGBA pixels (h, w, 4) and the mean linear brightness of the opaque ones.

    Colour is bled under the transparent parts, so that mipmaps show no dark rims.
    """
    picture = Image.open(path).convert("RGBA")
    if max(picture.size) > largest:
        kind = Image.Resampling.LANCZOS if largest == LARGEST else Image.Resampling.BOX
        picture = picture.resize((largest, largest), kind)
    pixels = np.array(picture).astype(np.float32)
    for box in LOGOS.get(path.parent.name, ()):
        _take_off(pixels, box)
    alpha = pixels[..., 3] / 255
    total = max(float(alpha.sum()), 1.0)
    bright = float((((pixels[..., :3] / 255) ** 2.2 @ _LUMA) * alpha).sum() / total)
    if alpha.min() < 0.99:
        mean = (pixels[..., :3] * alpha[..., None]).sum((0, 1)) / total
        pixels[alpha < 0.05, :3] = mean
    return pixels.astype(np.uint8), max(bright, 0.004)


def _take_off(pixels: Float32Array, box: tuple[float, float, float, float]) -> None:
    """Fill a box of the picture from its rim, keeping the weave of the cloth's other parts."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = (
        round(share * side) for share, side in zip(box, (width, height) * 2, strict=True)
    )
    area = pixels[top:bottom, left:right, :3]
    middle = np.median(area.reshape(-1, 3), 0)
    strange = np.abs(area - middle).max(-1) > 26
    spread = gaussian_filter(strange.astype(np.float32), 2.5) > 0.08
    donor = np.roll(area, (area.shape[0] // 2, 0), (0, 1))
    fits = np.abs(donor - middle).max(-1) <= 26
    weave = np.where(fits[..., None], donor, middle)
    area[spread] = weave[spread]


def region_masks(skin: Mesh, assets: RigAssets) -> dict[str, Float32Array]:
    """Per skin point (n,), 0..1: lips, eyelids, face, ears, inside-mouth."""
    masks = {}
    for name in ("lips", "eyelids", "face", "ears", "inside-mouth"):
        mask = mask_picture(assets.mask_path(name), 1024)
        column = np.clip((skin.uv_V2[:, 0] * 1024).astype(int), 0, 1023)
        row = np.clip((skin.uv_V2[:, 1] * 1024).astype(int), 0, 1023)
        values = np.zeros(skin.size, np.float32)
        np.maximum.at(values, skin.point_of_V, mask[row, column])
        masks[name] = values
    return masks


def detail_noise(size: int = 512) -> UInt8Array:
    """Tileable pores (size, size, 4): height, and its slope along u and v, all round 0.5."""
    rng = np.random.default_rng(0)
    height = np.zeros((size, size))
    for sigma, weight in ((1.2, 0.5), (2.5, 0.6), (6, 0.4)):
        layer = gaussian_filter(rng.normal(size=(size, size)), sigma, mode="wrap")
        height += weight * layer / layer.std()
    height /= height.std()
    slope_u = np.roll(height, -1, 1) - np.roll(height, 1, 1)
    slope_v = np.roll(height, -1, 0) - np.roll(height, 1, 0)
    full = np.ones_like(height)
    noise = np.stack([height * 0.16 + 0.5, slope_u * 0.35 + 0.5, slope_v * 0.35 + 0.5, full], -1)
    return (noise.clip(0, 1) * 255).astype(np.uint8)
