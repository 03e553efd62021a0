"""Finds the mouth that is open in a picture already: where its lips really end.

The reader puts the inner edges of open lips next to each other, between them, as if they were shut.
A mouth whose lips are believed there opens a second time, and cannot close. So, before the head is
fitted, the picture is asked: in paint and photographs for teeth between the lips, in drawings of
plain colours for a shape bordered by ink that is no skin. Marks set by hand are always believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import MARGIN, smoothstep
from inference.face_mouth_drawn import is_flat
from inference.face_points import Landmarks
from inference.frame_generator_windows import WINDOW_SIZES

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
OUTER: Final = ("right_3", "right_2", "right_1", "mid", "left_1", "left_2", "left_3")
INNER: Final = ("right_2", "right_1", "mid", "left_1", "left_2")
"""Names of a lip's marks from the picture's left; they part the mouth's width evenly."""
STRIP: Final = (64, 48)
"""Columns and rows to which what lies between the outer edges of the lips is resampled."""
BLUR: Final = 0.7
TEETH: Final = ((4.0, 10.0), (4.0, 12.0))
"""Chroma below and lightness above that of the lips (Lab) which teeth begin to have, and have."""
DARK: Final = (0.62, 0.47)
"""The same of lightness, over that of the lips, of the dark beside teeth."""
SHOWN: Final = 0.06
"""Share of the mouth that shows teeth, from which it is open. Open ones had 0.09 and more, shut
ones up to 0.03."""
WIDE: Final = 0.35
"""Share of the mouth's width that they take."""
UNLIKE_SKIN: Final = 12.0
"""Distance (Lab) from the skin of a drawing, from which a pixel is of something else."""
INKED: Final = 0.4
"""Share of the border of a drawn mouth that is of ink."""
TALL: Final = 6.0
"""Pixels between the lips from which a drawn mouth is open."""
LINE: Final = 1.5
"""Pixels of its outline that go with the lips."""


@dataclass(frozen=True)
class Opening:
    """An open mouth: rows (C,) of its upper and lower edge at rising places (C,) across."""

    x_C: Float32Array
    top_C: Float32Array
    bottom_C: Float32Array


def with_true_lips(picture: UInt8Array, landmarks: Landmarks) -> Landmarks:
    """The marks (pixels of the frame) with the lips where a picture (592, 592, RGB) that shows
    them parted has them; otherwise the same."""
    known = landmarks.marks
    names = ["mouth_left", "mouth_right"]
    names += [f"lip_{lip}_{at}" for lip in ("upper", "lower") for at in OUTER]
    if any(name not in known for name in names):
        return landmarks
    if any(
        mark.by == "hand" for name, mark in known.items() if name.startswith(("lip_", "mouth_"))
    ):
        return landmarks
    if _is_drawn(picture, landmarks):
        found = drawn_opening(picture, landmarks)
        return landmarks if found is None else _moved(landmarks, found, True)
    seen = teeth_between(picture, landmarks)
    return landmarks if seen is None else _moved(landmarks, seen, False)


def _is_drawn(picture: UInt8Array, landmarks: Landmarks) -> bool:
    corners = [landmarks.marks[name] for name in ("mouth_left", "mouth_right")]
    width, height = WINDOW_SIZES["mouth"]
    x, y = (sum(place) / 2 for place in zip(*((m.x, m.y) for m in corners), strict=True))
    frame = picture[MARGIN:-MARGIN, MARGIN:-MARGIN, :3]
    opaque = np.full((*frame.shape[:2], 1), 255, np.uint8)
    return is_flat(np.dstack([frame, opaque]), (round(x - width / 2), round(y - height / 2)))


