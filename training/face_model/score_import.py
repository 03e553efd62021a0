"""The `score` half of `training.face_model.check_import`: import, draw, compare, and sheets."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.character import load_character
from inference.contract import Float32Array, UInt8Array
from inference.face_character import character_files
from inference.face_grids import MARGIN
from inference.face_model import FaceModel, load_face_model
from inference.face_points import FILE, Landmarks, Mark, read_landmarks
from inference.frame_generator import FrameGenerator
from inference.frame_generator_layers import SIZE
from training.face_model.check_import import check_motions
from training.frames.evaluate import on_grey, psnr

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
KINDS: Final = ("static", "warp", "imported", "rig")
FACE: Final = (150, 190)


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


def imported(
    folder: Path, model: FaceModel, characters: Path, noise: float
) -> tuple[dict[str, bytes], float]:
    """The files of the person imported as a user's picture, and the processor seconds it took."""
    photo = cv.cvtColor(
        cv.imread(str(folder / "photo.png"), cv.IMREAD_UNCHANGED), cv.COLOR_BGRA2RGBA
    )
    background = np.linspace(150, 90, len(photo))[:, None, None]  # a wall behind the person
    alpha = photo[..., 3:].astype(np.float32) / 255
    picture = np.rint(photo[..., :3] * alpha + background * (1 - alpha)).astype(np.uint8)
    with np.load(folder / "masks.npz") as archive:
        masks = {name: archive[name].astype(np.float32) / 255 for name in archive.files}
    landmarks = _noisy(read_landmarks(folder / FILE, model.landmarks), noise)
    lenders = [
        load_character(path, check=False) for path in sorted(characters.iterdir()) if path.is_dir()
    ]
    start = time.process_time()
    files = character_files(model, picture, landmarks, masks, lenders)
    return files, time.process_time() - start


def _noisy(landmarks: Landmarks, noise: float) -> Landmarks:
    rng = np.random.default_rng(7)
    marks = {
        name: Mark(mark.x + rng.normal(0, noise or 1e-9), mark.y + rng.normal(0, noise or 1e-9))
        for name, mark in landmarks.marks.items()
    }
    return Landmarks(marks, landmarks.size)


def draw_all(package: Path, folder: Path, paint: bool = True) -> list[Float32Array]:
    """The motions drawn over grey."""
    generator = FrameGenerator(package, folder, threads=1, paint=paint)
    return [on_grey(generator.draw(motion_D)) for motion_D in check_motions().values()]


def score(given: argparse.Namespace) -> None:
    """Print a table after every person rendered, and write their sheets."""
    model = load_face_model(given.model)
    total: dict[str, dict[str, list[float]]] = {}
    for seed in given.seeds:
        folder: Path = given.out / f"person-{seed}"
        files, seconds = imported(folder, model, given.characters, given.noise)
        ours = write_character(given.out / f"imported-{seed}", files)
        drawn = {
            "imported": draw_all(given.package, ours),
            "warp": draw_all(given.package, ours, False),
        }
        rig = files | {"geometry.npz": (folder / "geometry.npz").read_bytes()}
        rig["portrait.png"] = _portrait(folder)
        drawn["rig"] = draw_all(given.package, write_character(given.out / f"rig-{seed}", rig))
        with np.load(folder / "truth.npz") as archive:
            truth, where = [on_grey(frame) for frame in archive["frames"]], archive["face"]
        drawn["static"] = [truth[0]] * len(truth)
        print(f"person-{seed}: imported in {seconds:.1f} processor seconds")
        for index, name in enumerate(check_motions()):
            y, x = where[index][0]
            box = (slice(y, y + FACE[1]), slice(x, x + FACE[0]))
            found = {kind: psnr(drawn[kind][index][box], truth[index][box]) for kind in KINDS}
            for kind in KINDS:
                total.setdefault(name, {}).setdefault(kind, []).append(found[kind])
        _sheet(given.out / f"sheet-{seed}.png", truth, drawn)
        _table(total)


def _table(total: Mapping[str, Mapping[str, list[float]]]) -> None:
    """Means over the people so far."""
    print("| motion | " + " | ".join(KINDS) + " |\n| --- |" + " --- |" * len(KINDS))
    for name, kinds in total.items():
        print(f"| {name} | " + " | ".join(f"{np.mean(kinds[kind]):.1f}" for kind in KINDS) + " |")
    means = (np.mean([np.mean(kinds[kind]) for kinds in total.values()]) for kind in KINDS)
    print("| mean | " + " | ".join(f"{value:.1f}" for value in means) + " |", flush=True)


def _portrait(folder: Path) -> bytes:
    photo = cv.imread(str(folder / "photo.png"), cv.IMREAD_UNCHANGED)
    frame = photo[MARGIN : MARGIN + SIZE, MARGIN : MARGIN + SIZE]
    return bytes(cv.imencode(".png", frame)[1].tobytes())


def _sheet(path: Path, truth: list[Float32Array], drawn: Mapping[str, list[Float32Array]]) -> None:
    """Truth, imported and rig's geometry for each motion, four motions a row."""
    cells = []
    for index, name in enumerate(check_motions()):
        row = [truth[index], drawn["imported"][index], drawn["rig"][index]]
        small = [
            cv.resize(picture[40:440, 80:432], (264, 300), interpolation=cv.INTER_AREA)
            for picture in row
        ]
        cell = np.ascontiguousarray(np.hstack(small).astype(np.uint8))
        cv.putText(cell, name, (6, 16), cv.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 0), 1)
        cells.append(cell)
    rows = [np.hstack(cells[k : k + 2]) for k in range(0, len(cells), 2)]
    sheet: UInt8Array = np.vstack(rows)
    cv.imwrite(str(path), cv.cvtColor(sheet, cv.COLOR_RGB2BGR))
