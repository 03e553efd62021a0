"""Makes training arrays of drawn people: imported as a user's picture, warped, beside the truth.

    python -m training.imported.pack --raw RAW --package PKG --out PACKED [--draw]

Half of the people are imported with their points as far off as a reader's, one in eight in black
and white. Only the mouth is painted on an imported face (its eyes come from its own bank), so the
eyes' windows are empty. `--draw` adds whole frames, for `training.frames.train_relight`; with
`--frames-only` there are no windows.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.character import load_character
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_grids import premultiply
from inference.face_model import FaceModel, load_face_model
from inference.face_points import Landmarks
from inference.frame_generator import clean_motion
from inference.frame_generator_layers import load_geometry
from inference.frame_generator_windows import (
    COARSE,
    WINDOW_SIZES,
    WindowWarper,
    identity_views,
    inside_of,
)
from training.frames.packed import WINDOWS, Packed, Window, save_packed
from training.frames.posed import FOLDER, Posed, posed_of, save_posed, small
from training.imported.bring import Brought, bring, lenders_of
from training.imported.cases import Case
from training.imported.people import SMALL, Drawn, read

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SPREAD: Final = (1.2, 1.3)
"""Standard deviations in pixels by which points are off: each alone, and a part of the face."""
GREYS: Final = 8
"""One person in so many is black and white."""
BEYOND: Final = 6.0
"""Pixels by which the paint's window may reach out of what was drawn round the mouth."""
_GREY: Final = np.array([0.30, 0.59, 0.11], np.float32)


def off(marks: Landmarks, rng: np.random.Generator) -> Landmarks:
    """Points as a reader might have found them."""
    alone, shared = SPREAD
    parts = {name.split("_")[0]: rng.normal(0, shared, 2) for name in sorted(marks.marks)}
    moved = {}
    for name, mark in sorted(marks.marks.items()):
        x, y = rng.normal(0, alone, 2) + parts[name.split("_")[0]]
        moved[name] = replace(mark, x=mark.x + float(x), y=mark.y + float(y))
    return replace(marks, marks=moved)


def grey(picture: UInt8Array) -> UInt8Array:
    """Pictures (..., 3 or 4) without colour."""
    out = picture.copy()
    out[..., :3] = np.rint(picture[..., :3].astype(np.float32) @ _GREY)[..., None]
    return out


def disguised(drawn: Drawn) -> Drawn:
    """The person as packed: with points off, or without colour, by the index."""
    if drawn.index // 2 % 2:
        rng = np.random.default_rng([drawn.index, *drawn.look.encode()])
        drawn = replace(drawn, landmarks=off(drawn.landmarks, rng))
    if drawn.index % GREYS == 3:
        pictures = {name: grey(getattr(drawn, name)) for name in ("picture", "mouth_M", "frame_F")}
        drawn = replace(drawn, **pictures)  # type: ignore[arg-type]
    return drawn


