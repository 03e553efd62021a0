"""Pictures on the meshes: painted skins, and the colours of hair, eyes, teeth and clothes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from inference.contract import Float32Array, UInt8Array
from training.rig.assets import RigAssets
from training.rig.mesh import Mesh
from training.rig.people import SkinSpec

LARGEST = 2048
_LUMA = np.array([0.3, 0.5, 0.2], np.float32)


@lru_cache(maxsize=24)
def load_picture(path: Path) -> tuple[UInt8Array, float]:
    """RGBA pixels (h, w, 4) and the mean linear brightness of the opaque ones.

    Colour is bled under the transparent parts, so that mipmaps show no dark rims.
    """
    picture = Image.open(path).convert("RGBA")
    if max(picture.size) > LARGEST:
        picture = picture.resize((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture).astype(np.float32)
    alpha = pixels[..., 3] / 255
    total = max(float(alpha.sum()), 1.0)
    bright = float((((pixels[..., :3] / 255) ** 2.2 @ _LUMA) * alpha).sum() / total)
    if alpha.min() < 0.99:
        mean = (pixels[..., :3] * alpha[..., None]).sum((0, 1)) / total
        pixels[alpha < 0.05, :3] = mean
    return pixels.astype(np.uint8), max(bright, 0.004)


@lru_cache(maxsize=6)
def _photo(path: Path) -> Float32Array:
    return np.asarray(Image.open(path).convert("RGB")).astype(np.float32) / np.float32(255)


@lru_cache(maxsize=6)
def _mask(path: Path, size: int) -> Float32Array:
    picture = Image.open(path).convert("L").resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(picture).astype(np.float32) / np.float32(255)


def region_masks(skin: Mesh, assets: RigAssets) -> dict[str, Float32Array]:
    """Per skin point (n,), 0..1: lips, eyelids, face, ears, inside-mouth."""
    masks = {}
    for name in ("lips", "eyelids", "face", "ears", "inside-mouth"):
        mask = _mask(assets.mask_path(name), 1024)
        column = np.clip((skin.uv_V2[:, 0] * 1024).astype(int), 0, 1023)
        row = np.clip((skin.uv_V2[:, 1] * 1024).astype(int), 0, 1023)
        values = np.zeros(skin.size, np.float32)
        np.maximum.at(values, skin.point_of_V, mask[row, column])
        masks[name] = values
    return masks


def paint_skin(spec: SkinSpec, assets: RigAssets) -> UInt8Array:
    """RGBA skin picture: colour, and 1 - alpha marks the lips (glossier)."""
    rgb = _photo(assets.path(f"skins/{spec.photo}.jpg")).copy()
    size = rgb.shape[0]
    lips = gaussian_filter(_mask(assets.mask_path("lips"), size), 2.0)
    out = np.concatenate([rgb, 1 - lips[..., None]], -1)
    return (out.clip(0, 1) * 255).astype(np.uint8)


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
