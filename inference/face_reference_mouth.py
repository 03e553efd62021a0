"""The inside of a mouth as another picture of the same person shows it: that picture's own teeth.

What the picture has between its lips is parted at the dark gap (or the bite): what is above it
keeps to the skull, what is below it goes with the jaw. Both are laid into the portrait's mouth
window at every opening of the bank, and continued beneath the lips. The light of the two pictures
is compared on the skin round the mouth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.face_grids import MARGIN, encode, smoothstep
from inference.face_model import FaceModel
from inference.face_references import Face, head_places, least_path, warped
from inference.frame_generator_windows import WINDOW_SIZES

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_CHAIN: Final = (
    "mouth_right", *(f"lip_LIP_right_{k}" for k in (3, 2, 1)), "lip_LIP_mid",
    *(f"lip_LIP_left_{k}" for k in (1, 2, 3)), "mouth_left",
)  # fmt: skip
_INNER: Final = (
    "mouth_right", *(f"lip_LIP_in_right_{k}" for k in (2, 1)), "lip_LIP_in_mid",
    *(f"lip_LIP_in_left_{k}" for k in (1, 2)), "mouth_left",
)  # fmt: skip
THINNER: Final = {"upper": 0.75, "lower": 0.62}
"""Thickness of parted lips over that of the portrait's."""
INSIDE: Final = 1.5
"""Pixels from the lips that are not taken: they mix with the lip's colour."""
CLEAR: Final = 5.0
"""The same of the portrait's own upper lip."""
SMOOTH: Final = 2.0
"""Columns over which the edges of a portrait's own opening are smoothed."""
DARK: Final = 0.82
"""Brightness of the darkest row between upper and lower teeth, over the teeth's, that is a gap."""
LIGHTS: Final = (0.4, 2.5)
"""Least and most that the light is changed."""
SHADE: Final = 0.4
"""Light between lips that hardly part, over that of an open mouth."""
JAW_PIXELS: Final = 4.0
"""Least pixels of the chin's way under jawOpen that tell how far a jaw is open."""


@dataclass(frozen=True)
class Inside:
    """What a picture shows between its lips, by columns of its frame."""

    picture: Float32Array
    """RGB (592, 592, 3), in the portrait's light."""
    first: int
    """First column of the opening (frame pixels)."""
    top_C: Float32Array
    """First row of each column that is surely inside."""
    split_C: Float32Array
    """Row where what keeps to the skull ends."""
    bottom_C: Float32Array
    bites: bool
    """Whether no gap is seen between the teeth."""
    to_upper_23: Float32Array
    """From the portrait's frame to the picture's, for what keeps to the skull."""
    to_lower: Any
    """The same for what goes with the jaw, by the jaw's opening."""
    dark_3: Float32Array
    """Colour of the gap."""
    jaw: float
    """How far the picture's jaw is open."""


def with_own_inside(
    model: FaceModel, portrait: Face, others: Sequence[Face], arrays: Mapping[str, Any]
) -> dict[str, Any]:
    """The bank's part of `geometry.npz` that changes; {} where there is no bank, or the pictures
    show too little. Of several, each opening is shown by the one whose jaw is nearest to it."""
    if "mouth_colour" not in arrays:
        return {}
    found = [find_inside(model, portrait, other) for other in others]
    known = [inside for inside in found if inside is not None]
    if not known:
        return {}
    width, height = WINDOW_SIZES["mouth"]
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    tiles = cv.cvtColor(cv.imdecode(arrays["mouth_colour"], cv.IMREAD_COLOR), cv.COLOR_BGR2RGB)
    out = []
    for tile, jaw in zip(tiles.reshape(-1, height, width, 3), arrays["mouth_jaw"], strict=True):
        nearest = min(known, key=lambda inside: abs(inside.jaw - float(jaw)))
        out.append(_tile(nearest, tile, corner, float(jaw)))
    column = np.concatenate(out)
    return {"mouth_colour": encode(cv.cvtColor(column, cv.COLOR_RGB2BGR))}


