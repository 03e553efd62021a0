"""Makes a character of one picture: reads it, finds the face, writes the folder in one step.

Finding the face, its points and its parts is the work of a portrait model (`PortraitReader`,
`inference.portrait_reader`). Where none is installed, points marked by hand take its place and the
parts are guessed from them.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np

from app.characters.consent import consent_record
from app.characters.crop import remarks_of
from app.characters.library import CharacterLibrary
from app.characters.pictures import read_picture
from app.characters.reading import find_faces, places_of, read_points
from app.characters.references import EYES_SHUT, References
from inference.character import MANIFEST_NAME, Character, load_character
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_background import FILE as BACKGROUND_FILE
from inference.face_background import background_again, background_files
from inference.face_character import character_files, png
from inference.face_detail import FINE, smaller
from inference.face_eye_extent import settled
from inference.face_fit import fit_face
from inference.face_frame import Framed, corners_of, framed
from inference.face_layers import SIDE
from inference.face_masks import guessed_masks
from inference.face_model import FILE as MODEL_FILE
from inference.face_model import FaceModel, load_face_model
from inference.face_points import FILE as LANDMARKS_FILE
from inference.face_points import Landmarks, read_landmarks
from inference.face_shown import shown_of, stored_shown
from inference.frame_generator_layers import Shown
from inference.package_files import FORMAT_VERSION
from inference.portrait_place import FaceBox as FaceBox

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SOURCE_FILE: Final = "source.png"
"""The framed picture, kept so that the character can be made again."""
PORTRAIT_FILE: Final = "portrait.png"
GEOMETRY_FILE: Final = "geometry.npz"
LICENCE: Final = "private"
"""Licence of an imported character: the user's own, not for passing on."""
LENDERS: Final = 12
"""How many bundled characters are asked for the inside of a mouth."""


class PortraitReader(Protocol):
    """What the portrait model's networks do (`docs/portrait-import.md`)."""

    def faces(self, picture: UInt8Array) -> list[FaceBox]:
        """The faces of an RGBA picture."""

    def landmarks(self, picture: UInt8Array, face: FaceBox) -> Landmarks:
        """The points of one face in the picture's pixels."""

    def masks(self, picture: UInt8Array) -> dict[str, Float32Array]:
        """`inference.face_layers.MASKS` of a framed RGBA picture (592, 592, 4)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for."""

    picture: Path
    name: str
    consent: str
    landmarks: Path | None = None
    face: int | None = None
    """Which of several faces, counted from the left, the first being 1."""
    references: tuple[Path, ...] = ()


