"""What a closely cropped picture costs: held-out people imported whole and cut, against the truth.

    python -m training.imported.tight --cases DIR [--people N] [--assets assets]

`--cases` is the folder of case files that `training.imported.evaluate` keeps in its work folder:
people, hair and looks never trained on. Each picture is cut as in CUTS and imported as a user's:
points and parts by the portrait reader, the frame as close as the picture asks for. Printed for
each cut, as means over people and motions: how much larger the head is drawn, the share of drawn
pixels that no picture showed (at rest; in brackets if the whole frame were drawn), and PSNR (dB) of
face, mouth and eyes in the part that is drawn: of the cut picture, and of the whole one's frames
enlarged to the same part. The second is what zooming in would give.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.character import Character, load_character
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_camera import SIZE
from inference.face_character import character_files
from inference.face_frame import framed, inside_of
from inference.face_grids import MARGIN
from inference.face_model import FaceModel, load_face_model
from inference.face_shown import shown_matrix, shown_of, stored_shown
from inference.frame_generator import FrameGenerator
from inference.frame_generator_layers import WHOLE, Shown
from inference.portrait_reader import NetworkReader
from training.imported.bring import into_frame, lenders_of, over_grey, write_character
from training.imported.cases import Case, read_case
from training.imported.regions import REGIONS, boxes, scores

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
CUTS: Final[dict[str, tuple[float, float, float, float]]] = {
    "head and collar": (0.72, 0.10, 0.72, 0.36),
    "head": (0.60, 0.06, 0.60, 0.16),
    "no top": (0.90, -0.28, 0.90, 0.70),
    "side": (0.30, 0.30, 1.20, 0.70),
    "face": (0.42, -0.12, 0.42, 0.08),
}
"""Heights of the head that are kept to the left of the eyes' middle, above the crown, to the right,
and below the chin."""
MOTIONS: Final = ("rest", "aa", "blink", "yaw 10", "yaw 20")


@dataclass(frozen=True, slots=True)
class Made:
    """An imported case."""

    character: Character
    matrix_23: Any
    """From the whole picture's pixels to those of the part of the frame that is drawn."""
    shown: Shown
    made_up: tuple[float, float]
    """Share of the person's pixels that the picture did not show: in that part, in the frame."""


def cut_of(case: Case, cut: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """Left, upper, right and lower edge of a cut, in the picture's pixels."""
    marks = case.landmarks.marks
    crown, chin = marks["crown"].y, marks["chin"].y
    middle = (marks["pupil_left"].x + marks["pupil_right"].x) / 2
    head = chin - crown
    left, above, right, below = cut
    height, width = case.picture.shape[:2]
    return (
        max(round(middle - left * head), 0), max(round(crown - above * head), 0),
        min(round(middle + right * head), width), min(round(chin + below * head), height),
    )  # fmt: skip


class Maker:
    """Imports whole and cut pictures."""

    def __init__(self, assets: Path, home: Path) -> None:
        self._model: FaceModel = load_face_model(assets / "face" / "face-model.npz")
        self._reader = NetworkReader(assets / "models" / "portrait-reader")
        self._lenders = lenders_of(assets / "characters")
        self._home = home

    def made(self, picture: UInt8Array, corner: tuple[int, int], name: str) -> Made:
        """The character of a picture (RGB), which begins at a corner of a whole one.

        Raises:
            PersonareError: the picture was refused.
        """
        rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        faces = self._reader.faces(rgba)
        if not faces:
            raise PersonareError("No face was found.", "Cut less.")
        face = max(faces, key=lambda each: each.box[2] * each.box[3])
        placed = framed(self._model, rgba, self._reader.landmarks(rgba, face))
        assert placed.corners_42 is not None
        files = character_files(
            self._model, np.ascontiguousarray(placed.picture[..., :3]), placed.landmarks,
            self._reader.masks(placed.for_networks()), self._lenders,
            part=partial(shown_of, placed.corners_42),
        )  # fmt: skip
        shown = stored_shown(files["geometry.npz"])
        inside = inside_of(placed.corners_42)[MARGIN : MARGIN + SIZE, MARGIN : MARGIN + SIZE]
        bgra = cv.imdecode(np.frombuffer(files["portrait.png"], np.uint8), cv.IMREAD_UNCHANGED)
        person = bgra[..., 3] > 127
        shares = tuple(made_up(inside, person, each) for each in (shown, WHOLE))
        away = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]], [0, 0, 1]])
        onto = np.vstack([placed.matrix_23, [0, 0, 1]]) @ away
        character = load_character(write_character(self._home / name, files))
        return Made(character, (_lifted(shown) @ onto)[:2], shown, (shares[0], shares[1]))


