"""Whether an imported character stays whole when its head turns: folds, stretches, bent hair.

Two measures without any truth of how the frame should look. Folds: a layer's inverse map is a
function of the frame; where its Jacobian determinant is not positive the picture is folded over or
torn, and where it shrinks something to less than 1 / STRETCH a pixel is smeared over that many.
Straightness: segments that are straight in the portrait's hair, laid along its fall, are carried by
the character's own flow; how far they then depart from their chord is how much the hair bends. A
real head of hair bends too, since it is round and has locks before others: so the rig's true flow,
where a case has it, is asked the same, and the bar is for the segments that it keeps straight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, UInt8Array
from inference.frame_generator import FrameGenerator
from inference.frame_generator_flow import GridFlow
from inference.frame_generator_layers import GRID, SIZE, Geometry, Layer
from inference.frame_generator_light import Placed
from training.evaluate.table import Row

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
TURNS: Final = {
    "yaw 10": (10, 0, 0), "yaw -10": (-10, 0, 0), "yaw 20": (20, 0, 0), "yaw -20": (-20, 0, 0),
    "pitch 10": (0, 10, 0), "pitch -10": (0, -10, 0), "pitch 15": (0, 15, 0),
    "pitch -15": (0, -15, 0), "roll 15": (0, 0, 15), "roll -15": (0, 0, -15),
    "all ways": (20, -10, 12), "all back": (-20, 10, -12),
}  # fmt: skip
"""Yaw, pitch, roll in degrees: the ends of what is asked for."""
STRETCH: Final = 4.0
LENGTH: Final = 48
"""Pixels of a segment in the frame of SIZE."""
APART: Final = 16
"""Pixels from one segment's middle to the next."""
POINTS: Final = 13
"""Places on a segment."""
HAIR: Final = 0.85
"""Least share of hair all along a segment."""
CLEAR: Final = 0.3
"""Coherence of the gradients from which the hair's own direction is believed; else it falls."""
FOLDS: Final = 1e-3
"""Most of the visible pixels that may be folded."""
STRAIGHT: Final = 1.0
"""Departure from the chord (pixels) up to which the rig keeps a segment straight."""
BEND: Final = 2.0
"""Pixels that 95 of 100 such segments may depart from their chord."""


@dataclass(slots=True)
class Held:
    """One character. Keys are names of TURNS."""

    folded: dict[str, float] = field(default_factory=dict)
    """Share of the visible pixels where the inverse map folds."""
    stretched: dict[str, float] = field(default_factory=dict)
    """Share where it stretches more than STRETCH times."""
    bends: dict[str, Float32Array] = field(default_factory=dict)
    """Departure from its chord of each segment, pixels (S,)."""
    true_bends: dict[str, Float32Array] = field(default_factory=dict)
    """The same by the rig's flow, for the motions whose flow is known."""


def turn(name: str) -> Float32Array:
    """One of TURNS as a motion (MOTION_SIZE,)."""
    motion = np.zeros(MOTION_SIZE, np.float32)
    first = MOTION_INDEX["headYaw"]
    motion[first : first + 3] = np.radians(TURNS[name])
    return motion


def held(
    generator: FrameGenerator,
    portrait: UInt8Array,
    hair_HW: Float32Array,
    matrix_23: Float32Array | None = None,
    flows: Mapping[str, Float32Array] | None = None,
) -> Held:
    """Measure a character at standard size.

    `portrait` is the framed picture, RGB (SIZE, SIZE, 3), `hair_HW` its share of hair. `flows`, by
    motion, say where pixels of the user's picture truly go (h, w, 2), at the picture's size or
    smaller, in its pixels; `matrix_23` leads from them to the frame's.
    """
    out = Held()
    lines = segments(portrait, hair_HW)
    for name in TURNS:
        motion_D = turn(name)
        out.folded[name], out.stretched[name] = folds(generator.placed(motion_D))
        if not len(lines):
            continue
        out.bends[name] = bend(carried(generator.geometry, motion_D, lines))
        if flows is not None and matrix_23 is not None and name in flows:
            out.true_bends[name] = bend(_truly_carried(flows[name], matrix_23, lines))
    return out


