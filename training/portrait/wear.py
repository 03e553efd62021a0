"""What may have happened to a picture: cameras, files, painters and pens, all by chance.

Works on crops of RGB float32 in 0..1 and leaves every point where it is. It is what lets networks
that only ever saw the rig read photographs, paintings and drawings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_GREY: Final = np.array([0.30, 0.59, 0.11], np.float32)
Rng = np.random.Generator


def worn(rgb: Float32Array, rng: Rng) -> Float32Array:
    """The picture after a random choice of everything here."""
    out = rgb
    for chance, change in _PAINTERS if rng.random() < 0.45 else ():
        if rng.random() < chance:
            out = change(out, rng)
    for chance, change in _COLOURS:
        if rng.random() < chance:
            out = np.clip(change(out, rng), 0, 1)
    for chance, change in _FILES:
        if rng.random() < chance:
            out = np.clip(change(out, rng), 0, 1)
    return np.asarray(out, np.float32)


# --- colour and light ------------------------------------------------------------------------


def _tone(rgb: Any, rng: Rng) -> Any:
    gain = np.exp(rng.normal(0, 0.10, 3)).astype(np.float32)
    bright = float(np.exp(rng.normal(0, 0.22)))
    gamma = float(np.exp(rng.normal(0, 0.25)))
    contrast = float(rng.uniform(0.6, 1.4))
    out = np.clip(rgb * gain * bright, 0, 1) ** gamma
    return (out - 0.5) * contrast + 0.5 + float(rng.normal(0, 0.04))


def _mix(rgb: Any, rng: Rng) -> Any:
    """Hues turned: skins of any colour."""
    matrix = np.eye(3) + rng.normal(0, 0.22, (3, 3))
    matrix /= np.maximum(matrix.sum(1, keepdims=True), 0.4)
    return rgb @ matrix.T.astype(np.float32)


def _saturate(rgb: Any, rng: Rng) -> Any:
    grey = (rgb @ _GREY)[..., None]
    return grey + (rgb - grey) * float(rng.uniform(0.2, 1.7))


def _grey(rgb: Any, rng: Rng) -> Any:
    return np.repeat((rgb @ _GREY)[..., None], 3, 2)


def _duotone(rgb: Any, rng: Rng) -> Any:
    """Sepia, blueprint, coloured paper: dark and light ends of two colours."""
    grey = (rgb @ _GREY)[..., None]
    dark = rng.uniform(0, 0.35, 3).astype(np.float32)
    warm = np.array([1.0, 0.92, 0.75]) if rng.random() < 0.6 else rng.uniform(0.5, 1.0, 3)
    return dark + grey * (warm.astype(np.float32) - dark)


def _lamp(rgb: Any, rng: Rng) -> Any:
    """Light that falls off across the picture, of some colour."""
    side = rgb.shape[0]
    at = np.linspace(-1, 1, side, dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    slope = at[None, :] * np.cos(angle) + at[:, None] * np.sin(angle)
    colour = 1 + rng.normal(0, 0.1, 3)
    return rgb * (1 + slope[..., None] * (rng.uniform(0.1, 0.6) * colour).astype(np.float32))


# --- painters and pens -----------------------------------------------------------------------


def _flatten(rgb: Any, rng: Rng) -> Any:
    """Smooth areas with clear borders, as painted."""
    out = np.asarray(rgb, np.float32)
    for _ in range(int(rng.integers(1, 3))):
        out = cv.bilateralFilter(out, 5, float(rng.uniform(0.08, 0.25)), 4.0)
    return out


def _dabs(rgb: Any, rng: Rng) -> Any:
    """Brush dabs: the median of each neighbourhood."""
    size = int(rng.choice([3, 5, 5, 7]))
    return cv.medianBlur(_bytes(rgb), size).astype(np.float32) / 255


def _strokes(rgb: Any, rng: Rng) -> Any:
    """Pixels taken from a little further along a slowly turning direction."""
    side = rgb.shape[0]
    angle = cv.resize(rng.uniform(0, 6.3, (5, 5)).astype(np.float32), (side, side))
    noise = rng.normal(0, 1, (side, side)).astype(np.float32)
    noise = cv.GaussianBlur(noise, (0, 0), float(rng.uniform(0.6, 1.4)))
    noise *= float(rng.uniform(0.8, 2.0)) / max(float(noise.std()), 1e-4)
    x, y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    return cv.remap(
        np.asarray(rgb, np.float32), x + noise * np.cos(angle), y + noise * np.sin(angle),
        cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE,
    )  # fmt: skip


def _posterise(rgb: Any, rng: Rng) -> Any:
    steps = int(rng.integers(3, 9))
    return np.rint(rgb * steps) / steps


def _edges(rgb: Any, rng: Rng) -> Any:
    """How dark a pen would be (h, w): difference of Gaussians (H. Winnemöller, 2011)."""
    grey = cv.GaussianBlur((rgb @ _GREY).astype(np.float32), (0, 0), float(rng.uniform(0.4, 1.0)))
    wide = cv.GaussianBlur(grey, (0, 0), float(rng.uniform(1.2, 2.5)))
    return np.clip((wide - grey) * float(rng.uniform(8, 25)) - 0.1, 0, 1)


def _ink(rgb: Any, rng: Rng) -> Any:
    """Dark lines over the colours."""
    pen = _edges(rgb, rng)[..., None]
    return rgb * (1 - pen * float(rng.uniform(0.4, 1.0)))


def _sketch(rgb: Any, rng: Rng) -> Any:
    """Lines on paper, with some of the shade left."""
    pen = _edges(rgb, rng)
    grey = (rgb @ _GREY).astype(np.float32)
    shade = float(rng.uniform(0.0, 0.7))
    light = (1 - pen) * (1 - shade + shade * grey)
    paper = rng.uniform(0.75, 1.0, 3).astype(np.float32)
    colour = float(rng.uniform(0, 0.5)) if rng.random() < 0.4 else 0.0
    line = light[..., None] * paper
    return line * (1 - colour) + colour * line * rgb / np.maximum(grey[..., None], 0.15)


def _grain(rgb: Any, rng: Rng) -> Any:
    """Canvas or paper: a texture that darkens and lightens."""
    side = rgb.shape[0]
    noise = rng.normal(0, 1, (side, side)).astype(np.float32)
    sigma = (float(rng.uniform(0.01, 2.5)), float(rng.uniform(0.01, 2.5)))
    noise = cv.GaussianBlur(noise, (0, 0), sigma[0] + 0.3, sigmaY=sigma[1] + 0.3)
    noise *= float(rng.uniform(0.02, 0.10)) / max(float(noise.std()), 1e-4)
    return rgb * (1 + noise[..., None])


def _hatch(rgb: Any, rng: Rng) -> Any:
    """Shadows hatched or dotted, as in print."""
    side = rgb.shape[0]
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    step, angle = rng.uniform(2.2, 5), rng.uniform(0, 3.14)
    along = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / step)
    across = (y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / step)
    screen = 0.5 + 0.25 * (np.sin(along) + (np.sin(across) if rng.random() < 0.5 else 0))
    dark = np.clip(0.7 - (rgb @ _GREY), 0, 1) * float(rng.uniform(0.3, 1.0))
    return rgb * (1 - (dark * (screen > 0.5)))[..., None].astype(np.float32)


# --- files -----------------------------------------------------------------------------------


def _blur(rgb: Any, rng: Rng) -> Any:
    return cv.GaussianBlur(np.asarray(rgb, np.float32), (0, 0), float(rng.uniform(0.4, 1.8)))


def _sharpen(rgb: Any, rng: Rng) -> Any:
    soft = cv.GaussianBlur(np.asarray(rgb, np.float32), (0, 0), float(rng.uniform(0.7, 2)))
    return rgb + (rgb - soft) * float(rng.uniform(0.3, 1.8))


def _small(rgb: Any, rng: Rng) -> Any:
    side = rgb.shape[0]
    low = int(side * rng.uniform(0.3, 0.8))
    down = cv.resize(np.asarray(rgb, np.float32), (low, low), interpolation=cv.INTER_AREA)
    how = cv.INTER_NEAREST if rng.random() < 0.15 else cv.INTER_LINEAR
    return cv.resize(down, (side, side), interpolation=how)


def _noise(rgb: Any, rng: Rng) -> Any:
    size = float(rng.gamma(1.5, 0.02))
    grain = rng.normal(0, size, (*rgb.shape[:2], 1 if rng.random() < 0.4 else 3))
    return rgb + grain.astype(np.float32)


def _jpeg(rgb: Any, rng: Rng) -> Any:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 92))]
    _, packed = cv.imencode(".jpg", _bytes(rgb), quality)
    return cv.imdecode(packed, cv2.IMREAD_COLOR).astype(np.float32) / 255


def _bytes(rgb: Any) -> Any:
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


Change = Callable[[Any, Rng], Any]
_PAINTERS: Final[tuple[tuple[float, Change], ...]] = (
    (0.25, _flatten), (0.25, _dabs), (0.25, _strokes), (0.12, _posterise), (0.22, _ink),
    (0.14, _sketch), (0.10, _hatch), (0.30, _grain),
)  # fmt: skip
_COLOURS: Final[tuple[tuple[float, Change], ...]] = (
    (0.20, _mix), (0.30, _saturate), (0.80, _tone), (0.25, _lamp), (0.10, _grey), (0.08, _duotone),
)  # fmt: skip
_FILES: Final[tuple[tuple[float, Change], ...]] = (
    (0.20, _small), (0.20, _blur), (0.15, _sharpen), (0.30, _noise), (0.25, _jpeg),
)  # fmt: skip