def with_portraits_inside(
    model: FaceModel, face: Face, arrays: Mapping[str, Any], between_HW: Float32Array,
    meeting: float, flat: bool,
) -> dict[str, Any]:  # fmt: skip
    """The bank's part of `geometry.npz` for a portrait whose own lips are apart, of what it shows
    between them (a share 0..1 of the mouth's window).

    `meeting` is the row of the window where its lips would meet: the lender's jaw, shut there, is
    open as far as the picture's is. A flat drawing has its own colour all over. {} where there is
    no bank, or the picture shows too little.
    """
    height, width = between_HW.shape
    inner = between_HW > 0.5
    columns = np.flatnonzero(inner.sum(0) > 2 * INSIDE)
    if "mouth_colour" not in arrays or len(columns) < 12:
        return {}
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    first, columns = int(columns[0]), np.arange(columns[0], columns[-1] + 1)
    edges = (
        inner[:, columns].argmax(0) + corner[1],
        height - 1 - inner[::-1, columns].argmax(0) + corner[1],
    )
    top, bottom = (
        cv.GaussianBlur(edge[None].astype(np.float32), (0, 0), SMOOTH)[0] for edge in edges
    )
    # what the upper lip uncovers is the first row over again: one with nothing of the lip in it
    top = top + np.minimum(INSIDE if flat else CLEAR, (bottom - top) / 3)
    bottom = np.maximum(bottom - INSIDE, top)
    picture, first = face.picture.astype(np.float32), first + corner[0]
    split, bites = _split(picture, first, top, bottom)
    drop = _drop(model, face)
    dark = (
        _usual(picture, first, np.where(split < bottom, split, top), bottom)
        if flat
        else _darkest(picture, first, top, bottom)
    )
    inside = Inside(
        picture, first, top, split, bottom, bites, np.eye(2, 3, dtype=np.float32),
        lambda jaw: np.array([[1, 0, 0], [0, 1, -jaw * drop]], np.float32),
        dark, 0.0,
    )  # fmt: skip
    mouth = cv.cvtColor(cv.imdecode(arrays["mouth_colour"], cv.IMREAD_COLOR), cv.COLOR_BGR2RGB)
    tiles = mouth.reshape(-1, height, width, 3).astype(np.float32)
    jaws = arrays["mouth_jaw"].astype(np.float32)
    opened = max(float(np.median(bottom)) - corner[1] - meeting, 0.0) / drop
    rows, across = np.mgrid[:height, :width].astype(np.float32)
    places = (across + corner[0], rows + corner[1])
    out = []
    for jaw in jaws:
        under = _between_tiles(tiles, jaws, float(jaw) + opened)
        if flat or not bites:
            under = np.ones_like(under) * inside.dark_3
        if not bites:
            under = _laid(under, inside, *places, inside.to_lower(float(jaw)), False, 1.0)
        seen = _laid(under, inside, *places, inside.to_upper_23, True, 1.0)
        out.append(np.rint(seen.clip(0, 255)).astype(np.uint8))
    return {"mouth_colour": encode(cv.cvtColor(np.concatenate(out), cv.COLOR_RGB2BGR))}


def _drop(model: FaceModel, face: Face) -> float:
    """Pixels by which a whole jawOpen lowers the middle of the lower lip."""
    jaw = face.fit.bases_LN3[int(np.flatnonzero(model.base_index_L == MOTION_INDEX["jawOpen"])[0])]
    row = [model.landmarks.index("lip_lower_in_mid")]
    at, way = model.at_landmarks(face.fit.points_N3)[row], model.at_landmarks(jaw)[row]
    return max(float(camera.project(at + way)[0, 1] - camera.project(at)[0, 1]), JAW_PIXELS)


def _usual(picture: Float32Array, first: int, top_C: Any, bottom_C: Any) -> Float32Array:
    """Median colour (3,) between two edges of the opening."""
    rows = np.arange(picture.shape[0])[:, None] - MARGIN
    part = picture[:, first + MARGIN : first + MARGIN + len(top_C)]
    inside = part[(rows >= top_C) & (rows <= bottom_C)]
    return np.asarray(np.median(inside, 0), np.float32)