def folds(placed: Sequence[Placed]) -> tuple[float, float]:
    """Shares of the frame's covered pixels that are folded, and stretched, in the layer that shows;
    layers come from back to front."""
    uncovered = np.ones((SIZE, SIZE), np.float32)
    seen = folded = stretched = 0.0
    for each in reversed(placed):
        x, y, w, h = (round(float(v)) for v in each.box_4)
        maps = [cv.resize(part, (w, h), interpolation=cv.INTER_LINEAR) for part in each.source_2HW]
        rows, columns = slice(max(y, 0), min(y + h, SIZE)), slice(max(x, 0), min(x + w, SIZE))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        inside = (slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x))
        least, sign = (part[inside] for part in _jacobian(maps[0], maps[1]))
        corner = each.layer.corner
        alpha = cv.remap(
            each.layer.image[..., 3], maps[0][inside] - corner[0], maps[1][inside] - corner[1],
            cv.INTER_LINEAR, borderMode=cv.BORDER_CONSTANT,
        ).astype(np.float32) / 255  # fmt: skip
        shown = alpha * uncovered[rows, columns]
        uncovered[rows, columns] *= 1 - alpha
        seen += float(shown.sum())
        folded += float(shown[sign <= 0].sum())
        stretched += float(shown[(sign > 0) & (least < 1 / STRETCH)].sum())
    return folded / max(seen, 1.0), stretched / max(seen, 1.0)


