"""Measures what pictures from the side bring to imported people: how they turn and nod.

    python -m training.imported.sides --assets ASSETS --work FOLDER [--people 1] [--points true]
        [--points-only]

FOLDER holds `cases` (drawn if missing, by `training.imported.cases`, which
`training.imported.evaluate` keeps too); pictures from both sides, in other light and by other
cameras, are drawn beside them. Each person is imported from the portrait alone, with the picture
from the person's left, and with both. Measured are how far features go astray in a turn (as in
`training.face_model.turns`) and the PSNR of the face against the rig's truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.character import Character
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_character import character_files
from inference.face_fit import FaceFit, fit_face
from inference.face_frame import Framed, framed
from inference.face_model import FaceModel, load_face_model
from inference.face_points import Landmarks
from inference.face_references import SIDE, Reference, face_of
from inference.face_sides import fit_head, fit_sides
from inference.face_view import INNER, view_of
from inference.frame_generator import FrameGenerator
from inference.portrait_reader import NetworkReader
from training.face_model.turns import turned
from training.frames.evaluate import psnr
from training.imported.bring import _true_masks, into_frame, lenders_of, over_grey, write_character
from training.imported.cases import Case, case_path, draw_missing, motions, read_case, wanted_cases
from training.imported.reference_pictures import (
    SIDES,
    ReferencePicture,
    draw_references,
    read_references,
    write_references,
)
from training.imported.regions import boxes
from training.imported.sheets import on_grey
from training.people.split import LOOKS
from training.people.studio import Studio

TURNS: Final[dict[str, tuple[int, int, int]]] = {
    "yaw 10": (10, 0, 0), "yaw -10": (-10, 0, 0), "yaw 20": (20, 0, 0), "yaw -20": (-20, 0, 0),
    "pitch 10": (0, 10, 0), "pitch -10": (0, -10, 0), "pitch 15": (0, 15, 0),
    "pitch -15": (0, -15, 0),
}  # fmt: skip
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "left 10": ("yaw 10",), "right 10": ("yaw -10",), "left 20": ("yaw 20",),
    "right 20": ("yaw -20",), "pitch 10": ("pitch 10", "pitch -10"),
    "pitch 15": ("pitch 15", "pitch -15"),
}  # fmt: skip
"""What the table tells apart: to the person's left a turn goes as the picture from there."""
GIVEN: Final[dict[str, tuple[str, ...]]] = {"alone": (), "left": ("left",), "both": SIDES}
"""Which pictures from the side an import has."""


@dataclass(frozen=True, slots=True)
class Found:
    """One person, imported one way."""

    misses: Mapping[str, float]
    """Mean miss of the inner face's features in pixels, by TURNS."""
    psnr: Mapping[str, float]
    """Of the face in dB, by TURNS; empty where no picture was drawn."""
    fits: bool
    """Whether the pictures were found to show one head."""


class Measure:
    """Imports people and compares how they turn with the rig's truth."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._model: FaceModel = load_face_model(options.face)
        true = options.points == "true"
        self._reader = None if true else NetworkReader(options.reader, threads=1)
        self._lenders: list[Character] = lenders_of(options.characters)

    def people(self) -> Iterator[tuple[Case, dict[str, Found]]]:
        """Every person, by GIVEN."""
        folder = self._options.work / "cases"
        for each in wanted_cases(self._options.people, looks=self._options.looks):
            path = case_path(folder, *each)
            case = read_case(path, ("rest", *TURNS))
            pictures = read_references(sides_path(path), SIDES)
            try:
                yield case, self._found(case, pictures)
            except PersonareError as error:
                print(f"{case.name}: {error}", flush=True)

    def _found(
        self, case: Case, pictures: Mapping[str, ReferencePicture]
    ) -> dict[str, Found]:  # fmt: skip
        portrait = self._framed(case.picture, case.landmarks)
        sides = {k: self._framed(p.picture, p.landmarks) for k, p in pictures.items()}
        out = {}
        for how, names in GIVEN.items():
            marks = [sides[name].landmarks for name in names]
            fit = fit_head(self._model, portrait.landmarks, marks)
            fits = fit_sides(self._model, portrait.landmarks, marks, ()).fits if marks else True
            misses = self._misses(case, portrait, fit)
            score = {}
            if not self._options.points_only:
                score = self._scores(case, portrait, [sides[n] for n in names], how)
            out[how] = Found(misses, score, fits)
        return out

    def _framed(self, picture: UInt8Array, marks: Landmarks) -> Framed:
        rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        if self._reader is not None:
            face = max(self._reader.faces(rgba), key=lambda one: one.score)
            marks = self._reader.landmarks(rgba, face)
        return framed(self._model, rgba, marks)

    def _misses(self, case: Case, placed: Framed, fit: FaceFit) -> dict[str, float]:
        """How far the inner face's features go astray."""
        model, linear = self._model, placed.matrix_23[:, :2]
        rows = [k for k, name in enumerate(model.landmarks) if name.startswith(INNER)]
        points = model.at_landmarks(fit.points_N3)[rows]
        weight = model.at_landmarks(model.head_weight_N[:, None])[rows, 0]
        view, rest = view_of(model, fit, placed.landmarks.roll), camera.project(points)
        out = {}
        for name, turn in TURNS.items():
            there, here = (
                np.array([case.points[n][model.landmarks[k]] for k in rows]) for n in (name, "rest")
            )
            off = turned(points, weight, view, turn) - rest - (there - here) @ linear.T
            out[name] = float(np.sqrt((off**2).sum(1)).mean())
        return out

    def _scores(
        self, case: Case, portrait: Framed, sides: Sequence[Framed], how: str
    ) -> dict[str, float]:
        model = self._model
        rgb = np.ascontiguousarray(portrait.picture[..., :3])
        if self._reader is None:
            masks = _true_masks(case, portrait)
        else:
            masks = self._reader.masks(portrait.picture)
        alone = fit_face(model, portrait.landmarks)
        references = [
            Reference(face_of(model, alone, np.ascontiguousarray(s.picture[..., :3]), s.landmarks),
                      (SIDE,), measured=True)
            for s in sides
        ]  # fmt: skip
        files = character_files(model, rgb, portrait.landmarks, masks, self._lenders, references)
        folder = write_character(self._options.work / "sides" / how / case.name, files)
        generator = FrameGenerator(self._options.package, folder, threads=1)
        out = {}
        for name in TURNS:
            drawn: Float32Array = on_grey(generator.draw(case.motions[name])).astype(np.float32)
            truth = over_grey(into_frame(case.frames[name], portrait.matrix_23))
            places = boxes(case.points[name], portrait.matrix_23, truth.shape[0])["face"]
            out[name] = float(np.mean([psnr(drawn[box], truth[box]) for box in places]))
        return out


