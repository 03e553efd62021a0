"""What parted lips show: teeth, tongue and the dark behind, from a bank of small pictures.

The bank is part of a character's geometry: the mouth's window with the jaw at rising openings, and
the tongue alone at rising lengths and openings. Between two of them one is blended into the next.
The paint network starts from the result, so teeth are where the jaw has them, and a tongue lies
over the lip; it settles light, lips and edges. A character without a bank has its one reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import MOTION_INDEX, Float32Array, UInt8Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_JAW: Final = MOTION_INDEX["jawOpen"]
_CLOSE: Final = MOTION_INDEX["mouthClose"]
_OUT: Final = MOTION_INDEX["tongueOut"]
_LOWER: Final = [MOTION_INDEX["mouthLowerDownLeft"], MOTION_INDEX["mouthLowerDownRight"]]
_ROOM: Final = 0.05
"""Opening (in units of jawOpen) below which the lips keep the tongue in."""
_SEEN: Final = 0.05
"""tongueOut below which nothing of the tongue is drawn."""


@dataclass(frozen=True, slots=True)
class MouthBank:
    """Pictures of a mouth's window; all (height, width, RGBA), premultiplied."""

    jaw_J: Float32Array
    """Rising jawOpen of `behind`."""
    behind_J: UInt8Array
    """The open mouth without its tongue put out (J, H, W, 4)."""
    out_T: Float32Array
    """Rising tongueOut of `tongue`."""
    tongue_jaw_K: Float32Array
    """Rising jawOpen of `tongue`."""
    tongue_TK: UInt8Array
    """The visible part of the tongue alone (T, K, H, W, 4)."""

    def behind(self, motion_D: Float32Array) -> UInt8Array:
        """What lies between and behind the lips."""
        low, share = _between(self.jaw_J, float(motion_D[_JAW]))
        return _blend(self.behind_J[low], self.behind_J[low + 1], share)

    def tongue(self, motion_D: Float32Array) -> UInt8Array | None:
        """The tongue as far as it is out, or None."""
        out, jaw = float(motion_D[_OUT]), float(motion_D[_JAW])
        room = jaw - float(motion_D[_CLOSE]) + 0.3 * float(motion_D[_LOWER].mean())
        shown = min((out - _SEEN) / (float(self.out_T[0]) - _SEEN), room / _ROOM, 1.0)
        if shown <= 0:
            return None
        t, t_share = _between(self.out_T, out)
        k, k_share = _between(self.tongue_jaw_K, jaw)
        short, long = (
            _blend(self.tongue_TK[i, k], self.tongue_TK[i, k + 1], k_share) for i in (t, t + 1)
        )
        tongue = _blend(short, long, t_share)
        return tongue if shown >= 1 else _blend(np.zeros_like(tongue), tongue, shown)


def _between(grid_N: Float32Array, value: float) -> tuple[int, float]:
    """Index of the step before a value, at most the last but one, and the share of the next."""
    low = int(np.clip(np.searchsorted(grid_N, value) - 1, 0, len(grid_N) - 2))
    step = float(grid_N[low + 1] - grid_N[low])
    return low, float(np.clip((value - float(grid_N[low])) / step, 0, 1))


def _blend(one: UInt8Array, other: UInt8Array, share: float) -> UInt8Array:
    blended: UInt8Array = cv.addWeighted(one, 1 - share, other, share, 0)
    return blended


def read_bank(data: dict[str, Any], size: tuple[int, int]) -> MouthBank | None:
    """The bank of a geometry file's arrays for a window (width, height); None where it has none.

    Raises:
        ValueError: pictures and grids do not fit.
    """
    if "mouth_jaw" not in data:
        return None
    jaw_J, out_T, tongue_jaw_K = (
        data[name].astype(np.float32) for name in ("mouth_jaw", "tongue_out", "tongue_jaw")
    )
    if any(len(grid) < 2 or (np.diff(grid) <= 0).any() for grid in (jaw_J, out_T, tongue_jaw_K)):
        raise ValueError("the mouth's pictures are in no order")
    behind = _pictures(data["mouth_colour"], None, len(jaw_J), size)
    count = len(out_T) * len(tongue_jaw_K)
    tongue = _pictures(data["tongue_colour"], data["tongue_alpha"], count, size)
    shape = (len(out_T), len(tongue_jaw_K), *tongue.shape[1:])
    return MouthBank(jaw_J, behind, out_T, tongue_jaw_K, tongue.reshape(shape))


def _pictures(
    colour: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, count: int, size: tuple[int, int]
) -> UInt8Array:
    """Pictures (count, H, W, 4) that were encoded below each other."""
    width, height = size
    bgr = cv.imdecode(colour, cv.IMREAD_COLOR)
    if bgr is None or bgr.shape != (count * height, width, 3):
        raise ValueError("the mouth's pictures cannot be read")
    cover = np.full(bgr.shape[:2], 255, np.uint8)
    if alpha is not None:
        cover = cv.imdecode(alpha, cv.IMREAD_GRAYSCALE)
        if cover is None or cover.shape != bgr.shape[:2]:
            raise ValueError("the tongue's outline cannot be read")
    rgb = np.minimum(cv.cvtColor(bgr, cv.COLOR_BGR2RGB), cover[..., None])
    return np.ascontiguousarray(np.dstack([rgb, cover])).reshape(count, height, width, 4)
