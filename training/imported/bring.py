"""Imports a case as a user's picture, and lays the rig's truth into the same frame.

Points and parts are the true ones, or what the portrait reader finds; from there on it is the
importer's own way: framed, fitted, taken apart, written as a character.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import cv2
import numpy as np

from inference.character import Character, load_character
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_camera import SIZE
from inference.face_character import character_files
from inference.face_frame import Framed, framed
from inference.face_grids import MARGIN
from inference.face_layers import MASKS
from inference.face_model import FaceModel
from inference.face_points import Landmarks
from inference.portrait_place import FaceBox
from training.imported.cases import Case

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
How = Literal["true", "network"]
GREY: Final = 128


class Reader(Protocol):
    """As `app.characters.importer.PortraitReader`."""

    def faces(self, picture: UInt8Array) -> list[FaceBox]:
        """Faces of an RGBA picture."""

    def landmarks(self, picture: UInt8Array, face: FaceBox) -> Landmarks:
        """Points in the picture's pixels."""

    def masks(self, picture: UInt8Array) -> dict[str, Float32Array]:
        """Parts of a framed picture."""


@dataclass(frozen=True, slots=True)
class Brought:
    """An imported case."""

    folder: Path
    matrix_23: Float32Array
    """From the picture's pixels to the frame's."""
    portrait: UInt8Array
    """The framed picture, RGB (512, 512, 3)."""
    masks: dict[str, Float32Array]
    """As used, over the frame."""
    seconds: float
    """Processor seconds from the picture to the files."""
    point_error: float
    """Mean miss of the points inside the face, in pixels of the frame."""


def lenders_of(characters: Path) -> list[Character]:
    """The bundled characters, who lend the insides of their mouths."""
    folders = sorted(path.parent for path in characters.glob("*/character.json"))
    return [load_character(folder, check=False) for folder in folders]


def bring(
    case: Case, model: FaceModel, lenders: Iterable[Character], out: Path, reader: Reader | None
) -> Brought:
    """Import a case into the folder `out`; without a reader with true points and parts.

    Raises:
        PersonareError: the picture was refused.
    """
    rgba = np.dstack([case.picture, np.full(case.picture.shape[:2], 255, np.uint8)])
    began = time.process_time()
    marks = case.landmarks if reader is None else reader.landmarks(rgba, _face(reader, rgba))
    placed = framed(model, rgba, marks)
    masks = _true_masks(case, placed) if reader is None else reader.masks(placed.for_networks())
    rgb = np.ascontiguousarray(placed.picture[..., :3])
    files = character_files(model, rgb, placed.landmarks, masks, lenders)
    seconds = time.process_time() - began
    inner = slice(MARGIN, MARGIN + SIZE)
    return Brought(
        write_character(out, files), placed.matrix_23, rgb[inner, inner],
        {name: masks[name][inner, inner] for name in MASKS}, seconds,
        _point_error(case, marks, placed),
    )  # fmt: skip


def _face(reader: Reader, rgba: UInt8Array) -> FaceBox:
    faces = reader.faces(rgba)
    if not faces:
        raise PersonareError("No face was found in the picture.", "Use the true points.")
    return max(faces, key=lambda face: face.box[2] * face.box[3])


def _true_masks(case: Case, placed: Framed) -> dict[str, Float32Array]:
    matrix = placed.matrix_23.astype(np.float64).copy()
    matrix[:, 2] += MARGIN
    side = SIZE + 2 * MARGIN
    moved = cv.warpAffine(
        case.masks, matrix, (side, side), flags=cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE
    )
    return {name: moved[..., k].astype(np.float32) / 255 for k, name in enumerate(MASKS)}


def _point_error(case: Case, marks: Landmarks, placed: Framed) -> float:
    inner = ("eye_", "pupil", "nose", "mouth", "lip", "brow", "chin")
    names = [n for n in marks.marks if n.startswith(inner) and n in case.landmarks.marks]
    if not names:
        return float("nan")
    apart = [
        np.hypot(marks.marks[n].x - case.landmarks.marks[n].x,
                 marks.marks[n].y - case.landmarks.marks[n].y)
        for n in names
    ]  # fmt: skip
    return float(np.mean(apart) * np.linalg.norm(placed.matrix_23[0, :2]))


def write_character(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A character folder with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest = {
        "format_version": 1,
        "id": folder.name,
        "name": folder.name,
        "licence": "Apache-2.0",
        "author": "Personare",
        "consent": {"kind": "synthetic"},
        "portrait": "portrait.png",
        "thumbnail": "thumbnail.png",
        "geometry": "geometry.npz",
        "references": [{"file": "eyes-shut.png", "kind": "eyes-shut"}],
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    (folder / "character.json").write_text(json.dumps(manifest))
    return folder


def into_frame(rgba: UInt8Array, matrix_23: Float32Array) -> Float32Array:
    """A truth (straight alpha) in the frame: premultiplied RGBA (512, 512, 4), moved as the
    importer moves the picture, so that both lose the same."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    premultiplied = np.dstack([rgba[..., :3] * alpha, alpha[..., 0] * 255])
    moved = cv.warpAffine(
        premultiplied, matrix_23.astype(np.float64), (SIZE, SIZE), flags=cv.INTER_CUBIC,
        borderMode=cv.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(moved.clip(0, 255), np.float32)


def labels_in_frame(labels_HW: UInt8Array, matrix_23: Float32Array) -> UInt8Array:
    """Labels of pixels, moved into the frame."""
    moved: UInt8Array = cv.warpAffine(
        labels_HW, matrix_23.astype(np.float64), (SIZE, SIZE), flags=cv.INTER_NEAREST,
        borderMode=cv.BORDER_REPLICATE,
    )  # fmt: skip
    return moved


def over_grey(premultiplied: Float32Array) -> Float32Array:
    """RGB in 0..255 of a premultiplied picture over grey."""
    share = 1 - premultiplied[..., 3:] / 255
    return np.asarray(premultiplied[..., :3] + GREY * share, np.float32)