def made_up(inside: UInt8Array, person: Any, shown: Shown) -> float:
    """Share of a part's pixels that show the person where there was no picture."""
    x, y, side = (round(v) for v in shown)
    part = (slice(y, y + side), slice(x, x + side))
    return float((person[part] & (inside[part] == 0)).mean())


def _lifted(shown: Shown) -> Any:
    return np.vstack([shown_matrix(shown), [0, 0, 1]])


def drawn(generator: FrameGenerator, motion_D: Float32Array) -> Float32Array:
    """A frame, premultiplied, in 0..255."""
    frame = generator.draw(motion_D).astype(np.float32)
    frame[..., :3] *= frame[..., 3:] / 255
    return frame


def compared(case: Case, whole: Made, close: Made, package: Path) -> Iterator[list[float]]:
    """Of each motion: PSNR of REGIONS, of the cut picture and then of the whole one."""
    of_cut = FrameGenerator(package, close.character, threads=1)
    of_whole = FrameGenerator(package, whole.character, threads=1)
    # from the whole one's frame to the part of the cut one's
    there = np.vstack([close.matrix_23, [0, 0, 1]])
    across = there @ np.linalg.inv(np.vstack([whole.matrix_23, [0, 0, 1]]))
    for name, motion_D in case.motions.items():
        truth = over_grey(into_frame(case.frames[name], close.matrix_23))
        far = drawn(of_whole, motion_D)
        enlarged = cv.warpAffine(far, across[:2], (SIZE, SIZE), flags=cv.INTER_CUBIC)
        found = {"cut": over_grey(drawn(of_cut, motion_D)), "whole": over_grey(enlarged)}
        places = boxes(case.points[name], close.matrix_23, SIZE)
        values = scores(truth, found, places)
        yield [values[which, region, "psnr"] for which in found for region in REGIONS]


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--assets", type=Path, default=Path("assets"))
    parser.add_argument("--people", type=int, default=1, help="of each split and look")
    options = parser.parse_args(words)
    cv.setNumThreads(1)
    chosen = [
        path
        for path in sorted(options.cases.glob("case-*.npz"))
        if int(path.stem.rpartition("-")[2]) < options.people
    ]
    rows: dict[str, list[list[float]]] = {name: [] for name in CUTS}
    package = options.assets / "models" / "frame-first-light"
    with tempfile.TemporaryDirectory() as home:
        maker = Maker(options.assets, Path(home))
        for path in chosen:
            case = read_case(path, MOTIONS)
            whole = maker.made(case.picture, (0, 0), f"{case.name}-whole")
            for name, cut in CUTS.items():
                left, top, right, bottom = cut_of(case, cut)
                picture = np.ascontiguousarray(case.picture[top:bottom, left:right])
                folder = f"{case.name}-{name.replace(' ', '-')}"
                try:
                    close = maker.made(picture, (left, top), folder)
                except PersonareError as error:
                    print(f"{case.name}, {name}: refused. {error}")
                    continue
                figures = np.mean(list(compared(case, whole, close, package)), 0)
                facts = [SIZE / close.shown.side, *(100 * v for v in close.made_up)]
                rows[name].append([*facts, *figures])
    for name, found in rows.items():
        if found:
            print(told(name, np.mean(found, 0), len(found)))


def told(name: str, row: Any, people: int) -> str:
    """A row of the table."""
    zoom, kept, without, *figures = row
    pairs = zip(REGIONS, figures[: len(REGIONS)], figures[len(REGIONS) :], strict=True)
    dB = ", ".join(f"{region} {cut:.1f} ({whole:.1f})" for region, cut, whole in pairs)
    return (
        f"{name} ({people}): drawn {zoom:.2f} times as large, made up {kept:.1f}% "
        f"({without:.1f}%); dB {dB}"
    )


if __name__ == "__main__":
    main()
