"""Draws people to train the paint of imported portraits on: a user's picture and its truth.

    python -m training.imported.people --assets ASSETS --out RAW --count 150

Everybody is of the `train` split, drawn like a case of the evaluation: head turned a little, any
light, a background, a worn file; odd people smile. Kept are the picture, true points and parts,
the neighbourhood of the mouth under random motions of the face with the head as in the picture,
and whole small frames, under motions of the head too. All of it is in pixels of the picture, so
that `training.imported.pack` can import the same people again when the importer has changed.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, UInt8Array
from inference.face_lips import CLOSERS
from inference.face_points import Landmarks, Mark
from training.frames.motions import random_motion, shape
from training.imported.cases import SIZE, source_motion
from training.people.backgrounds import background
from training.people.camera import draw_grade, draw_wear
from training.people.figure import Figure
from training.people.labels import labels
from training.people.sample import graded, over_picture
from training.people.scenes import draw_scene
from training.people.split import LOOKS, Look
from training.people.studio import Studio, chance
from training.portrait.data import masks_of, points_of
from training.rig.scene import Scene
from training.rig.surface import places

SMALL: Final = 192
"""Pixels across the whole frames."""
AROUND: Final = 92
"""Half the side of the mouth's neighbourhood in pixels: the paint's window, turned with the head
and enlarged as the importer may, and what it may shift it by."""
AGAIN: Final = 12000
"""Added to the index of a person's second picture: whoever is watched, or grey, stays so."""
_MOUTH: Final = slice(MOTION_INDEX["jawForward"], MOTION_INDEX["mouthUpperUpRight"] + 1)
_SHARES: Final = {MOTION_INDEX[name]: share for name, share in CLOSERS.items()}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One person as drawn; places are pixels of the picture, pictures have straight alpha."""

    look: Look
    index: int
    picture: UInt8Array
    """RGB (SIZE, SIZE, 3)."""
    masks: UInt8Array
    """Shares of 255 of `face_layers.MASKS` (SIZE, SIZE, 4)."""
    landmarks: Landmarks
    motion_MD: Float32Array
    """What the imported character is asked to do, head still."""
    corner: tuple[int, int]
    mouth_M: UInt8Array
    """RGBA truth round the mouth from `corner` on (M, h, w, 4)."""
    posed_FD: Float32Array
    frame_F: UInt8Array
    """Whole frames (F, SMALL, SMALL, 4) under `posed_FD`."""

    @property
    def name(self) -> str:
        """An id that tells look and index."""
        return f"{self.look}-{self.index:05d}"


def meant(source_D: Float32Array, asked_D: Float32Array) -> Float32Array:
    """What the rig does when the character of a picture is asked: the same from there, but motions
    that close lips take back what the picture's mouth does, as an imported character's do."""
    closed = sum(share * float(asked_D[k]) for k, share in _SHARES.items())
    out = source_D.copy()
    out[_MOUTH] *= 1 - min(max(closed, 0.0), 1.0)
    out += asked_D
    out[:52] = np.clip(out[:52], 0, 1)
    return np.asarray(out, np.float32)


def motions_of(rng: np.random.Generator, count: int, posed: bool) -> Float32Array:
    """What one person does (count, MOTION_SIZE): nothing, closed lips and a smile among it; if
    `posed`, the head moves too, but in every third."""
    asked = [np.zeros(MOTION_SIZE, np.float32), shape("PP", float(rng.uniform(0.8, 1.1)))]
    asked.append(shape(str(rng.choice(("smile", "grin"))), float(rng.uniform(0.6, 1.1))))
    if posed:
        asked = []
    asked += [random_motion(rng, pose=posed and k % 3 > 0) for k in range(count - len(asked))]
    out = np.stack(asked[:count])
    out[:, :52] = out[:, :52].clip(0, 1)
    return out.astype(np.float32)


def window_round(marks: dict[str, tuple[float, float]]) -> tuple[int, int, int, int]:
    """The neighbourhood (x, y, w, h) of the mouth in a picture."""
    mouth = (np.array(marks["mouth_left"]) + np.array(marks["mouth_right"])) / 2
    eyes = (np.array(marks["pupil_left"]) + np.array(marks["pupil_right"])) / 2
    middle = mouth + 0.14 * (np.array(marks["chin"]) - eyes)
    x, y = (int(v) for v in np.round(middle - AROUND))
    return x, y, 2 * AROUND, 2 * AROUND


def draw_person(
    studio: Studio, look: Look, index: int, windows: int, frames: int, pictures: int = 1
) -> list[Drawn]:
    """Draw one person of the training split: one or more pictures, each in its own light. Further
    ones have AGAIN added to their index."""
    figure = studio.figure("train", look, index)
    return [
        _picture(studio, figure, look, index + AGAIN * k, windows, frames, k)
        for k in range(pictures)
    ]


def _picture(
    studio: Studio, figure: Figure, look: Look, index: int, windows: int, frames: int, k: int
) -> Drawn:
    spec, rng = figure.figure, chance(figure.figure, 1 + 10 * k)
    scene = draw_scene(figure, spec, rng)
    grade, wear = draw_grade(spec, rng), draw_wear(spec, rng)
    source_D = source_motion(figure, bool((index + k) % 2))
    rest = studio.draw(figure, figure.deform(source_D), scene)
    at = places(points_of(figure, studio.marks, source_D), scene, studio.size)
    marks = {n: (float(x), float(y)) for n, (x, y) in zip(studio.marks.names, at, strict=True)}
    behind = np.rint(grade.apply(background(spec, chance(spec, 2 + 10 * k), studio.size)) * 255)
    picture = wear.apply(over_picture(graded(rest.rgba, grade), behind.astype(np.uint8)))
    moves = chance(spec, 4 + 10 * k)
    asked_MD, posed_FD = motions_of(moves, windows, False), motions_of(moves, frames, True)
    crop = window_round(marks)
    mouth = [
        graded(studio.cut(figure, figure.deform(meant(source_D, asked_D)), scene, crop), grade)
        for asked_D in asked_MD
    ]
    small = [
        graded(_small(studio, figure, meant(source_D, asked_D), scene), grade)
        for asked_D in posed_FD
    ]
    return Drawn(
        look, index, picture, masks_of(labels(figure, rest.seen)),
        Landmarks({n: Mark(x, y) for n, (x, y) in marks.items()}, (SIZE, SIZE)),
        asked_MD, crop[:2], np.stack(mouth), posed_FD,
        np.stack(small) if small else np.zeros((0, SMALL, SMALL, 4), np.uint8),
    )  # fmt: skip


def _small(studio: Studio, figure: Figure, motion_D: Float32Array, scene: Scene) -> UInt8Array:
    return studio.small(figure, figure.deform(motion_D), scene, SMALL)


def save(drawn: Drawn, folder: Path) -> Path:
    """Write `<name>.npz`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{drawn.name}.npz"
    facts = {
        "look": drawn.look, "index": drawn.index,
        "landmarks": {n: (m.x, m.y) for n, m in drawn.landmarks.marks.items()},
    }  # fmt: skip
    arrays: dict[str, Any] = {
        "facts": np.array(json.dumps(facts)), "corner": np.array(drawn.corner),
        "picture": drawn.picture, "masks": drawn.masks, "motion": drawn.motion_MD,
        "mouth": drawn.mouth_M, "posed": drawn.posed_FD, "frame": drawn.frame_F,
    }  # fmt: skip
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    part.replace(path)
    return path


