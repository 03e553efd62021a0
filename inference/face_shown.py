"""Which part of the frame is drawn: as much of it as the user's picture fills.

A picture cropped closely round a face lacks what the frame has around a head: half a skull, a
shoulder, the chest. It can be made up, and nobody would take it for real. So where the picture cuts
the person off, the frame ends there too: a smaller square of it is drawn, as large as a whole
frame, and the head stands larger in it, cut by the frame's edge as it is cut in the picture. All
else (geometry, layers, networks) goes on counting in the whole frame.

Only where a picture cuts the person it has a say; beside somebody its background goes on unseen.
"""

from __future__ import annotations

import io
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_frame import HEAD, TOP
from inference.face_grids import premultiply
from inference.frame_generator_layers import SIZE, WHOLE, Shown

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
KEY: Final = "shown"
"""Where `geometry.npz` says it."""
CLOSE: Final = 200
"""Shortest side of the part that is drawn: networks paint 96 pixels for a mouth, and beyond twice
their size these are soft beside the picture's own skin."""
STEP: Final = 4
"""Pixels between the parts that are compared."""
NEARLY: Final = 0.9
"""Share of the frame from which on all of it is drawn: a strip of the chest goes on unseen."""
INSET: Final = 3.0
"""Pixels that the part stays within the picture: its last ones are mixed with what is beyond."""
TOUCH: Final = 12
"""Pixels along a border that the person must touch to be cut off there."""
BESIDE: Final = 170
"""Columns from the middle within which a head and its hair lie: what touches the upper border
farther out is a thing in the background that was taken for hair."""
HEADROOM: Final = 0.15
"""Share of the part that may be free above the skull."""
LEAST_HEADROOM: Final = 0.10
"""The same, above a head that is whole: hair stands over the skull."""
BELOW_CHIN: Final = 0.15
"""Heads below the chin that are wanted within the part."""
NEAR: Final = 90
"""Columns from the middle within which a picture's upper and lower border count: a picture that
was turned upright lacks corners, and beside a neck nobody misses them."""
ASIDE: Final = 0.05
"""Share of the part by which the head's middle may stand aside of its middle."""
_CROWN: Final = TOP * SIZE
_HEAD: Final = HEAD * SIZE
_CHIN: Final = _CROWN + _HEAD
_MIDDLE: Final = SIZE / 2
_SIDES: Final = ("top", "right", "bottom", "left")
BESIDE_HEAD: Final = ("right", "left")
_WEIGHT: Final = {"top": 20.0, "right": 6.0, "bottom": 20.0, "left": 6.0}
"""What a head's length of made-up picture costs at each side; a picture half as large costs 1. At
the sides the person fades away (`inference.compositor`)."""


def shown_of(corners_42: Float32Array, portrait: UInt8Array) -> Shown:
    """The part to draw of a portrait (SIZE, SIZE, RGBA) whose picture has these corners in the
    frame (`face_frame.corners_of`)."""
    alpha = portrait[..., 3]
    lines = _cut_lines(alpha, corners_42)
    low = _lowest(alpha)
    if low < SIZE - 1 and float((alpha > 250).mean()) > 0.01:
        # cut out, and the person ends within the frame: it must not hang in the air
        lines["bottom"] = [*lines["bottom"], np.array([0.0, -1.0, low - 1.0])]
    if not any(lines.values()):
        return WHOLE
    y, x, side = _candidates()
    cost = np.log2(SIZE / side) + _composition(x, y, side, top_cut=bool(lines["top"]))
    for name, each in lines.items():
        cost += _WEIGHT[name] * _lacking(each, name in BESIDE_HEAD, x, y, side) / _HEAD
    best = int(cost.argmin())
    found = Shown(float(x[best]), float(y[best]), float(side[best]))
    return WHOLE if found.side > NEARLY * SIZE and not lines["top"] else found


def _lacking(lines: list[Any], beside: bool, x: Any, y: Any, side: Any) -> Any:
    """How many pixels (N,) of the head's surroundings each part has beyond lines (see
    `_cut_lines`): at the head's columns, or, of those `beside` it, in the rows down to its chin.
    Shoulders may fade away beside it."""
    columns = [np.clip(x + i * side, _MIDDLE - NEAR, _MIDDLE + NEAR) for i in (0, 1)]
    rows = [y, y + side]
    if beside:
        columns, rows = [x, x + side], [np.minimum(row, _CHIN) for row in rows]
    out = np.zeros_like(side)
    for a, b, c in lines:  # the worst corner decides
        out = np.maximum(out, -np.min([a * i + b * j + c for i in columns for j in rows], 0))
    return out