def _box(landmarks: Landmarks) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (pixels of the picture) of the mouth and half its width around."""
    lips = [m for n, m in landmarks.marks.items() if n.startswith(("lip_", "mouth_"))]
    x, y = np.array([m.x for m in lips]) + MARGIN, np.array([m.y for m in lips]) + MARGIN
    around = 0.5 * float(np.ptp(x))
    side = (x.min() - around, y.min() - around, x.max() + around, y.max() + around)
    left, top, right, bottom = (round(float(v)) for v in side)
    return left, top, right, bottom


def _edge(landmarks: Landmarks, lip: str) -> Any:
    """Places (9, 2) along a lip's outer edge, from the picture's left."""
    names = ["mouth_right", *(f"lip_{lip}_{at}" for at in OUTER), "mouth_left"]
    marks = [landmarks.marks[name] for name in names]
    places = np.array([(mark.x, mark.y) for mark in marks])
    return places[np.argsort(places[:, 0], kind="stable")]


def teeth_between(picture: UInt8Array, landmarks: Landmarks) -> Opening | None:
    """The opening of lips that show teeth; None where they show none."""
    columns, rows = STRIP
    upper, lower = _edge(landmarks, "upper"), _edge(landmarks, "lower")
    x = np.linspace(upper[0, 0], upper[-1, 0], columns + 2)[1:-1]
    top, bottom = np.interp(x, *upper.T), np.interp(x, *lower.T)
    if float((bottom - top).mean()) < TALL:
        return None
    down = ((np.arange(rows) + 0.5) / rows)[:, None]
    y = (top + down * (bottom - top) + MARGIN).astype(np.float32)
    across = np.ascontiguousarray(np.broadcast_to(x + MARGIN, y.shape), np.float32)
    strip = cv.remap(cv.GaussianBlur(picture, (0, 0), BLUR), across, y, cv.INTER_LINEAR)
    lab = cv.cvtColor(strip.astype(np.float32) / 255, cv.COLOR_RGB2LAB)
    teeth, dark = _unlike_lips(lab, down)
    inner = (slice(rows // 12, -rows // 8), slice(2, -2))
    open_ = np.zeros((rows, columns), np.uint8)
    open_[inner] = np.maximum(teeth, dark)[inner] > 0.5
    open_ = cv.morphologyEx(open_, cv.MORPH_CLOSE, np.ones((5, 11), np.uint8))
    count, label = cv.connectedComponents(open_)
    shown = np.bincount(label.ravel(), ((teeth > 0.5) & (open_ > 0)).ravel(), count)
    shown[0] = 0
    best = int(shown.argmax())
    part = label == best
    wide = int(((teeth > 0.5) & part).any(0).sum())
    if shown[best] < SHOWN * open_.size or wide < WIDE * columns:
        return None
    seen = np.flatnonzero(part.any(0))
    # a highlight of a lip that touches the teeth is no part of the opening
    first, last = (
        np.median(sliding_window_view(np.pad(edge, 5, mode="edge"), 11), axis=1)
        for edge in (part[:, seen].argmax(0) / rows, 1 - part[::-1, seen].argmax(0) / rows)
    )
    ends = x[seen]
    high = top[seen] + first * (bottom - top)[seen]
    low = top[seen] + last * (bottom - top)[seen]
    corners = [landmarks.marks[name] for name in ("mouth_right", "mouth_left")]
    corners.sort(key=lambda mark: mark.x)
    at = np.concatenate([[corners[0].x], ends, [corners[1].x]])
    curves = [
        np.interp(x, at, np.concatenate([[corners[0].y], edge, [corners[1].y]]))
        for edge in (high, low)
    ]
    high, low = (cv.GaussianBlur(c[None].astype(np.float32), (0, 0), 2.5)[0] for c in curves)
    return Opening(x.astype(np.float32), high, low)


def _unlike_lips(lab: Float32Array, down: Any) -> tuple[Any, Any]:
    """How much each pixel of a strip looks like teeth, and like the dark beside them (0..1)."""
    middle = slice(lab.shape[1] // 5, -(lab.shape[1] // 5))
    bands = (
        lab[:, middle][((down > a) & (down < b))[:, 0]] for a, b in ((0.03, 0.12), (0.8, 0.95))
    )
    upper, lower = (np.median(band.reshape(-1, 3), 0) for band in bands)
    share = np.clip((down - 0.2) / 0.5, 0, 1)[..., None]
    lip = upper * (1 - share) + lower * share
    paler = np.hypot(lip[..., 1], lip[..., 2]) - np.hypot(lab[..., 1], lab[..., 2])
    lighter = lab[..., 0] - lip[..., 0]
    (pale, light) = TEETH
    teeth = np.minimum(smoothstep(*pale, paler), smoothstep(*light, lighter))
    least = max(float(min(upper[0], lower[0])), 1.0)
    return teeth, smoothstep(*DARK, lab[..., 0] / least)


def drawn_opening(picture: UInt8Array, landmarks: Landmarks) -> Opening | None:
    """The shape, bordered by ink and no skin inside, that a drawing has for a mouth; or None."""
    left, top, right, bottom = _box(landmarks)
    left, top = max(left, 0), max(top, 0)
    part = np.ascontiguousarray(picture[top:bottom, left:right, :3])
    if min(part.shape[:2]) < 16:
        return None
    lab = cv.cvtColor(part.astype(np.float32) / 255, cv.COLOR_RGB2LAB)
    flat = lab.reshape(-1, 3)
    bright = flat[flat[:, 0] >= np.median(flat[:, 0])]
    skin = np.median(bright, 0)
    other = (np.linalg.norm(lab - skin, axis=2) > UNLIKE_SKIN).astype(np.uint8)
    label = cv.connectedComponents(other)[1]
    ring = np.concatenate([_edge(landmarks, "upper"), _edge(landmarks, "lower")[::-1]])
    near = np.zeros(other.shape, np.uint8)
    corner = np.array([left, top]) - MARGIN
    cv.fillPoly(near, [np.rint(ring - corner).astype(np.int32)], 1)
    hits = np.bincount(label[near > 0], minlength=int(label.max()) + 1)
    hits[0] = 0
    shape = (label == int(hits.argmax())) & (hits.max() > 0)
    rows, columns = np.flatnonzero(shape.any(1)), np.flatnonzero(shape.any(0))
    if len(rows) < TALL or len(columns) < TALL or _at_border(shape):
        return None
    whole = cv.morphologyEx(shape.astype(np.uint8), cv.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    high = (whole[:, columns] > 0).argmax(0)
    low = whole.shape[0] - (whole[::-1, columns] > 0).argmax(0)
    if not _inked(lab, skin, whole) or float((low - high).max()) < TALL + 2 * LINE:
        return None
    x, y = columns + corner[0], corner[1]
    smooth = (
        cv.GaussianBlur((e + y - 0.5)[None].astype(np.float32), (0, 0), 1.0)[0] for e in (high, low)
    )
    return Opening(x.astype(np.float32), *smooth)


def _at_border(shape: Any) -> bool:
    return bool(shape[0].any() or shape[-1].any() or shape[:, 0].any() or shape[:, -1].any())


def _inked(lab: Float32Array, skin_3: Any, shape: Any) -> bool:
    """Whether enough of a shape's border is darker than both the skin and what it holds."""
    kernel = np.ones((3, 3), np.uint8)
    core = cv.erode(shape, kernel, iterations=3)
    if core.sum() < 12:
        return False
    rim = (shape > 0) & (core == 0)
    inside = float(np.percentile(lab[core > 0][:, 0], 60))
    dark = lab[..., 0] < min(inside, float(skin_3[0])) - 15
    # ink lies a pixel or two inside the border: of each stretch of it the darkest pixel counts
    line = cv.dilate((dark & rim).astype(np.uint8), kernel, iterations=2)
    border = (shape > 0) & (cv.erode(shape, kernel) == 0)
    return float(line[border].mean()) > INKED


def _moved(landmarks: Landmarks, opening: Opening, outer: bool) -> Landmarks:
    """The marks with those of the lips' inner edges at an opening; with `outer`, all of the mouth:
    a drawn one has no other lips than its outline."""
    x, high, low = opening.x_C, opening.top_C, opening.bottom_C
    known = landmarks.marks
    first, last = sorted((known["mouth_right"].x, known["mouth_left"].x))
    thick = LINE if outer else 0.0
    places: dict[str, tuple[float, float]] = {}
    if outer:
        first, last = float(x[0]), float(x[-1])
        ends = {"mouth_right": 0, "mouth_left": -1}
        places |= {n: (float(x[k]), float(high[k] + low[k]) / 2) for n, k in ends.items()}
    for lip, edge, way in (("upper", high, 1), ("lower", low, -1)):
        for names, parts, inside in ((INNER, 6, way * thick), (OUTER, 8, 0.0)):
            if names is OUTER and not outer:
                continue
            for k, at in enumerate(names):
                place = first + (last - first) * (k + 1) / parts
                stem = f"lip_{lip}_in_{at}" if names is INNER else f"lip_{lip}_{at}"
                places[stem] = (place, float(np.interp(place, x, edge)) + inside)
    return landmarks.nudged(places)
