"""Shows what the reader makes of pictures: points and masks drawn over each, for a person to judge.

    python -m training.portrait.sheet --pictures DIR --out sheet.png

Each tile is the framed picture with its points (green: sure, red: not) beside its masks; a picture
that cannot be imported is shown whole, with the reason. Several faces: the surest is taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import PersonareError, UInt8Array
from inference.face_fit import fit_face
from inference.face_frame import framed
from inference.face_grids import MARGIN
from inference.face_layers import MASKS
from inference.face_model import FaceModel, load_face_model
from inference.portrait_reader import NetworkReader

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
COLOURS: Final = {
    "skin": (255, 160, 120), "clothes": (70, 70, 255), "hair_front": (255, 255, 0),
    "hair_back": (0, 190, 0),
}  # fmt: skip
SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")


def read_rgba(path: Path) -> UInt8Array:
    """A picture as the importer reads it."""
    picture = cv.imread(str(path), cv.IMREAD_UNCHANGED)
    if picture is None:
        raise PersonareError(f"{path.name} is no picture.", "")
    if picture.ndim == 2:
        picture = cv.cvtColor(picture, cv.COLOR_GRAY2BGR)
    code = cv.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv.COLOR_BGR2RGBA
    out: UInt8Array = cv.cvtColor(picture, code)
    return out


def tile(reader: NetworkReader, model: FaceModel, path: Path, side: int) -> tuple[UInt8Array, str]:
    """Two squares beside each other (side, 2 side, 3), and "" or why it failed."""
    try:
        picture = read_rgba(path)
        faces = reader.faces(picture)
        if not faces:
            return _failed(picture, side), "no face"
        placed = framed(model, picture, reader.landmarks(picture, faces[0]))
        fit_face(model, placed.landmarks)
    except PersonareError as error:
        return _failed(read_rgba(path), side), str(error)
    masks = reader.masks(placed.picture)
    alpha = placed.picture[..., 3:].astype(np.float32) / 255
    shown = np.rint(placed.picture[..., :3] * alpha + 128 * (1 - alpha)).astype(np.uint8)
    parts = sum(masks[n][..., None] * np.array(COLOURS[n], np.float32) for n in MASKS)
    parts = (0.65 * np.asarray(parts) + 0.35 * shown).astype(np.uint8)
    for mark in placed.landmarks.marks.values():
        colour = (int(255 * (1 - mark.confidence)), int(255 * mark.confidence), 0)
        at = (round(mark.x + MARGIN), round(mark.y + MARGIN))
        cv.circle(shown, at, 2, colour, -1, 16)
    both = [cv.resize(each, (side, side), interpolation=cv.INTER_AREA) for each in (shown, parts)]
    label = f"{len(faces)} faces" if len(faces) > 1 else ""
    return _named(np.concatenate(both, 1), label), ""


def _failed(picture: UInt8Array, side: int) -> UInt8Array:
    height, width = picture.shape[:2]
    scale = min(2 * side / width, side / height)
    size = (max(int(width * scale), 1), max(int(height * scale), 1))
    out = np.full((side, 2 * side, 3), 60, np.uint8)
    out[: size[1], : size[0]] = cv.resize(picture[..., :3], size, interpolation=cv.INTER_AREA)
    out[:4] = out[-4:] = (255, 0, 0)
    return out


def _named(picture: UInt8Array, text: str) -> UInt8Array:
    cv.putText(
        picture, text, (4, picture.shape[0] - 6), cv.FONT_HERSHEY_SIMPLEX, 0.4, (255, 0, 255)
    )
    return picture


def sheet(
    reader: NetworkReader, model: FaceModel, paths: Iterable[Path], columns: int, side: int
) -> tuple[UInt8Array, int]:
    """All tiles in rows, and how many were read; prints the reasons of the others."""
    tiles, good = [], 0
    for number, path in enumerate(paths):
        made, reason = tile(reader, model, path, side)
        tiles.append(_named(made, f"{number}" + (f": {reason}" if reason else "")))
        good += not reason
        if reason:
            print(f"{number} {path.name}: {reason}", flush=True)
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.concatenate(tiles[k : k + columns], 1) for k in range(0, len(tiles), columns)]
    return np.concatenate(rows), good


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Shows what the portrait reader sees.")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="files or folders")
    parser.add_argument("--package", type=Path, default=Path("assets/models/portrait-reader"))
    parser.add_argument("--model", type=Path, default=Path("assets/face/face-model.npz"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--columns", type=int, default=5)
    parser.add_argument("--side", type=int, default=200)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    paths: list[Path] = []
    for each in given.pictures:
        inner = sorted(p for p in each.rglob("*") if p.suffix.lower() in SUFFIXES)
        paths += inner if each.is_dir() else [each]
    reader, model = NetworkReader(given.package, threads=1), load_face_model(given.model)
    made, good = sheet(reader, model, paths, given.columns, given.side)
    cv.imwrite(str(given.out), made[..., ::-1])
    print(f"{good} of {len(paths)} read")


if __name__ == "__main__":
    main()