def sides_path(case: Path) -> Path:
    """Where a case's pictures from the side are kept."""
    return case.with_name(case.name.replace("case-", "sides-"))


def draw(options: argparse.Namespace) -> None:
    """Draw the people and pictures that are not there yet."""
    wanted = wanted_cases(options.people, looks=options.looks)
    folder = options.work / "cases"
    known = motions(0)
    draw_missing(options.assets, folder, wanted, {name: known[name] for name in ("rest", *TURNS)})
    left = [each for each in wanted if not sides_path(case_path(folder, *each)).is_file()]
    if not left:
        return
    studio = Studio(options.assets, 512)
    try:
        for each in left:
            found = draw_references(studio, *each, SIDES)
            write_references(sides_path(case_path(folder, *each)), found)
            print(f"drew the sides of {'-'.join(map(str, each))}", flush=True)
    finally:
        studio.close()


def table(found: Sequence[tuple[Case, dict[str, Found]]]) -> Iterator[str]:
    """Means by look, and the worst."""
    yield "| look | what | " + " | ".join(COLUMNS) + " | mean | worst change |"
    yield "| --- | --- |" + " --- |" * (len(COLUMNS) + 2)
    for look in dict.fromkeys(case.look for case, _ in found):
        mine = [each for case, each in found if case.look == look]
        for what, of in (("features, px", "misses"), ("face, dB", "psnr")):
            got = {
                how: np.array([[
                    np.mean([getattr(each[how], of)[n] for n in turns])
                    for turns in COLUMNS.values()] for each in mine if getattr(each[how], of)])
                for how in GIVEN
            }  # fmt: skip
            if not len(got["alone"]):
                continue
            means = {how: [*v.mean(0), v.mean()] for how, v in got.items()}
            cells = [" -> ".join(f"{means[how][k]:.2f}" for how in GIVEN)
                     for k in range(len(COLUMNS) + 1)]  # fmt: skip
            sign = 1 if of == "misses" else -1
            worst = max(
                ((sign * (got[how] - got["alone"]).mean(1)).max() for how in ("left", "both")),
            )
            yield f"| {look} ({len(mine)}) | {what} | " + " | ".join(cells) + f" | {worst:+.2f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for people")
    parser.add_argument("--assets", type=Path, help="the rig's asset folder, to draw people")
    parser.add_argument("--package", type=Path, default=Path("assets/models/frame-first-light"))
    parser.add_argument("--characters", type=Path, default=Path("assets/characters"))
    parser.add_argument("--face", type=Path, default=Path("assets/face/face-model.npz"))
    parser.add_argument("--reader", type=Path, default=Path("assets/models/portrait-reader"))
    parser.add_argument("--points", choices=("network", "true"), default="network")
    parser.add_argument("--points-only", action="store_true", help="import nobody: no PSNR")
    parser.add_argument("--people", type=int, default=1, help="of each held-out split and look")
    parser.add_argument("--looks", choices=LOOKS, nargs="+", default=LOOKS)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    if options.assets is not None:
        draw(options)
    found = []
    for case, each in Measure(options).people():
        found.append((case, each))
        told = ", ".join(
            f"{how} {np.mean(list(one.misses.values())):.2f} px"
            + (f" {np.mean(list(one.psnr.values())):.2f} dB" if one.psnr else "")
            + ("" if one.fits else " (not one head)")
            for how, one in each.items()
        )
        print(f"{case.name}: {told}", flush=True)
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
