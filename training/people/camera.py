"""What a camera does to a picture: grading that all pictures of a person share, and wear of one.

Exposure, white balance, contrast and saturation belong to the portrait, so source and targets get
the same. Noise, blur and JPEG belong to the file a user has: only the source gets them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from training.people.spec import FigureSpec


@dataclass(frozen=True, slots=True)
class Grade:
    """Gains on linear RGB, a contrast about middle grey, saturation (1 as drawn)."""

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0

    def apply(self, rgb: Float32Array) -> Float32Array:
        """Graded sRGB (h, w, 3) in 0..1."""
        linear = np.clip(rgb, 0, 1) ** np.float32(2.2) * np.asarray(self.gains, np.float32)
        out = np.clip(linear, 0, 1) ** np.float32(1 / 2.2)
        out = 0.5 + (out - 0.5) * np.float32(self.contrast)
        if self.saturation != 1:
            grey = out @ np.asarray([0.30, 0.59, 0.11], np.float32)
            out = grey[..., None] + (out - grey[..., None]) * np.float32(self.saturation)
        graded: Float32Array = np.clip(out, 0, 1).astype(np.float32)
        return graded


@dataclass(frozen=True, slots=True)
class Wear:
    """Blur (sigma in pixels of 512), noise (standard deviation, sRGB), JPEG quality (0: none)."""

    blur: float = 0.0
    noise: float = 0.0
    quality: int = 0
    seed: int = 0

    def apply(self, rgb: UInt8Array) -> UInt8Array:
        """The worn picture (h, w, 3)."""
        out = rgb
        if self.blur:
            sigma = max(self.blur * len(rgb) / 512, 0.2)
            out = np.asarray(cv2.GaussianBlur(out, (0, 0), sigma), np.uint8)
        if self.noise:
            rng = np.random.default_rng(self.seed)
            grain = rng.normal(0, 1, out.shape).astype(np.float32)
            grain = 0.7 * grain + 0.6 * cv2.GaussianBlur(grain, (0, 0), 0.8)
            dark = 1.3 - 0.6 * out.astype(np.float32) / 255
            out = np.rint(np.clip(out + 255 * self.noise * grain * dark, 0, 255)).astype(np.uint8)
        if self.quality:
            _, packed = cv2.imencode(
                ".jpg", out[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self.quality]
            )
            worn = cv2.imdecode(packed, cv2.IMREAD_COLOR)
            assert worn is not None
            out = np.ascontiguousarray(worn[..., ::-1], np.uint8)
        return out


def draw_grade(figure: FigureSpec, rng: np.random.Generator) -> Grade:
    """White balance and contrast by chance; black and white for that held-out variant."""
    if figure.variant == "black-and-white":
        return Grade((1.0, 1.0, 1.0), float(rng.uniform(0.95, 1.3)), 0.0)
    if figure.look == "drawn" and rng.random() < 0.6:
        return Grade()
    tone = np.exp(rng.normal(0, (0.07, 0.02, 0.09)))
    r, g, b = (float(v) for v in tone / tone.mean())
    return Grade((r, g, b), float(rng.uniform(0.85, 1.12)), float(rng.uniform(0.75, 1.2)))


def draw_wear(figure: FigureSpec, rng: np.random.Generator) -> Wear:
    """How the user's file looks; half of all are clean."""
    seed = int(rng.integers(1 << 30))
    if rng.random() < (0.2 if figure.variant == "webcam" else 0.6):
        return Wear(seed=seed)
    photo = figure.look == "photo"
    return Wear(
        blur=float(rng.uniform(0.3, 1.2)) if rng.random() < 0.4 else 0.0,
        noise=float(rng.gamma(1.5, 0.008)) if photo and rng.random() < 0.7 else 0.0,
        quality=int(rng.integers(55, 97)) if rng.random() < 0.6 else 0,
        seed=seed,
    )


def compose(rgba: UInt8Array, behind: Float32Array, grade: Grade) -> UInt8Array:
    """A picture laid over a background, graded; RGB uint8."""
    alpha = rgba[..., 3:] / np.float32(255)
    rgb = rgba[..., :3] / np.float32(255) * alpha + behind * (1 - alpha)
    return np.rint(grade.apply(rgb.astype(np.float32)) * 255).astype(np.uint8)
