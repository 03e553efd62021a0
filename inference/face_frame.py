"""Brings the face of any picture into the frame of the bundled characters: upright, same size.

All later steps count in this frame of 512 pixels and the margin around it, so that networks and
layers see every character alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_border import continued, unmirrored
from inference.face_detail import FINE, WORTH, smaller
from inference.face_fit import SLIDING, fit_face
from inference.face_grids import MARGIN
from inference.face_model import FaceModel
from inference.face_points import FEWEST, REMEDY, Landmarks
from inference.portrait_place import shrunk

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
HEAD: Final = 0.46
"""Height of the skull from chin to crown in the frame, with the usual hair above it 0.48."""
TOP: Final = 0.15
"""Free share of the frame above the skull."""
SMALLEST_HEAD: Final = 110
"""Pixels from chin to crown in the picture below which a face is too small to be enlarged."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A picture in the frame: RGBA (592, 592, 4) with MARGIN around, and where its points are."""

    picture: UInt8Array
    landmarks: Landmarks
    """In frame pixels."""
    matrix_23: Float32Array
    """From the picture's pixels to the frame's."""
    detail: UInt8Array | None = None
    """The same picture with `face_detail.FINE` times the pixels, where the user's has them."""
    corners_42: Float32Array | None = None
    """The user's picture's corners in the frame, from the upper left clockwise, if known."""

    def for_networks(self) -> UInt8Array:
        """`picture` with nothing beyond the user's border that looks like another face's part."""
        if self.corners_42 is None:
            return self.picture
        return unmirrored(self.picture, inside_of(self.corners_42))


def framed(model: FaceModel, picture: UInt8Array, landmarks: Landmarks) -> Framed:
    """Turn, scale and cut an RGBA picture by its landmarks (in the picture's pixels).

    Beyond the picture's border it goes on calmly (`face_border`).

    Raises:
        PersonareError: the landmarks are no face's, reach out of the picture, or the face is small.
    """
    height, width = picture.shape[:2]
    _whole(landmarks, width, height)
    rough = _rough(model, landmarks)
    frame = (camera.SIZE, camera.SIZE)
    places = fit_face(model, landmarks.moved(rough, frame), moves=()).places_N2
    marks = dict(zip(model.landmarks, model.at_landmarks(places), strict=True))
    chin, crown = float(marks["chin"][1]), float(places[model.region("scalp"), 1].min())
    head = max(chin - crown, 1.0)
    if head / float(np.linalg.norm(rough[0, :2])) < SMALLEST_HEAD:
        raise PersonareError(
            "The face in the picture is too small.",
            f"Choose a picture whose head is at least {SMALLEST_HEAD} pixels tall.",
        )
    scale = HEAD * camera.SIZE / head
    middle = float(places[list(model.eyes), 0].mean())
    fine = np.array(
        [
            [scale, 0, (camera.SIZE - 1) / 2 - scale * middle],
            [0, scale, TOP * camera.SIZE - scale * crown],
        ]
    )
    matrix = (fine @ np.vstack([rough, [0, 0, 1]])).astype(np.float32)
    moved = landmarks.moved(matrix, frame)
    head_N2 = places @ fine[:, :2].T + fine[:, 2]
    large = float(np.linalg.norm(matrix[0, :2])) * WORTH <= 1
    times = FINE if large else 1
    corners_42 = corners_of((width, height), matrix)
    detail = continued(
        _cut(picture, matrix, times), _cut(picture, matrix, times, cv.BORDER_REFLECT_101),
        inside_of(corners_42, times), (head_N2 + MARGIN) * times, model.triangles_F3,
        (scale * chin + fine[1, 2] + MARGIN) * times,
    )  # fmt: skip
    if not large:
        return Framed(detail, moved, matrix, None, corners_42)
    return Framed(smaller(detail), moved, matrix, detail, corners_42)


def _whole(landmarks: Landmarks, width: int, height: int) -> None:
    inner = [
        0 <= mark.x < width and 0 <= mark.y < height
        for name, mark in landmarks.marks.items()
        if not name.startswith((*SLIDING, "ear", "throat", "collar"))
    ]
    if inner and np.mean(inner) < 0.9:
        raise PersonareError(
            "The face reaches out of the picture.", "Choose a picture with the whole face on it."
        )


def _rough(model: FaceModel, landmarks: Landmarks) -> Any:
    """The similarity (2, 3) that lays the marks best on the mean face's (Umeyama, 1991)."""
    mean = model.at_landmarks(model.mean_N3) + np.array([0.0, 0.25, -camera.DISTANCE])
    wanted = dict(zip(model.landmarks, camera.project(mean), strict=True))
    pairs = [
        ((mark.x, mark.y), wanted[name])
        for name, mark in landmarks.marks.items()
        if name in wanted and np.isfinite([mark.x, mark.y]).all()
    ]
    if len(pairs) < FEWEST:
        raise PersonareError(
            f"A face needs at least {FEWEST} points; {len(pairs)} are usable.", REMEDY
        )
    seen, goal = (np.array([pair[k] for pair in pairs], float) for k in (0, 1))
    a, b = seen - seen.mean(0), goal - goal.mean(0)
    size = float((a * a).sum())
    if size < 16:
        raise PersonareError("The points of the face lie on one line or on one spot.", REMEDY)
    real = float((a * b).sum()) / size
    turned = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / size
    turn = np.array([[real, -turned], [turned, real]])
    return np.column_stack([turn, goal.mean(0) - turn @ seen.mean(0)])


def corners_of(size: tuple[int, int], matrix_23: Float32Array) -> Float32Array:
    """The corners (4, 2) in the frame of a picture (width, height), from the upper left clockwise.

    `matrix_23` leads from the picture's pixels to the frame's.
    """
    width, height = size
    ends = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    found: Float32Array = (ends @ matrix_23[:, :2].T + matrix_23[:, 2]).astype(np.float32)
    return found


def inside_of(corners_42: Float32Array, fine: int = 1) -> UInt8Array:
    """1 where the frame and MARGIN, of `fine` pixels for one, show the picture itself, without its
    outermost pixel."""
    side = fine * (camera.SIZE + 2 * MARGIN)
    out = np.zeros((side, side), np.uint8)
    places = (corners_42.astype(np.float64) + MARGIN) * fine
    cv.fillConvexPoly(out, np.rint(places).astype(np.int32), 1)
    return out


def _cut(
    picture: UInt8Array, matrix_23: Float32Array, fine: int, beyond: int = cv.BORDER_REPLICATE
) -> UInt8Array:
    """The picture in the frame and MARGIN, `fine` pixels for one; a large one is first made
    smaller, against aliasing. `beyond` says how OpenCV goes on beyond its border."""
    matrix = matrix_23.astype(np.float64).copy()
    matrix[:, 2] += MARGIN
    matrix *= fine
    matrix[:, 2] += (fine - 1) / 2
    scale = float(np.linalg.norm(matrix[0, :2]))
    if scale < 0.7:
        height, width = picture.shape[:2]
        size = (max(round(width * scale * 1.3), 1), max(round(height * scale * 1.3), 1))
        picture = shrunk(picture, size)
        ratio = np.array([width / size[0], height / size[1]])
        shift = matrix[:, :2] @ (ratio / 2 - 0.5)
        matrix[:, :2] *= ratio
        matrix[:, 2] += shift
    side = fine * (camera.SIZE + 2 * MARGIN)
    cut: UInt8Array = cv.warpAffine(
        picture, matrix, (side, side), flags=cv.INTER_CUBIC, borderMode=beyond
    )
    return cut