def truth_at(drawn: Drawn, matrix_23: Float32Array, corner: tuple[int, int]) -> UInt8Array | None:
    """The truth at the mouth's window of the imported frame (M, H, W, 4), premultiplied; None
    where too little was drawn."""
    width, height = WINDOW_SIZES["mouth"]
    matrix = matrix_23.astype(np.float64).copy()
    matrix[:, 2] += matrix[:, :2] @ np.array(drawn.corner, float) - np.array(corner, float)
    ends = np.array([[0, 0], [width, 0], [0, height], [width, height]], float)
    at = (ends - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    side = drawn.mouth_M.shape[1]
    if at.min() < -BEYOND or at.max() > side - 1 + BEYOND:
        return None
    moved = [
        cv.warpAffine(
            premultiply(picture), matrix, (width, height), flags=cv.INTER_CUBIC,
            borderMode=cv.BORDER_REPLICATE,
        )
        for picture in drawn.mouth_M
    ]  # fmt: skip
    out = np.stack(moved)
    out[..., :3] = np.minimum(out[..., :3], out[..., 3:])
    return out


def frames_at(drawn: Drawn, matrix_23: Float32Array) -> UInt8Array:
    """The whole small frames in the imported frame (F, JUDGED, JUDGED, 4), premultiplied."""
    matrix = matrix_23.astype(np.float64).copy()
    ratio = SMALL / 512
    # pixels are counted from their middles: half a pixel of either size lies between
    matrix[:, 2] = ratio * (matrix[:, 2] + 0.5) - 0.5 + matrix[:, :2] @ np.full(2, 0.5 - ratio / 2)
    return np.stack([
        small(cv.warpAffine(premultiply(picture), matrix, (SMALL, SMALL), flags=cv.INTER_LINEAR,
                            borderMode=cv.BORDER_REPLICATE))
        for picture in drawn.frame_F
    ])  # fmt: skip


class Importer:
    """Imports drawn people one after the other and packs them."""

    def __init__(self, package: Path, characters: Path, face: Path) -> None:
        self._package = package
        self._model: FaceModel = load_face_model(face)
        self._lenders = lenders_of(characters)

    def packed(
        self, drawn: Drawn, windows: bool = True, frames: bool = False
    ) -> tuple[Packed | None, Posed | None]:
        """One person's arrays; None if the picture was refused or the mouth lies outside, or for
        what is not wanted."""
        drawn = disguised(drawn)
        folder = Path(tempfile.mkdtemp(prefix="personare-"))
        try:
            brought = self._bring(drawn, folder / drawn.name)
            if brought is None:
                return None, None
            return (
                self._windows(drawn, brought) if windows else None,
                self._frames(drawn, brought) if frames and len(drawn.frame_F) else None,
            )
        finally:
            shutil.rmtree(folder)

    def _bring(self, drawn: Drawn, folder: Path) -> Brought | None:
        case = Case(
            drawn.name, "train", drawn.look, drawn.picture, drawn.masks, drawn.landmarks,
            {}, {}, {}, {}, {}, bool(drawn.index % 2),
        )  # fmt: skip
        try:
            return bring(case, self._model, self._lenders, folder, None)
        except PersonareError as error:
            print(f"{drawn.name} was refused: {error}", flush=True)
            return None

    def _windows(self, drawn: Drawn, brought: Brought) -> Packed | None:
        character = load_character(brought.folder, check=False)
        geometry = load_geometry(brought.folder / "geometry.npz")
        truth = truth_at(drawn, brought.matrix_23, geometry.windows["mouth"])
        if truth is None:
            print(f"{drawn.name}: the mouth's window lies beyond what was drawn", flush=True)
            return None
        views = identity_views(character, geometry)
        warper = WindowWarper(geometry, inside_of(views))
        windows = {"mouth": _mouth(warper, drawn.motion_MD, truth, views["mouth_views"][0])}
        for name, view in zip(WINDOWS[1:], views["eyes_views"], strict=True):
            windows[name] = _none(name, view)
        return Packed(drawn.name, drawn.motion_MD, windows)

    def _frames(self, drawn: Drawn, brought: Brought) -> Posed:
        character = load_character(brought.folder, check=False)
        truth_F = frames_at(drawn, brought.matrix_23)
        return posed_of(self._package, character, drawn.posed_FD, truth_F)


def _mouth(
    warper: WindowWarper, motion_MD: Float32Array, truth: UInt8Array, views: Float32Array
) -> Window:
    seen = [warper.warped(clean_motion(motion_D)) for motion_D in motion_MD]

    def pictures(name: str) -> UInt8Array:
        return np.stack([each[name][0].transpose(1, 2, 0) for each in seen]).astype(np.uint8)

    flow = np.stack([each["mouth_flow"][0] for each in seen]).astype(np.float16)
    return Window(
        truth, pictures("mouth_warp"), pictures("mouth_cut"), flow, views.astype(np.uint8)
    )


def _none(name: str, views: Float32Array) -> Window:
    """An eye's window that is not painted."""
    width, height = WINDOW_SIZES[name]
    none = np.zeros((0, height, width, 4), np.uint8)
    flow = np.zeros((0, 2, height // COARSE, width // COARSE), np.float16)
    return Window(none, none, none, flow, views.astype(np.uint8))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--raw", type=Path, required=True, help="what `people` drew")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--characters", type=Path, default=Path("assets/characters"))
    parser.add_argument("--face", type=Path, default=Path("assets/face/face-model.npz"))
    parser.add_argument("--draw", action="store_true", help="also draw the whole frames")
    parser.add_argument("--frames-only", action="store_true", help="draw nothing but these")
    parser.add_argument("--first", type=int, default=0, help="index of the first person")
    parser.add_argument("--count", type=int, default=100000, help="people of each look")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    importer = Importer(given.package, given.characters, given.face)
    draw = given.draw or given.frames_only
    began, done = time.monotonic(), 0
    for path in sorted(given.raw.glob("*.npz"), key=lambda each: each.stem.split("-")[::-1]):
        index = int(path.stem.split("-")[1])
        if not given.first <= index < given.first + given.count:
            continue
        there = given.out / FOLDER if draw else given.out
        if (there / path.name).exists():
            continue
        packed, posed = importer.packed(read(path), not given.frames_only, draw)
        if packed is not None:
            save_packed(packed, given.out)
        if posed is not None:
            save_posed(posed, given.out / FOLDER)
        done += 1
        print(f"{path.stem} {(time.monotonic() - began) / done:.2f} s each", flush=True)


if __name__ == "__main__":
    main()
