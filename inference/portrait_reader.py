"""Reads a portrait: where faces are, their named points, and what is skin, clothes and hair.

Two graphs of a model package: `finder` looks at the whole picture in several sizes; `portrait` at
upright crops round one head. Points are read in a wide crop first; the place they give cuts the
next, and the last crops, in two sizes and mirrored too, are averaged by how sure each is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_layers import MASKS
from inference.face_points import Landmarks, Mark
from inference.model_package import REMEDY, ModelPackage, load_model_package
from inference.onnx_session import OnnxSession, open_session
from inference.portrait_cut import better_cut
from inference.portrait_finder import Find, find
from inference.portrait_masks import in_one_piece, parts_of, person_alone, refined
from inference.portrait_place import (
    FaceBox,
    Place,
    as_input,
    crop_matrix,
    cut,
    flattened,
    is_head,
    other_side,
    place_of,
    through,
)

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
KIND: Final = "portrait"
SIDE: Final = 192
"""Pixels of a crop."""
STRIDE: Final = 4
"""Pixels of one cell of a point's heat."""
WIDE: Final = 6.6
"""Head sizes across the first crops."""
FINE: Final = (5.6, 4.6)
"""The same of the last ones."""
BODY_REACH: Final = 8.6
"""The same of the crop that shoulders and collar are read in."""
MASK_SIDE: Final = 288
"""Pixels to which the frame is made smaller to be parted."""
CUT_OUT: Final = 0.02
"""Clear share of a picture that was cut out: all the rest of it is the person."""
PRESENT: Final = 0.4
"""Mean share of the head's points that must be seen, times their sharpness, for a face."""
VAGUE: Final = 0.35
"""Mean expected error of the head's points, in head sizes, where a face is doubtful."""
DOUBTFUL: Final = 0.06
"""Least confidence of a point that is in the picture: the fit leaves out what is below 0.05."""
SURE_PIXELS: Final = 1.6
"""Expected error of a point, in pixels of a frame with pupils 67 px apart, for confidence 1."""
FRAME_SIZE: Final = 512 * 0.46 / 3.66
"""A head's size in the frame of 512 pixels, in pixels."""
CANDIDATES: Final = 12
SMALL: Final = 25.0
"""Head size in pixels below which a face does not count beside larger ones: it is too small to be
imported (`inference.face_frame.SMALLEST_HEAD`)."""
LEAST: Final = 0.5
"""Score below which a find is no face."""
WEAK: Final = 0.75
"""Share of the best face's score below which another does not count."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Points (L, 2) in the picture's pixels, the expected error of each in these pixels, and how
    likely each is in the crop (0..1)."""

    points: Any
    error: Any
    present: Any


