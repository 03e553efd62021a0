"""The line of lashes along an upper lid's edge: as dark and as wide as the picture's own.

The dark band at the edge of the open lid is measured across, everywhere along the edge, and evened
out; the same band goes with the edge as the lid closes and lies along the lower lid's contour when
it is shut. Single hairs are not carried: read at one place and drawn at another they are blots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array
from inference.face_grids import smoothstep
from inference.face_lashes import STEPS, beside, up_from

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
INSIDE: Final = 1.5
"""Pixels within the opening where the band may begin."""
LENGTH: Final = (0.35, 3.0, 8.0)
"""How far above the edge it is looked for: share of the eye's height, least and most pixels."""
WIDTHS: Final = (1.2, 0.25, 4.5)
"""Least thickness in pixels; most, as a share of the eye's height and in pixels."""
LEAST: Final = 0.30
"""Least darkness of a shut eye's line: share of the skin's brightness."""
FAINTER: Final = 0.55
"""Brightness of the ink over the skin's, at most."""
ALONG: Final = 4.0
"""Steps (sigma) over which the band is evened out."""
TAPER: Final = 0.16
"""Share of the edge over which the line thins towards its ends."""
FINE: Final = 0.25
"""Pixels between two samples across the band."""


@dataclass(frozen=True, slots=True)
class LashLine:
    """One upper lid's."""

    thick_S: Float32Array
    """Pixels, from the inner to the outer corner."""
    dark_S: Float32Array
    """Share of the ink's darkness."""
    ink_3: Float32Array
    """Colour over the skin's, 0..1."""

    def drawn(self, edge_S2: Float32Array, shape: tuple[int, int], fine: int) -> Float32Array:
        """Share (H, W) that the line covers when the edge (fine pixels) lies there."""
        nearest, above = beside(edge_S2, shape)
        thick = self.thick_S[nearest] * fine / 2
        inside = smoothstep(thick + 0.35 * fine, np.maximum(thick - 0.55 * fine, 0), np.abs(above))
        return np.asarray(inside * self.dark_S[nearest], np.float32)


def lash_line(
    picture: Float32Array, plain: Float32Array, edge_S2: Float32Array, height: float
) -> LashLine:
    """Measure the band at an open lid's edge (pixels of the window (H, W, 3)) against the `plain`
    skin; `height` is the eye's."""
    share, least, most = LENGTH
    length = float(np.clip(share * height, least, most))
    offset_N = np.arange(-INSIDE, length, FINE, dtype=np.float32)
    place = edge_S2[:, None] + up_from(edge_S2)[:, None] * offset_N[None, :, None]
    x, y = (np.ascontiguousarray(place[..., k], np.float32) for k in (0, 1))
    own, skin = (
        cv.remap(values, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
        for values in (picture, plain)
    )
    light = np.maximum(skin.mean(2), 4.0)
    dark = np.clip(1 - own.mean(2) / light, 0, 1)
    far = dark[:, offset_N > 0.7 * length].min(1, keepdims=True)  # a shadow is no lash
    dark = cv.GaussianBlur(np.maximum(dark - far, 0), (1, 4 * int(ALONG) + 1), 0, sigmaY=ALONG)
    peak = dark.max(1)
    at = dark.argmax(1)
    band = np.abs(np.arange(len(offset_N))[None] - at[:, None]) * FINE <= length / 2
    thick = (dark * band).sum(1) * FINE / np.maximum(peak, 0.02)
    widest = max(min(WIDTHS[1] * height, WIDTHS[2]), 1.3 * WIDTHS[0])
    ends = _ends()
    thick = np.clip(_even(thick), WIDTHS[0], widest) * (0.55 + 0.45 * ends)
    ratio = (own / np.maximum(skin, 4.0)).reshape(-1, 3)
    order = np.argsort(ratio.mean(1))[: max(len(ratio) // 12, 1)]
    ink = np.median(ratio[order], 0)
    ink = np.clip(ink * min(1.0, FAINTER / max(float(ink.mean()), 1e-3)), 0, 1)
    deep = _even(np.maximum(peak, LEAST)) / max(1 - float(ink.mean()), 1e-3)
    return LashLine(
        thick.astype(np.float32),
        np.asarray(np.clip(deep, 0, 1) * (0.5 + 0.5 * ends), np.float32),
        ink.astype(np.float32),
    )


def _ends() -> Float32Array:
    along = np.linspace(0, 1, STEPS, dtype=np.float32)
    return np.asarray(smoothstep(0.0, TAPER, np.minimum(along, 1 - along)), np.float32)


def _even(values_S: Float32Array) -> Float32Array:
    """Values along an edge without what only few steps show."""
    reach = STEPS // 6
    padded = np.pad(values_S, reach, mode="reflect")
    median = np.array([np.median(padded[k : k + 2 * reach + 1]) for k in range(len(values_S))])
    smooth = cv.GaussianBlur(
        median.astype(np.float32)[:, None], (1, 4 * int(ALONG) + 1), 0, sigmaY=ALONG,
        borderType=cv.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(smooth[:, 0], np.float32)
