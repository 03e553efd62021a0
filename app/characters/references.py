"""Further pictures of the one who is imported: read, sorted by what they show, kept, refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from app.characters.pictures import read_picture
from app.characters.reading import Reader, find_faces, read_points
from app.characters.same_picture import same_picture
from inference.contract import PersonareError, UInt8Array
from inference.face_character import png, with_eyes_shut
from inference.face_fit import FaceFit, fit_face
from inference.face_frame import Framed, framed
from inference.face_grids import MARGIN
from inference.face_model import FaceModel
from inference.face_points import Landmarks, read_landmarks
from inference.face_references import (
    EYES,
    MOUTH,
    SIDE,
    TURNED,
    Face,
    Reference,
    face_of,
    kinds_of,
    lips_apart,
)
from inference.face_sides import fit_head, fit_sides

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
EYES_SHUT: Final[dict[str, Any]] = {"file": "eyes-shut.png", "kind": "eyes-shut"}
"""What every imported character lists: its own portrait with its lids drawn over the eyes."""
SOURCE: Final = "source"
"""Kind of a picture that the user brought, framed like the portrait."""
ANOTHER: Final = 3.3
"""Size of the change to the portrait's head (standard deviations of the model, over
`face_references.STIFF`) above which a picture may show somebody else. Of 92 pairs of pictures of
one person none had more than 3.11; of 160 of two people, all photographs, 59 in 100 had more."""
FURTHER: Final = 0.08
"""Difference in `lips_apart` from which a second open mouth adds to the first."""
TOLD: Final[dict[str, str]] = {
    MOUTH: "lips apart; the mouth has its teeth",
    EYES: "eyes shut; the lids have its lashes and folds",
    SIDE: "the face from the side; the depth of the head is measured with it",
}
"""What a kind of picture is used for, in words."""
UNUSED: Final = "the face from the side; kept, but not used: its points do not fit the portrait's"


class References:
    """The further pictures of one import."""

    def __init__(self, model: FaceModel, portrait: Framed, reader: Reader | None) -> None:
        self._model, self._placed, self._reader = model, portrait, reader
        self._known: list[tuple[str, Framed, Reference]] = []
        self._placed = portrait
        self.remarks: list[str] = []
        """What is doubtful about them, a sentence each."""

    @cached_property
    def _portrait(self) -> Face:
        """The portrait, fitted only where there is a picture to compare with."""
        rgb = np.ascontiguousarray(self._placed.picture[..., :3])
        marks = self._placed.landmarks
        return Face(rgb, marks, fit_face(self._model, marks))

    @cached_property
    def _shut(self) -> UInt8Array:
        """The portrait's frame with its lids drawn over the eyes."""
        inner = np.ascontiguousarray(self._placed.picture[MARGIN:-MARGIN, MARGIN:-MARGIN])
        return with_eyes_shut(self._model, self._portrait.fit, inner)

    def add(self, path: Path) -> None:
        """Read a picture the user brought.

        Raises:
            PersonareError: it cannot be used, with the reason and what to do.
        """
        picture, _ = read_picture(path)
        marks = self._landmarks(path.name, picture)
        try:
            placed = framed(self._model, picture, marks)
            face = self._face(placed)
        except PersonareError as error:
            raise PersonareError(
                f"The reference {path.name} cannot be used: {error}",
                f"{error.remedy} Or leave it out.",
            ) from error
        if same_picture(self._placed, placed):
            raise PersonareError(
                f"The reference {path.name} is the portrait itself.",
                "Choose another one, with the teeth showing or the eyes shut, or leave it out.",
            )
        kinds = kinds_of(self._model, self._portrait, self._shut, face)
        if not kinds:
            raise PersonareError(
                f"The reference {path.name} shows nothing that the portrait does not.",
                "Choose one with the teeth showing or the eyes shut, or leave it out.",
            )
        reference = Reference(face, kinds, lips_apart(self._model, self._portrait, face))
        for name, _, other in self._known:
            more = MOUTH in kinds and abs(reference.lips - other.lips) > FURTHER
            if set(kinds) <= set(other.kinds) and not more and not self._sides(face, other.face):
                raise PersonareError(
                    f"The reference {path.name} shows the same as {name}.",
                    "Leave one of them out.",
                )
        reference = self._measured(path.name, reference)
        self._known.append((path.name, placed, reference))
        if kinds != (SIDE,) and float(np.linalg.norm(face.fit.coefficients_K)) > ANOTHER:
            self.remarks.append(
                f"The reference {path.name} may show somebody else: the shape of the head differs."
            )

    def read_again(self, folder: Path, entries: Iterable[Mapping[str, Any]]) -> None:
        """Read what a character's folder keeps of them.

        Raises:
            PersonareError: a picture or its points are damaged.
        """
        for entry in entries:
            if entry.get("kind") != SOURCE:
                continue
            name = str(entry["file"])
            bgra = cv.imread(str(folder / name), cv.IMREAD_UNCHANGED)
            if bgra is None or bgra.shape != self._placed.picture.shape:
                raise PersonareError(f"The picture {name} is damaged.", "Import it again.")
            marks = read_landmarks(folder / str(entry["points"]), self._model.landmarks)
            placed = Framed(
                cv.cvtColor(bgra, cv.COLOR_BGRA2RGBA), marks, np.eye(2, 3, dtype=np.float32)
            )
            shows = tuple(str(kind) for kind in entry.get("shows", ()))
            measured = SIDE in shows and bool(entry.get("used"))
            reference = Reference(self._face(placed), shows, measured=measured)
            self._known.append((name, placed, reference))

    @property
    def used(self) -> list[Reference]:
        """What the character is made with; of shut eyes the first picture counts. Where sides tell
        the head's depth, all pictures are fitted with it."""
        found = [reference for _, _, reference in self._known]
        sides = [one.face.landmarks for one in found if one.measured]
        if not sides:
            return found
        fit = fit_head(self._model, self._placed.landmarks, sides)
        faces = [self._face(placed, fit) for _, placed, _ in self._known]
        return [replace(one, face=face) for one, face in zip(found, faces, strict=True)]

    def entries(self) -> list[dict[str, Any]]:
        """What `character.json` lists: neither names nor places of the user's files."""
        return [
            {
                "file": f"reference-{number}.png",
                "kind": SOURCE,
                "shows": list(reference.kinds),
                "used": reference.kinds != (SIDE,) or reference.measured,
                "points": f"reference-{number}.json",
            }
            for number, (_, _, reference) in enumerate(self._known, 1)
        ]

    def files(self) -> dict[str, bytes]:
        """The framed pictures and their points."""
        out = {}
        for number, (_, placed, _) in enumerate(self._known, 1):
            out[f"reference-{number}.png"] = png(placed.picture)
            out[f"reference-{number}.json"] = placed.landmarks.text().encode()
        return out

    def _face(self, placed: Framed, fit: FaceFit | None = None) -> Face:
        """A picture fitted with the portrait's head, or with a head that is known better."""
        rgb = np.ascontiguousarray(placed.picture[..., :3])
        return face_of(self._model, fit or self._portrait.fit, rgb, placed.landmarks)

    def _sides(self, one: Face, other: Face) -> bool:
        """Whether two pictures show the face from the two sides."""
        here = self._portrait.fit.angles[0]
        ways = [float(np.degrees(face.fit.angles[0] - here)) for face in (one, other)]
        return min(ways) <= -TURNED[0] and max(ways) >= TURNED[0]

    def _measured(self, name: str, reference: Reference) -> Reference:
        """The picture, which measures the head if it shows it from the side and fits the portrait
        and what is known from other sides; else a sentence says so."""
        if SIDE not in reference.kinds:
            return reference
        sides = [one.face.landmarks for _, _, one in self._known if one.measured]
        marks = [*sides, reference.face.landmarks]
        try:
            fits = fit_sides(self._model, self._placed.landmarks, marks, moves=()).fits
        except PersonareError:
            fits = False
        if not fits:
            self.remarks.append(
                f"The reference {name} may show somebody else, or another expression: the depth of "
                "the head is not measured with it."
            )
        return replace(reference, measured=fits)

    def _landmarks(self, name: str, picture: UInt8Array) -> Landmarks:
        if self._reader is None:
            raise PersonareError(
                f"The reference {name} cannot be read: no portrait model is installed.",
                "Install Personare again, or import the picture without --reference.",
            )
        faces = find_faces(self._reader, picture)
        if not faces:
            raise PersonareError(
                f"No face was found in the reference {name}.",
                "Choose a picture with the face in full view, or leave it out.",
            )
        if len(faces) > 1:
            raise PersonareError(
                f"The reference {name} shows {len(faces)} faces.",
                "Cut out the one that is meant, or leave it out.",
            )
        return read_points(self._reader, picture, faces[0])


def told(entry: Mapping[str, Any]) -> str:
    """What a listed picture of the user shows, and what it is used for."""
    shows = tuple(str(kind) for kind in entry.get("shows", ()))
    if shows == (SIDE,) and not entry.get("used"):
        return UNUSED
    return "; ".join(TOLD.get(kind, kind) for kind in shows)