def _jacobian(x_HW: Float32Array, y_HW: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Smallest singular value and determinant of an inverse map's derivative at every pixel."""
    (xv, xu), (yv, yu) = np.gradient(x_HW), np.gradient(y_HW)
    determinant = np.asarray(xu * yv - xv * yu, np.float32)
    total = xu**2 + xv**2 + yu**2 + yv**2
    root = np.sqrt(np.maximum(total**2 - 4 * determinant**2, 0))
    least = np.asarray(np.sqrt(np.maximum(total - root, 0) / 2), np.float32)
    # before the first and after the last sample a map stands still: that is the box's end
    rows, columns = (-(-side // (2 * GRID)) + 1 for side in x_HW.shape)
    for each in (least, determinant):
        each[:rows], each[-rows:], each[:, :columns], each[:, -columns:] = 1, 1, 1, 1
    return least, determinant


def segments(portrait: UInt8Array, hair_HW: Float32Array) -> Float32Array:
    """Segments (S, POINTS, 2) in the hair, along its own direction where it has one."""
    grey = cv.GaussianBlur(cv.cvtColor(portrait, cv.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    across, down = cv.Sobel(grey, cv.CV_32F, 1, 0), cv.Sobel(grey, cv.CV_32F, 0, 1)
    wide = (0, 0)
    xx, xy, yy = (cv.GaussianBlur(p, wide, 6.0) for p in (across**2, across * down, down**2))
    clear = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / np.maximum(xx + yy, 1.0)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2  # along the strands: no change of light
    angle = np.where(clear > CLEAR, angle, np.pi / 2)
    half = LENGTH // 2
    rows, columns = np.mgrid[half : SIZE - half : APART, half : SIZE - half : APART]
    rows, columns = rows.ravel(), columns.ravel()
    along = np.linspace(-half, half, POINTS)[None, :, None]
    way = np.stack([np.cos(angle), np.sin(angle)], -1)[rows, columns][:, None]
    lines = (np.stack([columns, rows], -1)[:, None] + along * way).astype(np.float32)
    share = cv.remap(hair_HW, lines[..., 0], lines[..., 1], cv.INTER_LINEAR)
    return np.asarray(lines[(share > HAIR).all(1)], np.float32)


def carried(geometry: Geometry, motion_D: Float32Array, lines_SP2: Float32Array) -> Float32Array:
    """Where a motion takes places (S, P, 2) of the portrait: each with the uppermost layer that
    shows there."""
    out, taken = lines_SP2.copy(), np.zeros(lines_SP2.shape[:2], bool)
    for layer in reversed(geometry.layers):
        mine = ~taken & (_alpha_at(layer, lines_SP2) > 0.5)
        shift = GridFlow(layer, geometry.camera_34, geometry.place_5).shift(motion_D)
        x, y, w, h = layer.box_4
        n = shift.shape[1]
        at = ((lines_SP2[..., k] + 0.5 - low) * n / size - 0.5
              for k, low, size in ((0, x, w), (1, y, h)))  # fmt: skip
        column, row = (each.astype(np.float32) for each in at)
        edge = cv.BORDER_REPLICATE
        moved = [cv.remap(part, column, row, cv.INTER_LINEAR, borderMode=edge) for part in shift]
        out[mine] += np.stack(moved, -1)[mine]
        taken |= mine
    return out


def _alpha_at(layer: Layer, lines_SP2: Float32Array) -> Float32Array:
    place = [lines_SP2[..., k] - layer.corner[k] for k in (0, 1)]
    found = cv.remap(layer.image[..., 3], place[0], place[1], cv.INTER_LINEAR)
    return np.asarray(found / np.float32(255), np.float32)


def _truly_carried(
    flow_HW2: Float32Array, matrix_23: Float32Array, lines_SP2: Float32Array
) -> Float32Array:
    matrix = matrix_23.astype(np.float64)
    back = cv.invertAffineTransform(matrix)
    place = lines_SP2 @ back[:, :2].T + back[:, 2]
    scale = flow_HW2.shape[0] / SIZE
    at = ((place + 0.5) * scale - 0.5).astype(np.float32)
    edge = cv.BORDER_REPLICATE
    flow = cv.remap(flow_HW2, at[..., 0], at[..., 1], cv.INTER_LINEAR, borderMode=edge)
    return np.asarray((place + flow) @ matrix[:, :2].T + matrix[:, 2], np.float32)


def bend(lines_SP2: Float32Array) -> Float32Array:
    """Largest distance (S,) of each line's places from the chord between its ends."""
    first, last = lines_SP2[:, :1], lines_SP2[:, -1:]
    chord = last - first
    length = np.maximum(np.linalg.norm(chord, axis=-1), 1e-3)
    off = lines_SP2 - first
    across = np.abs(chord[..., 0] * off[..., 1] - chord[..., 1] * off[..., 0]) / length
    return np.asarray(across.max(1), np.float32)


def held_rows(people: Sequence[tuple[str, Held]]) -> Iterator[Row]:
    """Rows of the table from measured characters, with their names."""
    if not people:
        return
    yield _fold_row(people)
    found = [values for _, one in people for values in one.bends.values()]
    if found:
        yield _bend_row(people, np.concatenate(found))


def _fold_row(people: Sequence[tuple[str, Held]]) -> Row:
    folded = [
        (share, f"{name}, {way}") for name, one in people for way, share in one.folded.items()
    ]
    stretched = [share for _, one in people for share in one.stretched.values()]
    mean, (most, where) = float(np.mean([share for share, _ in folded])), max(folded)
    return Row(
        "folds and tears in turns", f"{FOLDS:.1%} of the visible pixels (ours)",
        f"{mean:.3%} folded in the mean, most {most:.3%} ({where}); stretched over {STRETCH:.0f} "
        f"times {np.mean(stretched):.3%}, most {max(stretched):.3%}",
        most <= FOLDS,
        figures={name: {"folded": one.folded, "stretched": one.stretched} for name, one in people},
    )  # fmt: skip


def _bend_row(people: Sequence[tuple[str, Held]], found: Float32Array) -> Row:
    known = [(one, way) for _, one in people for way in one.true_bends]
    measured, high = f"{_summed(found)} px ({len(found)} segments and turns)", None
    if known:
        own, true = (
            np.concatenate([getattr(one, kind)[way] for one, way in known])
            for kind in ("bends", "true_bends")
        )
        measured += f"; where the rig's flow is known {_summed(own)}, the rig's own {_summed(true)}"
        kept = own[true < STRAIGHT]
        if len(kept):
            high = float(np.percentile(kept, 95))
            measured += f"; segments that the rig keeps straight {_summed(kept)}"
    return Row(
        "straight hair in turns",
        f"95 of 100 within {BEND:.0f} px over {LENGTH}, where the rig's are straight (ours)",
        measured, None if high is None else high <= BEND,
        figures={
            name: {way: [float(v) for v in (b.mean(), np.percentile(b, 95), b.max())]
                   for way, b in one.bends.items()}
            for name, one in people
        },
    )  # fmt: skip


def _summed(bends: Float32Array) -> str:
    high = np.percentile(bends, 95)
    return f"mean {bends.mean():.2f}, 95th {high:.2f}, largest {bends.max():.1f}"