def as_shown(portrait: UInt8Array, shown: Shown) -> UInt8Array:
    """A portrait (SIZE, SIZE, RGBA, straight alpha) as it is drawn, of the same size."""
    if shown == WHOLE:
        return portrait
    scale = SIZE / shown.side
    matrix = shown_matrix(shown)
    large = cv.warpAffine(
        premultiply(portrait), matrix, (SIZE, SIZE), flags=cv.INTER_CUBIC,
        borderMode=cv.BORDER_REPLICATE,
    ).astype(np.float32)  # fmt: skip
    assert scale >= 1
    large[..., :3] *= 255 / np.maximum(large[..., 3:], 1)
    return np.asarray(np.rint(large.clip(0, 255)), np.uint8)


def shown_matrix(shown: Shown) -> Any:
    """From the frame's pixels to those of the part that is shown (2, 3); centres are integers."""
    scale = SIZE / shown.side
    return np.array([
        [scale, 0, (0.5 - shown.x) * scale - 0.5], [0, scale, (0.5 - shown.y) * scale - 0.5]
    ])  # fmt: skip


def stored_shown(geometry: bytes) -> Shown:
    """The part that a file `geometry.npz` says."""
    with np.load(io.BytesIO(geometry), allow_pickle=False) as arrays:
        return Shown(*(float(v) for v in arrays[KEY])) if KEY in arrays.files else WHOLE


def _candidates() -> tuple[Any, Any, Any]:
    """Every part that may be drawn: upper edges, left edges and sides (N,)."""
    out = []
    for side in range(SIZE, CLOSE - 1, -STEP):
        at = np.arange(0, SIZE - side + 1, STEP, dtype=np.float32)
        y, x = np.meshgrid(at, at, indexing="ij")
        out.append(np.stack([y.ravel(), x.ravel(), np.full(y.size, side, np.float32)]))
    y, x, side = np.concatenate(out, 1)
    return y, x, side


def _composition(x: Any, y: Any, side: Any, top_cut: bool) -> Any:
    """How badly a head stands in each part."""
    above = (_CROWN - y) / side
    cost = 12 * np.maximum(above - HEADROOM, 0)
    if not top_cut:
        cost += 6 * np.maximum(LEAST_HEADROOM - above, 0)
    aside = np.abs(x + side / 2 - _MIDDLE) / side
    cost += 4 * np.maximum(aside - ASIDE, 0) + 0.5 * aside
    return cost + 24 * np.maximum(_CHIN + BELOW_CHIN * _HEAD - (y + side), 0) / _HEAD


def _cut_lines(alpha: UInt8Array, corners_42: Float32Array) -> dict[str, list[Any]]:
    """For each border at which the person is cut, a line (a, b, c): a x + b y + c is how many
    pixels a place lies within it."""
    out: dict[str, list[Any]] = {}
    for k, name in enumerate(_SIDES):
        start, _, inward = _border(corners_42, k)
        line = np.array([*inward, -float(start @ inward) - INSET])
        places = touched(alpha, corners_42, k)
        if name in BESIDE_HEAD:  # shoulders that are cut beside it fade away
            places = places[places[:, 1] < _CHIN]
        out[name] = [line] if len(places) > TOUCH else []
    return out


def touched(alpha: UInt8Array, corners_42: Float32Array, side: int) -> Float32Array:
    """Frame places (N, 2), a pixel apart, where the person touches a border of the picture.

    `side` counts from the upper border, clockwise; `alpha` (SIZE, SIZE) is the person's.
    """
    start, end, inward = _border(corners_42, side)
    count = max(int(np.linalg.norm(end - start)), 2)
    places = start + np.linspace(0, 1, count)[:, None] * (end - start) + INSET * inward
    pixels = np.rint(places).astype(int)
    seen = ((pixels >= 0) & (pixels < SIZE)).all(1)
    if side == 0:
        seen &= np.abs(pixels[:, 0] - _MIDDLE) < BESIDE
    pixels, places = pixels[seen], places[seen]
    found: Float32Array = places[alpha[pixels[:, 1], pixels[:, 0]] > 127].astype(np.float32)
    return found


def _border(corners_42: Float32Array, side: int) -> tuple[Any, Any, Any]:
    """Both ends of a border, and the direction from it into the picture."""
    start, end = corners_42[side], corners_42[(side + 1) % 4]
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    inward = np.array([-along[1], along[0]])
    inward *= np.sign(float((corners_42.mean(0) - start) @ inward)) or 1.0
    return start, end, inward


def _lowest(alpha: UInt8Array) -> int:
    """The row in which a cut-out person ends as if cut with scissors; the frame's last one where
    there is no such row, since the person goes on below or ends in feet."""
    wide = (alpha > 127).sum(1)
    wide[: round(_CHIN)] = 0
    if not wide.any():
        return SIZE - 1
    low = int(np.flatnonzero(wide * 2 >= wide.max())[-1])
    return low if not wide[low + TOUCH :].any() else SIZE - 1