class NetworkReader:
    """Implements `app.characters.importer.PortraitReader`."""

    def __init__(self, package: ModelPackage | Path | str, threads: int = 2) -> None:
        """Raises PersonareError if the package is missing, damaged, or of another kind."""
        if not isinstance(package, ModelPackage):
            package = load_model_package(package, KIND)
        self._finder = open_session(package.path("finder"), threads=threads)
        self._portrait = open_session(package.path("portrait"), threads=threads)
        try:
            template = package.parameters["template"]
            self.names = tuple(template)
            self._template = np.array([template[name] for name in self.names], np.float64)
            if self._template.shape != (len(self.names), 2):
                raise ValueError(f"a template of shape {self._template.shape}")
            self._mirror = np.array([self.names.index(other_side(n)) for n in self.names])
        except (KeyError, TypeError, ValueError) as error:
            raise PersonareError(
                f"The model package '{package.name}' is damaged: {error!r}.", REMEDY
            ) from error
        self._head = is_head(self.names)

    # --- what the importer asks for --------------------------------------------------------------

    def faces(self, picture: UInt8Array) -> list[FaceBox]:
        """The faces of an RGBA picture, the surest first: found, then looked at closely."""
        rgb = flattened(picture)
        kept: list[tuple[FaceBox, Place]] = []
        for candidate in find(self._finder, rgb)[:CANDIDATES]:
            best = max((box.score for box, _ in kept), default=0.0)
            if np.sqrt(candidate.score) < max(LEAST, WEAK * best):
                break  # neither it nor any after it can count, however well its points are seen
            place, reading = self._settle(rgb, candidate.place)
            share = float(reading.present[self._head].mean()) * self._sharpness(reading, place)
            if share < PRESENT or _doubled(place, [other for _, other in kept]):
                continue
            score = float(np.sqrt(candidate.score * share))
            if score < LEAST:
                continue
            kept.append((FaceBox(self._box(reading), score), place))
        kept.sort(key=lambda each: -each[0].score)
        return [box for box, place in kept if self._counts(box, place, kept)]

    @staticmethod
    def _counts(box: FaceBox, place: Place, kept: list[tuple[FaceBox, Place]]) -> bool:
        """Whether a face is more than something in the background of a better one."""
        if box.score < WEAK * kept[0][0].score:
            return False
        return place.size >= SMALL or all(other.size < SMALL for _, other in kept)

    def landmarks(self, picture: UInt8Array, face: FaceBox) -> Landmarks:
        """The points of one face in the picture's pixels, hidden ones too."""
        rgb = flattened(picture)
        reading = self._read(rgb, self._inside(rgb, face))
        unit = FRAME_SIZE / max(self._place(reading).size, 1e-6)
        sure = np.clip((SURE_PIXELS / np.maximum(reading.error * unit, 1e-3)) ** 2, 0.0, 1.0)
        sure = np.where(reading.present > 0.5, np.maximum(sure, DOUBTFUL), sure * reading.present)
        marks = {
            name: Mark(float(x), float(y), "network", float(s))
            for name, (x, y), s in zip(self.names, reading.points, sure, strict=True)
        }
        return Landmarks(marks, (picture.shape[1], picture.shape[0]))

    def masks(self, picture: UInt8Array, by_colour: bool = True) -> dict[str, Float32Array]:
        """`face_layers.MASKS` of a framed RGBA picture: visible shares that add to the person's.

        `by_colour=False` leaves out the second look at the outline, for measuring.
        """
        rgb = flattened(picture)
        small = cv.resize(rgb, (MASK_SIDE, MASK_SIDE), interpolation=cv.INTER_AREA)
        logits = self._portrait.run({"picture": as_input([small])})["parts"][0]
        alpha = picture[..., 3].astype(np.float32) / 255
        rough = parts_of(logits)
        if float((alpha < 0.5).mean()) > CUT_OUT:
            shares = in_one_piece(refined(person_alone(rough), rgb))
        else:
            shares = in_one_piece(refined(rough, rgb))
            shares = better_cut(shares, rough, rgb) if by_colour else shares
        return {name: shares[k] * alpha for k, name in enumerate(MASKS, start=1)}

    def place(self, points_L2: Any, weight_L: Any = None) -> Place:
        """Where the head of these points is; `weight_L` says how far to trust each."""
        head = self._head
        weight = None if weight_L is None else weight_L[head]
        return place_of(points_L2[head], self._template[head], weight)

    # --- how -------------------------------------------------------------------------------------

    def _inside(self, rgb: UInt8Array, face: FaceBox) -> Place:
        """The place of the face in a box, its roll found anew."""
        x, y, width, height = face.box
        middle = np.array([x + width / 2, y + height / 2])
        rough = Place(float(middle[0]), float(middle[1]), max(width, height) / 3.7, 0.0)
        side = 2 * SIDE
        matrix = crop_matrix(rough, side, 8.0)
        near = find(self._finder, cut(rgb, matrix, side))
        best: tuple[float, Place] | None = None
        for each in near:
            found = _carried(each, matrix)
            away = float(np.hypot(*(middle - (found.x, found.y)))) / rough.size
            score = each.score - 0.5 * away - abs(np.log(found.size / rough.size))
            if best is None or score > best[0]:
                best = (score, found)
        return rough if best is None or best[0] < -1.5 else best[1]

    def _settle(self, rgb: UInt8Array, place: Place) -> tuple[Place, Reading]:
        """A better place, by the points of a wide crop, twice."""
        reading = self._look(rgb, place, WIDE)
        place = self._place(reading)
        reading = self._look(rgb, place, WIDE)
        return self._place(reading), reading

    def _read(self, rgb: UInt8Array, place: Place) -> Reading:
        """All points as well as they can be told."""
        place, first = self._settle(rgb, place)
        looks = [self._look(rgb, place, r, mirrored) for r in FINE for mirrored in (False, True)]
        weight = np.stack([1 / np.maximum(one.error, 1e-3) ** 2 for one in looks])
        weight *= np.stack([one.present for one in looks]) + 1e-3
        weight /= weight.sum(0)
        points = (weight[..., None] * np.stack([one.points for one in looks])).sum(0)
        error = (weight * np.stack([one.error for one in looks])).sum(0)
        present = (weight * np.stack([one.present for one in looks])).sum(0)
        body = self._look(rgb, place, BODY_REACH)
        for k in np.flatnonzero(~self._head):
            points[k], error[k], present[k] = body.points[k], body.error[k], body.present[k]
        present = np.maximum(present, np.where(self._head, first.present * (present > 0.3), 0))
        return Reading(points, error, present)

    def _look(self, rgb: UInt8Array, place: Place, reach: float, mirrored: bool = False) -> Reading:
        """The points in one crop."""
        matrix = crop_matrix(place, SIDE, reach)
        crop = cut(rgb, matrix, SIDE)
        if mirrored:
            crop = np.ascontiguousarray(crop[:, ::-1])
        out = self._portrait.run({"picture": as_input([crop])})
        points, sure = _expected(out["heat"][0]), out["sure"][0]
        count = len(self.names)
        present = 1 / (1 + np.exp(-sure[:count]))
        error = np.exp(np.clip(sure[count:], -3, 5))
        if mirrored:
            points = points[self._mirror] * np.array([-1, 1]) + np.array([SIDE - 1, 0])
            present, error = present[self._mirror], error[self._mirror]
        scale = reach * place.size / SIDE
        return Reading(through(matrix, points), error * scale, present)

    def _sharpness(self, reading: Reading, place: Place) -> float:
        """1 where points are sure of themselves, less than a half where nothing is a face."""
        error = float(reading.error[self._head].mean()) / max(place.size, 1e-6)
        return 1 / (1 + (error / VAGUE) ** 2)

    def _place(self, reading: Reading) -> Place:
        return self.place(reading.points, reading.present + 0.05)

    def _box(self, reading: Reading) -> tuple[float, float, float, float]:
        head = reading.points[self._head]
        low, high = head.min(0), head.max(0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def _expected(heat_LHW: Any) -> Any:
    """Soft-argmax (L, 2): x, y in pixels of the crop."""
    count, height, width = heat_LHW.shape
    flat = heat_LHW.reshape(count, -1)
    share = np.exp(flat - flat.max(1, keepdims=True))
    share = (share / share.sum(1, keepdims=True)).reshape(count, height, width)
    x = (share.sum(1) * np.arange(width)).sum(1)
    y = (share.sum(2) * np.arange(height)).sum(1)
    return np.stack([x, y], 1) * STRIDE + (STRIDE - 1) / 2


def _carried(each: Find, matrix: Float32Array) -> Place:
    """A find in a crop, in the picture."""
    x, y = through(matrix, np.array([[each.place.x, each.place.y]]))[0]
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    turned = float(np.arctan2(matrix[1, 0], matrix[0, 0]))
    return Place(float(x), float(y), each.place.size * scale, each.place.roll + turned)


def _doubled(place: Place, kept: list[Place]) -> bool:
    return any(
        np.hypot(place.x - old.x, place.y - old.y) < 1.8 * max(place.size, old.size) for old in kept
    )


__all__ = ["FaceBox", "NetworkReader", "OnnxSession"]