def read(path: Path) -> Drawn:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        facts = json.loads(str(archive["facts"]))
        marks = {n: Mark(x, y) for n, (x, y) in facts["landmarks"].items()}
        x, y = (int(v) for v in archive["corner"])
        return Drawn(
            facts["look"], facts["index"], archive["picture"], archive["masks"],
            Landmarks(marks, (SIZE, SIZE)), archive["motion"], (x, y), archive["mouth"],
            archive["posed"], archive["frame"],
        )  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0, help="index of the first person")
    parser.add_argument("--count", type=int, default=150, help="people of each look")
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=LOOKS)
    parser.add_argument("--windows", type=int, default=18, help="motions of each mouth")
    parser.add_argument("--frames", type=int, default=4, help="whole frames of each person")
    parser.add_argument("--pictures", type=int, default=1, help="of each person")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    studio = Studio(given.assets, SIZE)
    began = time.monotonic()
    for done, (index, look) in enumerate(
        (index, look) for index in range(given.first, given.first + given.count)
        for look in given.looks
    ):  # fmt: skip
        if (given.out / f"{look}-{index:05d}.npz").exists():
            continue
        drawn = draw_person(studio, look, index, given.windows, given.frames, given.pictures)
        for each in reversed(drawn):  # the first last: it says that all are there
            path = save(each, given.out)
        print(f"{path.stem} {(time.monotonic() - began) / (done + 1):.2f} s each", flush=True)
    studio.close()


if __name__ == "__main__":
    main()
