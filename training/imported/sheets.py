"""Contact sheets of imported people: truth beside frame, and every blendshape by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import BLENDSHAPES, MOTION_INDEX, MOTION_SIZE, Float32Array, UInt8Array
from inference.frame_generator import FrameGenerator
from training.imported.bring import GREY

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
CROP: Final = (slice(40, 440), slice(80, 432))
"""The part of a frame that sheets show."""
CELL: Final = (220, 250)
"""Pixels of one picture in a sheet."""


def cell(pictures: Sequence[Float32Array], label: str) -> UInt8Array:
    """Some pictures of the frame beside each other, small, with a label."""
    small = [
        cv.resize(picture[CROP].clip(0, 255).astype(np.uint8), CELL, interpolation=cv.INTER_AREA)
        for picture in pictures
    ]
    out: UInt8Array = np.ascontiguousarray(np.hstack(small))
    for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv.putText(out, label, (6, 16), cv.FONT_HERSHEY_SIMPLEX, 0.45, colour, thick, cv.LINE_AA)
    return out


def grid(cells: Sequence[UInt8Array], columns: int) -> UInt8Array:
    """Cells of one size in rows."""
    empty = np.zeros_like(cells[0])
    full = [*cells, *[empty] * (-len(cells) % columns)]
    rows = [np.hstack(full[k : k + columns]) for k in range(0, len(full), columns)]
    out: UInt8Array = np.vstack(rows)
    return out


def compared(
    truth: Mapping[str, Float32Array], drawn: Mapping[str, Float32Array], columns: int = 4
) -> UInt8Array:
    """Truth, frame and difference (x2) of each motion."""
    cells = []
    for name, true in truth.items():
        difference = np.clip(GREY + 2 * (drawn[name] - true), 0, 255)
        cells.append(cell([true, drawn[name], difference], name))
    return grid(cells, columns)


def every_shape(generator: FrameGenerator, columns: int = 10) -> UInt8Array:
    """Each blendshape at 1.0 by itself."""
    cells = []
    for name in BLENDSHAPES:
        motion_D = np.zeros(MOTION_SIZE, np.float32)
        motion_D[MOTION_INDEX[name]] = 1.0
        cells.append(cell([on_grey(generator.draw(motion_D))], name))
    return grid(cells, columns)


def on_grey(frame: UInt8Array) -> Float32Array:
    """A straight-alpha frame over grey, RGB in 0..255."""
    alpha = frame[..., 3:].astype(np.float32) / 255
    return np.asarray(frame[..., :3] * alpha + GREY * (1 - alpha), np.float32)


def save(path: Path, rgb: UInt8Array) -> None:
    """Write a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv.imwrite(str(path), cv.cvtColor(rgb, cv.COLOR_RGB2BGR))
