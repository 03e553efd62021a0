"""Lets a portrait reader see as much of a large picture as it needs, and no more.

Its networks look at crops of 192 pixels, each cut from the whole picture: for 4096 pixels a side
that took most of an import's time. Faces are looked for in a smaller copy, points in the part of
the picture round the face.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_points import Landmarks
from inference.portrait_place import FaceBox, shrunk

FINDING: Final = 1600
"""Longer side of the copy that faces are looked for in: SMALLEST_HEAD is 43 pixels there, which the
finder, looking at 640 pixels at most, does not see sharper in the whole picture."""
READING: Final = 900
"""Longer side of the part that points are read in: four times what the finest crop shows of it."""
ROUND: Final = 1.6
"""Sides of the face's box that are kept round it: shoulders are read too."""


class Reader(Protocol):
    """The part of `app.characters.importer.PortraitReader` that reads faces."""

    def faces(self, picture: UInt8Array) -> list[FaceBox]:
        """The faces of an RGBA picture."""

    def landmarks(self, picture: UInt8Array, face: FaceBox) -> Landmarks:
        """The points of one face in the picture's pixels."""


def find_faces(reader: Reader, picture: UInt8Array) -> list[FaceBox]:
    """The faces of an RGBA picture, in its pixels, as the reader ranks them."""
    small, scale = _smaller(picture, FINDING)
    return [
        FaceBox((x / scale, y / scale, width / scale, height / scale), face.score)
        for face in reader.faces(small)
        for x, y, width, height in (face.box,)
    ]


def places_of(faces: Sequence[FaceBox]) -> str:
    """Where faces are, in words; they come counted from the left, as `--face` takes them.

    Heights are pixels from the lowest to the highest point of the head.
    """
    middle = float(np.mean([y + height / 2 for _, y, _, height in (face.box for face in faces)]))
    told = []
    for number, face in enumerate(faces, 1):
        _, y, _, height = face.box
        above = middle - (y + height / 2)
        words = ["upper" if above > 0 else "lower"] if abs(above) > height / 2 else []
        words += {1: ["left"], len(faces): ["right"]}.get(number, [])
        if len(faces) == 3 and number == 2:
            words.append("middle")
        told.append(" ".join([str(number), *words, f"({round(height)} pixels tall)"]))
    return ", ".join(told)


def read_points(reader: Reader, picture: UInt8Array, face: FaceBox) -> Landmarks:
    """The points of one face, in the picture's pixels."""
    if max(picture.shape[:2]) <= FINDING:
        return reader.landmarks(picture, face)
    x, y, width, height = face.box
    reach = ROUND * max(width, height)
    left, top = (max(int(v - reach), 0) for v in (x, y))
    right = min(int(x + width + reach) + 1, picture.shape[1])
    bottom = min(int(y + height + reach) + 1, picture.shape[0])
    part, scale = _smaller(picture[top:bottom, left:right], READING)
    box = ((x - left) * scale, (y - top) * scale, width * scale, height * scale)
    found = reader.landmarks(part, FaceBox(box, face.score))
    half = (1 / scale - 1) / 2
    back: Float32Array = np.array(
        [[1 / scale, 0, left + half], [0, 1 / scale, top + half]], np.float32
    )
    return found.moved(back, (picture.shape[1], picture.shape[0]))


def _smaller(picture: UInt8Array, side: int) -> tuple[UInt8Array, float]:
    """A picture whose longer side is at most so many pixels, and by how much it was scaled."""
    scale = min(1.0, side / max(picture.shape[:2]))
    if scale == 1:
        return np.ascontiguousarray(picture), 1.0
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return shrunk(picture, size), scale