class Importer:
    """Imports pictures into a library."""

    def __init__(
        self, library: CharacterLibrary, assets: Path, own: Path, reader: PortraitReader | None
    ) -> None:
        """`assets` holds the face model, `own` is the folder that characters are written to."""
        self._library, self._assets, self._own = library, assets, own
        self._reader = reader
        self.remarks: list[str] = []
        """What the last import has to say, a sentence each: it went on, but could be better."""

    def run(self, request: Request) -> Character:
        """Write the character and load it again, all its files checked.

        Raises:
            PersonareError: the picture cannot be used, with the reason and what to do.
        """
        id_ = self._free_id(request.name)
        picture, scale = read_picture(request.picture)
        self._needs_help(request)
        model = self._model()
        placed = settled(framed(model, picture, self._points(model, request, picture, scale)))
        further = References(model, placed, self._reader)
        for path in request.references:
            further.add(path)
        facts = {
            "name": request.name.strip(),
            "consent": consent_record(
                request.consent,
                request.picture.read_bytes(),
                [path.read_bytes() for path in request.references],
            ),
            "frame_from_picture": [[float(v) for v in row] for row in placed.matrix_23],
            "picture_size": [picture.shape[1], picture.shape[0]],
            "references": [EYES_SHUT, *further.entries()],
        }
        corners_42 = corners_of((picture.shape[1], picture.shape[0]), placed.matrix_23)
        files = self._files(model, placed, further, partial(shown_of, corners_42))
        shown = stored_shown(files[GEOMETRY_FILE])
        self.remarks = [
            *remarks_of(request.picture.name, corners_42, files[PORTRAIT_FILE], shown),
            *further.remarks,
        ]
        files |= background_files(picture, placed.matrix_23, files[PORTRAIT_FILE], shown)
        fresh = self._write(id_, files, facts)
        return load_character(self._put(fresh, id_))

    def again(self, name: str, places: Mapping[str, tuple[float, float]]) -> Character:
        """Make an imported character anew with points set by hand, in pixels of its frame.

        Raises:
            PersonareError: it was not imported, a point is unknown, or the points are no face's.
        """
        character = self._library.load(name)
        folder = character.folder
        if folder.parent != self._own or not (folder / LANDMARKS_FILE).is_file():
            raise PersonareError(
                f"The character '{name}' was not imported here.",
                "Only imported characters have points to correct.",
            )
        model = self._model()
        strange = sorted(set(places) - set(model.landmarks))
        if strange:
            raise PersonareError(f"No point of a face is called '{strange[0]}'.", "Correct it.")
        marks = read_landmarks(folder / LANDMARKS_FILE, model.landmarks).nudged(places)
        picture = cv.imread(str(folder / SOURCE_FILE), cv.IMREAD_UNCHANGED)
        if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
            raise PersonareError(f"The picture of '{name}' is damaged.", "Import it again.")
        facts = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        placed = _again(cv.cvtColor(picture, cv.COLOR_BGRA2RGBA), marks, facts)
        further = References(model, placed, None)
        further.read_again(folder, facts.get("references", []))
        facts["references"] = [EYES_SHUT, *further.entries()]
        assert character.geometry_path is not None
        shown = stored_shown(character.geometry_path.read_bytes())
        files = self._files(model, placed, further, lambda _: shown)
        if character.background_path is not None:  # it was made of more than the framed picture
            files[BACKGROUND_FILE] = character.background_path.read_bytes()
        else:
            files |= background_again(placed.picture, files[PORTRAIT_FILE], shown)
        fresh = self._write(character.id, files, facts)
        return load_character(self._put(fresh, character.id))

    def _model(self) -> FaceModel:
        return load_face_model(self._assets / "face" / MODEL_FILE)

    def _files(
        self,
        model: FaceModel,
        placed: Framed,
        further: References,
        part: Callable[[UInt8Array], Shown],
    ) -> dict[str, bytes]:
        """Every file of the character but its manifest, from the framed picture."""
        picture, landmarks = placed.picture, placed.landmarks
        if self._reader is not None:
            masks: Mapping[str, Float32Array] = self._reader.masks(placed.for_networks())
        else:
            masks = guessed_masks(model, fit_face(model, landmarks), picture)
        rgb = np.ascontiguousarray(picture[..., :3])
        files = character_files(
            model, rgb, landmarks, masks, self._lenders(), further.used, placed.detail, part
        )
        kept = picture if placed.detail is None else placed.detail
        return files | {SOURCE_FILE: png(kept)} | further.files()

    def _needs_help(self, request: Request) -> None:
        if self._reader is None and request.landmarks is None:
            raise PersonareError(
                "The face in the picture cannot be found: no portrait model is installed.",
                "Install Personare again, or mark the face by hand and pass the file with "
                "--landmarks.",
            )

    def _points(
        self, model: FaceModel, request: Request, picture: UInt8Array, scale: float
    ) -> Landmarks:
        height, width = picture.shape[:2]
        if request.landmarks is None:
            assert self._reader is not None
            return read_points(self._reader, picture, self._one_face(request, picture))
        given = read_landmarks(request.landmarks, model.landmarks)
        wanted = (round(given.size[0] * scale), round(given.size[1] * scale))
        if abs(wanted[0] - width) > 1 or abs(wanted[1] - height) > 1:
            raise PersonareError(
                f"The landmarks {request.landmarks.name} were made for a picture of "
                f"{given.size[0]} x {given.size[1]} pixels, not for this one.",
                "Mark this picture.",
            )
        half = (scale - 1) / 2
        matrix = np.array([[scale, 0.0, half], [0.0, scale, half]], np.float32)
        return given.moved(matrix, (width, height))

    def _one_face(self, request: Request, picture: UInt8Array) -> FaceBox:
        assert self._reader is not None
        faces = sorted(find_faces(self._reader, picture), key=lambda face: face.box[0])
        if not faces:
            raise PersonareError(
                "No face was found in the picture.",
                "Choose a picture with the face in full view, or mark it by hand: --landmarks.",
            )
        if request.face is not None:
            if not 1 <= request.face <= len(faces):
                raise PersonareError(
                    f"The picture has no face number {request.face}.",
                    f"Choose a number from 1 to {len(faces)}, counted from the left.",
                )
            return faces[request.face - 1]
        if len(faces) > 1:
            raise PersonareError(
                f"The picture shows {len(faces)} faces: {places_of(faces)}.",
                f"Choose one with --face 1 to --face {len(faces)}, counted from the left.",
            )
        return faces[0]

    def _lenders(self) -> list[Character]:
        bundled = [entry for entry in self._library.list() if entry.bundled and entry.item]
        return [entry.item for entry in bundled[:LENDERS] if entry.item is not None]

    def _free_id(self, name: str) -> str:
        name = name.strip()
        if not 1 <= len(name) <= 80:
            raise PersonareError("A character needs a name of 1 to 80 letters.", "Pass --name.")
        id_ = slug(name)
        if (self._own / id_).exists():
            raise PersonareError(
                f"There is already a character '{id_}'.",
                f"Choose another name, or remove it first: personare characters remove {id_}.",
            )
        if id_ in self._library.folders():
            raise PersonareError(
                f"The name '{id_}' belongs to a character that came with Personare.",
                "Choose another name.",
            )
        return id_

    def _write(self, id_: str, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> Path:
        """A complete folder, not yet in the library but on the same disk."""
        manifest: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "id": id_,
            "name": "",
            "licence": LICENCE,
            "author": "",
            "style": "imported",
            "description": "Imported from a picture.",
            "references": [EYES_SHUT],
            **facts,
            "portrait": PORTRAIT_FILE,
            "thumbnail": "thumbnail.png",
            "geometry": GEOMETRY_FILE,
            "files": {n: hashlib.sha256(data).hexdigest() for n, data in sorted(files.items())},
        }
        if BACKGROUND_FILE in files:
            manifest["background"] = BACKGROUND_FILE
        fresh: Path | None = None
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(prefix=".import-", dir=self._own.parent))
            for file, content in files.items():
                (fresh / file).write_bytes(content)
            text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
            (fresh / MANIFEST_NAME).write_text(text, encoding="utf-8")
            fresh.chmod(0o755)
        except OSError as error:
            if fresh is not None:
                shutil.rmtree(fresh, ignore_errors=True)
            raise self._unwritable(error) from error
        return fresh

    def _put(self, fresh: Path, id_: str) -> Path:
        """Give a complete folder its name, in place of an older one."""
        target, old = self._own / id_, fresh.with_name(f"{fresh.name}-old")
        try:
            if target.exists():
                target.rename(old)
            fresh.rename(target)
        except OSError as error:
            if old.exists() and not target.exists():
                old.rename(target)
            shutil.rmtree(fresh, ignore_errors=True)
            raise self._unwritable(error) from error
        shutil.rmtree(old, ignore_errors=True)
        return target

    def _unwritable(self, error: OSError) -> PersonareError:
        return PersonareError(
            f"The character cannot be written to {self._own}: {error.strerror}.",
            "Check the free space and the permissions of the folder.",
        )


def slug(name: str) -> str:
    """A folder's name for a character's name: lower case, of letters and digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48]
    return short or "character-" + hashlib.sha256(name.encode()).hexdigest()[:8]


def _again(picture: UInt8Array, marks: Landmarks, facts: Mapping[str, Any]) -> Framed:
    """The framed picture that SOURCE_FILE keeps: with its detail, if it had more."""
    same = np.eye(2, 3, dtype=np.float32)
    corners_42 = None
    if "picture_size" in facts:  # characters of before do not tell
        matrix = np.array(facts["frame_from_picture"], np.float32)
        corners_42 = corners_of(tuple(facts["picture_size"]), matrix)
    if picture.shape[:2] == (SIDE, SIDE):
        return Framed(picture, marks, same, None, corners_42)
    if picture.shape[:2] == (FINE * SIDE, FINE * SIDE):
        return Framed(smaller(picture), marks, same, picture, corners_42)
    raise PersonareError(f"{SOURCE_FILE} has been changed.", "Import the picture again.")