def _between_tiles(tiles: Float32Array, jaws: Any, jaw: float) -> Float32Array:
    """A bank's picture at an opening of the jaw between its own."""
    place = float(np.interp(jaw, jaws, np.arange(len(jaws))))
    low = min(int(place), len(jaws) - 2)
    share = place - low
    return np.asarray(tiles[low] * (1 - share) + tiles[low + 1] * share, np.float32)


def find_inside(model: FaceModel, portrait: Face, other: Face) -> Inside | None:
    """What the other picture shows between its lips; None if that is next to nothing."""
    upper, lower = (_edge(model, other, lip, _CHAIN) for lip in ("upper", "lower"))
    first, last = round(float(upper[0, 0])) + 2, round(float(upper[-1, 0])) - 2
    columns = np.arange(first, last + 1)
    if len(columns) < 12:
        return None
    ends = (float(upper[0, 0]), float(upper[-1, 0]))
    outer = [np.interp(columns, e[:, 0], e[:, 1]) for e in (upper, lower)]
    thick = [
        THINNER[lip] * _thickness(model, portrait, lip, columns, ends) for lip in ("upper", "lower")
    ]
    grey = cv.GaussianBlur(other.picture, (0, 0), 0.8)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    lab = cv.cvtColor(grey, cv.COLOR_RGB2LAB).astype(np.float32)
    top = _snapped(lab, columns, outer[0] + thick[0], np.maximum(thick[0], 2.0), -1)
    bottom = _snapped(lab, columns, outer[1] - thick[1], np.maximum(thick[1], 2.0), 1)
    shown = bottom - top > 2 * INSIDE + 1
    if shown.sum() < 0.3 * len(columns):
        return None
    run = np.flatnonzero(shown)
    piece = slice(int(run[0]), int(run[-1]) + 1)
    top, bottom = top[piece] + INSIDE, np.maximum(bottom[piece] - INSIDE, top[piece] + INSIDE)
    first = int(columns[piece][0])
    light = _light(model, portrait, other)
    picture = other.picture.astype(np.float32) * light
    split, bites = _split(picture, first, top, bottom)
    to_upper, to_lower, jaw = _maps(model, portrait, other)
    return Inside(
        picture.clip(0, 255), first, top, split, bottom, bites, to_upper, to_lower,
        _darkest(picture, first, top, bottom), jaw,
    )  # fmt: skip


