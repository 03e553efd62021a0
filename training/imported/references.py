"""Measures what further pictures of somebody bring: mouths and eyes, with and without them.

    python -m training.imported.references --assets ASSETS --work FOLDER

Draws held-out people and, in other light and pose, a picture of each with the mouth open, one with
the eyes shut and one from the side (kept in FOLDER). Each person is imported as a user would,
points and all read by the portrait reader, once from the portrait alone and once with the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from inference.character import Character
from inference.contract import Float32Array, UInt8Array
from inference.face_character import character_files, with_eyes_shut
from inference.face_fit import fit_face
from inference.face_frame import Framed, framed
from inference.face_grids import MARGIN
from inference.face_model import FaceModel, load_face_model
from inference.face_references import Face, Reference, face_of, kinds_of
from inference.frame_generator import FrameGenerator
from inference.portrait_reader import NetworkReader
from training.frames.evaluate import psnr
from training.frames.motions import named_motions
from training.imported.bring import into_frame, lenders_of, over_grey, write_character
from training.imported.cases import Case, case_path, draw_missing, read_case
from training.imported.reference_pictures import (
    KINDS,
    draw_references,
    read_references,
    write_references,
)
from training.imported.regions import boxes
from training.imported.sheets import on_grey
from training.people.split import Look, Split
from training.people.studio import Studio

PEOPLE: Final[tuple[tuple[Split, Look, int], ...]] = (
    ("test-people", "photo", 0), ("test-hair", "photo", 0), ("test-look", "photo", 0),
    ("test-people", "photo", 1), ("test-people", "toon", 0), ("test-people", "drawn", 0),
)  # fmt: skip
REGIONS: Final = {"aa": "mouth", "E": "mouth", "grin": "mouth", "blink": "eyes"}
"""Motions that are measured, and where."""


class Measure:
    """Imports people and compares what they do with the rig's truth."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._model: FaceModel = load_face_model(options.face)
        self._reader = NetworkReader(options.reader, threads=1)
        self._lenders: list[Character] = lenders_of(options.characters)

    def rows(self) -> Iterator[tuple[str, str, dict[str, tuple[float, float]]]]:
        """Name, kinds that were told, and PSNR without and with references by motion."""
        for each in PEOPLE[: self._options.people]:
            path = case_path(self._options.work / "cases", *each)
            case = read_case(path, REGIONS)
            portrait = self._framed(case.picture)
            used = self._references(path, portrait)
            found = [self._scores(case, portrait, some) for some in ([], used)]
            told = ", ".join("+".join(one.kinds) or "nothing" for one in used)
            yield case.name, told, {n: (found[0][n], found[1][n]) for n in REGIONS}

    def _framed(self, picture: UInt8Array) -> Framed:
        rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        face = max(self._reader.faces(rgba), key=lambda one: one.score)
        return framed(self._model, rgba, self._reader.landmarks(rgba, face))

    def _references(self, case: Path, portrait: Framed) -> list[Reference]:
        pictures = read_references(reference_path(case))
        ours = self._face(portrait)
        inner = np.ascontiguousarray(portrait.picture[MARGIN:-MARGIN, MARGIN:-MARGIN])
        shut = with_eyes_shut(self._model, ours.fit, inner)
        out = []
        for kind in KINDS:
            placed = self._framed(pictures[kind].picture)
            rgb = np.ascontiguousarray(placed.picture[..., :3])
            other = face_of(self._model, ours.fit, rgb, placed.landmarks)
            out.append(Reference(other, kinds_of(self._model, ours, shut, other)))
        return out

    def _face(self, placed: Framed) -> Face:
        rgb = np.ascontiguousarray(placed.picture[..., :3])
        return Face(rgb, placed.landmarks, fit_face(self._model, placed.landmarks))

    def _scores(
        self, case: Case, portrait: Framed, references: Sequence[Reference]
    ) -> Mapping[str, float]:
        rgb = np.ascontiguousarray(portrait.picture[..., :3])
        masks = self._reader.masks(portrait.picture)
        files = character_files(
            self._model, rgb, portrait.landmarks, masks, self._lenders, references
        )
        how = "with" if references else "without"
        folder = write_character(self._options.work / how / case.name, files)
        generator = FrameGenerator(self._options.package, folder, threads=1)
        out = {}
        for name, region in REGIONS.items():
            drawn: Float32Array = on_grey(generator.draw(case.motions[name])).astype(np.float32)
            truth = over_grey(into_frame(case.frames[name], portrait.matrix_23))
            places = boxes(case.points[name], portrait.matrix_23, truth.shape[0])[region]
            out[name] = float(np.mean([psnr(drawn[box], truth[box]) for box in places]))
        return out


def reference_path(case: Path) -> Path:
    """Where a case's further pictures are kept."""
    return case.with_name(case.name.replace("case-", "references-"))


def draw(options: argparse.Namespace) -> None:
    """Draw the people and pictures that are not there yet."""
    named = named_motions()
    wanted = PEOPLE[: options.people]
    folder = options.work / "cases"
    asked = {name: named[name] for name in ("rest", *REGIONS)}
    draw_missing(options.assets, folder, wanted, asked)
    left = [each for each in wanted if not reference_path(case_path(folder, *each)).is_file()]
    if not left:
        return
    studio = Studio(options.assets, 512)
    try:
        for each in left:
            found = draw_references(studio, *each)
            write_references(reference_path(case_path(folder, *each)), found)
    finally:
        studio.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for people")
    parser.add_argument("--assets", type=Path, help="the rig's asset folder, to draw people")
    parser.add_argument("--package", type=Path, default=Path("assets/models/frame-first-light"))
    parser.add_argument("--characters", type=Path, default=Path("assets/characters"))
    parser.add_argument("--face", type=Path, default=Path("assets/face/face-model.npz"))
    parser.add_argument("--reader", type=Path, default=Path("assets/models/portrait-reader"))
    parser.add_argument("--people", type=int, default=len(PEOPLE))
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    if options.assets is not None:
        draw(options)
    print(
        "| who | told as | " + " | ".join(REGIONS) + " |\n| --- | --- |" + " --- |" * len(REGIONS)
    )
    found = []
    for name, told, pairs in Measure(options).rows():
        found.append(pairs)
        cells = [f"{pairs[n][0]:.1f} -> {pairs[n][1]:.1f}" for n in REGIONS]
        print(f"| {name} | {told} | " + " | ".join(cells) + " |", flush=True)
    means = [tuple(np.mean([pairs[n] for pairs in found], 0)) for n in REGIONS]
    print("| mean | | " + " | ".join(f"{a:.1f} -> {b:.1f}" for a, b in means) + " |")


if __name__ == "__main__":
    main()