def _darkest(picture: Float32Array, first: int, top_C: Any, bottom_C: Any) -> Float32Array:
    """Mean colour (3,) of the darkest tenth of the opening."""
    rows = np.arange(picture.shape[0])[:, None] - MARGIN
    columns = slice(first + MARGIN, first + MARGIN + len(top_C))
    part = picture[:, columns]
    inside = part[(rows >= top_C) & (rows <= bottom_C)]
    order = np.argsort(inside.mean(1))
    return np.asarray(inside[order[: max(len(order) // 10, 1)]].mean(0), np.float32)


def _edge(model: FaceModel, face: Face, lip: str, chain: tuple[str, ...]) -> Float32Array:
    """Places (K, 2) along a lip, from the picture's left, in rising columns."""
    places = face.marks(model, tuple(name.replace("LIP", lip) for name in chain))
    return places[np.argsort(places[:, 0], kind="stable")]


def _thickness(
    model: FaceModel, portrait: Face, lip: str, columns: Any, ends: tuple[float, float]
) -> Any:
    """Pixels of the portrait's lip over the columns of another mouth."""
    red, inner = _edge(model, portrait, lip, _CHAIN), _edge(model, portrait, lip, _INNER)
    across = np.linspace(red[0, 0], red[-1, 0], 33)
    thick = np.abs(np.interp(across, *inner.T) - np.interp(across, *red.T))
    return np.interp((columns - ends[0]) / (ends[1] - ends[0]), np.linspace(0, 1, 33), thick)


def _snapped(
    lab: Float32Array, columns: Any, expected_C: Any, room_C: Any, way: int
) -> Float32Array:
    """Rows near the expected ones where the colour changes most, smooth from column to column.

    `way` is 1 where it rather grows lighter downwards, from the dark to a lip, and -1 for the
    opposite: the edge of the teeth must not be taken for a lip's.
    """
    low = int(np.floor(float((expected_C - room_C).min()))) - 1
    high = int(np.ceil(float((expected_C + room_C).max()))) + 2
    low, high = max(low, 1), min(high, lab.shape[0] - 2)
    rows = np.arange(low, high)
    change = np.linalg.norm(
        lab[rows[:, None] + 1, columns] - lab[rows[:, None] - 1, columns], axis=2
    )
    gain = change / max(float(np.percentile(change, 95)), 4.0)
    cost = ((rows[:, None] - expected_C) / (0.6 * room_C)) ** 2 - 1.5 * np.minimum(gain, 1.2)
    found = rows[least_path(cost, 0.15)].astype(np.float32)
    return np.asarray(cv.GaussianBlur(found[None], (0, 0), 1.5)[0], np.float32)


def _light(model: FaceModel, portrait: Face, other: Face) -> Float32Array:
    """Gain (3,) that gives the other picture's skin round the mouth the portrait's colour."""
    to_upper, _, _ = _maps(model, portrait, other)
    names = ("nose_base", "chin", "cheek_left_1", "cheek_right_1")
    skin = []
    for face, matrix in ((portrait, np.eye(2, 3, dtype=np.float32)), (other, to_upper)):
        lips = portrait.marks(model, ("mouth_left", "mouth_right"))
        wide = float(np.linalg.norm(lips[0] - lips[1]))
        low = portrait.marks(model, names)[0]
        corner = (round(float(low[0] - 0.9 * wide)), round(float(low[1] - 0.1 * wide)))
        band = warped(face.picture, matrix, corner, (round(1.8 * wide), round(0.22 * wide)))
        skin.append(np.median(band.reshape(-1, 3).astype(np.float32), 0))
    return np.clip(skin[0] / np.maximum(skin[1], 4.0), *LIGHTS).astype(np.float32)


def _split(
    picture: Float32Array, first: int, top_C: Any, bottom_C: Any
) -> tuple[Float32Array, bool]:
    """The row of each column where the upper part ends, and whether there is no gap."""
    count, steps = len(top_C), 40
    share = (np.arange(steps) + 0.5)[:, None] / steps
    rows = (top_C + share * (bottom_C - top_C) + MARGIN).astype(np.float32)
    columns = np.broadcast_to(np.arange(count, dtype=np.float32) + first + MARGIN, rows.shape)
    strip = cv.remap(picture, np.ascontiguousarray(columns), rows, cv.INTER_LINEAR)
    grey = cv.GaussianBlur(strip.mean(2), (0, 0), max(count / 16, 1.0), None, 1.2)
    middle = slice(count // 4, -(count // 4))
    profile = grey[:, middle].mean(1)
    teeth = float(np.percentile(profile[: steps // 2], 80))
    inner = slice(round(0.12 * steps), round(0.88 * steps))
    darkest = inner.start + int(profile[inner].argmin())
    if profile[darkest] > DARK * teeth:
        return np.asarray(bottom_C, np.float32), True
    # the teeth's edge: where the brightness falls half the way to the gap
    half = (teeth + float(profile[darkest])) / 2
    bright = np.flatnonzero(profile[:darkest] > half)
    edge = (int(bright[-1]) + 1 if len(bright) else darkest // 2) + 1
    at = min((edge + darkest) / 2, darkest) / steps
    return np.asarray(top_C + at * (bottom_C - top_C), np.float32), False


def _maps(model: FaceModel, portrait: Face, other: Face) -> tuple[Float32Array, Any, float]:
    """Affine maps from the portrait's frame to the other picture's: of what keeps to the skull,
    and, by the jaw's opening in the portrait, of what goes with the jaw; and the jaw's opening in
    the picture."""
    fit = portrait.fit
    names = {name: row for row, name in enumerate(model.landmarks)}
    jaw = fit.bases_LN3[int(np.flatnonzero(model.base_index_L == MOTION_INDEX["jawOpen"])[0])]
    marks, drop = model.at_landmarks(fit.points_N3), model.at_landmarks(jaw)
    upper = [r for n, r in names.items() if n.startswith(("lip_upper", "nose_base", "nose_wing"))]
    lower = [r for n, r in names.items() if n.startswith(("lip_lower", "chin"))]

    def pair(rows: list[int], ours: float, theirs: float) -> Float32Array:
        here = np.asarray(camera.project(marks[rows] + ours * drop[rows]), np.float32)
        there = head_places(model, fit, other, marks[rows] + theirs * drop[rows])
        return _similarity(here, there)

    opened = _jaw_of(model, portrait, other, marks, drop)
    return pair(upper, 0.0, 0.0), lambda jaw: pair(lower, jaw, opened), opened


def _jaw_of(
    model: FaceModel, portrait: Face, other: Face, marks_L3: Float32Array, drop_L3: Float32Array
) -> float:
    """How far the jaw is open in another picture: by the way of the chin."""
    row = [model.landmarks.index("chin")]
    shut, wide = (
        head_places(model, portrait.fit, other, marks_L3[row] + jaw * drop_L3[row])[0]
        for jaw in (0.0, 1.0)
    )
    way = wide - shut
    length = float(np.linalg.norm(way))
    if length < JAW_PIXELS:
        return 0.2
    seen = other.mark(model, "chin") - shut
    return float(np.clip(float(seen @ way) / length**2, 0.0, 1.0))


def _similarity(ours_K2: Float32Array, theirs_K2: Float32Array) -> Float32Array:
    a, b = (v[:, 0] + 1j * v[:, 1] for v in (ours_K2, theirs_K2))
    turn = ((b - b.mean()) * (a - a.mean()).conj()).sum() / (abs(a - a.mean()) ** 2).sum()
    shift = b.mean() - turn * a.mean()
    return np.array(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float32
    )


def _tile(inside: Inside, tile: UInt8Array, corner: tuple[int, int], jaw: float) -> UInt8Array:
    """One window of the bank: the lender's, with what the picture shows laid over it."""
    height, width = tile.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    rows, columns = rows + corner[1], columns + corner[0]
    out = tile.astype(np.float32)
    shade = SHADE + (1 - SHADE) * min(jaw / max(inside.jaw, 0.1), 1.0)
    if not inside.bites:
        out[:] = inside.dark_3
        out = _laid(out, inside, columns, rows, inside.to_lower(jaw), False, shade)
    out = _laid(out, inside, columns, rows, inside.to_upper_23, True, shade)
    return np.asarray(np.rint(out.clip(0, 255)), np.uint8)


def _laid(
    under: Float32Array, inside: Inside, columns: Any, rows: Any, matrix_23: Float32Array,
    upper: bool, shade: float,
) -> Float32Array:  # fmt: skip
    """A part laid over a window."""
    (a, b, c), (d, e, f) = matrix_23
    x, y = a * columns + b * rows + c, d * columns + e * rows + f
    last = len(inside.top_C) - 1
    place = np.clip(x - inside.first, 0, last).astype(np.float32)
    top, split, bottom = (
        cv.remap(curve[None].astype(np.float32), place, np.zeros_like(place), cv.INTER_LINEAR)
        for curve in (inside.top_C, inside.split_C, inside.bottom_C)
    )
    # towards the corners it gets dark: no tooth there stands as far in front as the lips
    from_end = np.minimum(x - inside.first, inside.first + last - x)
    share = smoothstep(0.0, 5.0 if upper else 8.0, from_end)
    if upper:
        at = np.clip(y, top, split)
        share = share * np.clip(split - y + 0.5, 0, 1) * smoothstep(-16.0, -8.0, y - top)
    else:
        at = np.clip(y, split, bottom)
        share = share * np.clip(y - split + 0.5, 0, 1) * smoothstep(16.0, 8.0, y - bottom)
    colour = cv.remap(
        inside.picture, place + inside.first + MARGIN, (at + MARGIN).astype(np.float32),
        cv.INTER_LINEAR,
    )  # fmt: skip
    share = share[..., None]
    return np.asarray(under * (1 - share) + shade * colour * share, np.float32)
