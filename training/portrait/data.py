"""Draws the pictures that the portrait networks learn from: random people, points, masks.

    python -m training.portrait.data --assets DIR --out DIR --looks photo --count 500

A lean relative of `training.people.make`: no flow, no layers; two or more poses of each figure,
each in a light of its own. Pictures have alpha, so that training can put anything behind them.
Shards that are there already are kept, and a shard is complete once it has its name.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, UInt8Array
from inference.face_layers import MASKS
from training.frames.motions import random_motion
from training.people.camera import draw_grade
from training.people.figure import Figure
from training.people.labels import LABELS, labels, soft_masks
from training.people.motions import portrait_motion
from training.people.points import PUPILS, Landmarker, pupils
from training.people.sample import graded
from training.people.scenes import draw_scene
from training.people.split import LOOKS, SPLITS, Look, Split
from training.people.studio import Studio, chance
from training.rig.pose import turn_head
from training.rig.scene import Scene
from training.rig.surface import places

SIZE: Final = 320
"""Pixels across a rendered picture; its head is 90 to 250 of them tall."""
ZOOM: Final = (0.64, 1.15)
"""How much larger a figure is than in a bundled portrait."""
WIDE_TURN: Final = (20.0, 11.0)
"""Standard deviation of yaw and pitch (degrees) in the share of pictures that are not posed."""
WIDEST: Final = (42.0, 24.0)
PER_SHARD: Final = 25
_CLOTHES: Final = ("clothes",)
_HAIR: Final = {"hair_front": ("hair_front",), "hair_back": ("hair_back",)}


@dataclass(frozen=True, slots=True)
class Picture:
    """`rgba` (S, S, 4); `masks` (S, S, 4) shares of 255 in the order of `face_layers.MASKS`;
    `points` (L, 2) pixels in the order of `Landmarker.names`, hidden ones included."""

    rgba: UInt8Array
    masks: UInt8Array
    points: Float32Array


def motion_of(rng: np.random.Generator) -> Float32Array:
    """A portrait's motion; in two of five pictures the head turns further, or the face is busy."""
    out = portrait_motion(rng)
    if rng.random() < 0.4:
        turn = np.clip(rng.normal(0, WIDE_TURN), -np.array(WIDEST), WIDEST)
        out[MOTION_INDEX["headYaw"]], out[MOTION_INDEX["headPitch"]] = np.radians(turn)
    if rng.random() < 0.25:
        busy = random_motion(rng)
        out[:52] = busy[:52]
    return out


def points_of(figure: Figure, marks: Landmarker, motion_D: Float32Array) -> Float32Array:
    """All named points (L, 3) in dm under a motion, those below clothes too."""
    names = [name for name in marks.names if name not in PUPILS]
    rows = marks.rows(figure, names)
    weight = np.clip(rows @ figure._head_weight, 0, 1).astype(np.float32)
    points = (rows @ figure.base_under(motion_D)).astype(np.float32)
    posed = turn_head(points, weight, motion_D, figure.pivot_3, figure.pupil_distance)
    deformed = figure.deform(motion_D)
    return np.concatenate([posed, pupils(figure, deformed)]).astype(np.float32)


def masks_of(labels_HW: UInt8Array) -> UInt8Array:
    """Masks (h / 2, w / 2, 4) as shares of 255 of labels at twice the size."""
    skin = tuple(n for n in LABELS if n not in ("background", *_CLOTHES, *_HAIR))
    groups = {"skin": skin, "clothes": _CLOTHES, **_HAIR}
    shares = [soft_masks(labels_HW, groups[name]).sum(0) for name in MASKS]
    return np.rint(np.stack(shares, 2) * 255).astype(np.uint8)


def opened(scene: Scene, zoom: float) -> Scene:
    """The scene with the figure enlarged about the middle of the picture."""
    projection = scene.projection_44.copy()
    projection[0, 0] *= zoom
    projection[1, 1] *= zoom
    return replace(scene, projection_44=projection)


def draw(studio: Studio, figure: Figure, pose: int) -> Picture:
    """One pose of a figure in one light."""
    spec = figure.figure
    rng = chance(spec, 40 + pose)
    scene = opened(draw_scene(figure, spec, rng), float(rng.uniform(*ZOOM)))
    motion_D = motion_of(rng) if pose else portrait_motion(rng)
    deformed = figure.deform(np.asarray(motion_D, np.float32).reshape(MOTION_SIZE))
    drawn = studio.draw(figure, deformed, scene)
    points = places(points_of(figure, studio.marks, motion_D), scene, studio.size)
    rgba = graded(drawn.rgba, draw_grade(spec, rng))
    return Picture(rgba, masks_of(labels(figure, drawn.seen)), points)


def shard_path(folder: Path, split: Split, look: Look, first: int) -> Path:
    """The file of a shard."""
    return folder / f"portraits-{split}-{look}-{first:06d}.npz"


def make(
    studio: Studio, folder: Path, split: Split, look: Look, first: int, people: int, poses: int,
    costumes: bool = False,
) -> None:  # fmt: skip
    """Draw a shard of figures, unless it is there."""
    path = shard_path(folder, split, look, first)
    if path.exists():
        return
    pictures = []
    for index in range(first, first + people):
        try:
            figure = studio.figure(split, look, index, costumes)
        except ValueError as error:  # a head too strange to be bent
            print(f"left out {split} {look} {index}: {error}", flush=True)
            continue
        pictures += [draw(studio, figure, pose) for pose in range(poses)]
    part = path.with_suffix(".part")
    held: dict[str, Any] = {
        "rgba": np.stack([p.rgba for p in pictures]),
        "masks": np.stack([p.masks for p in pictures]),
        "points": np.stack([p.points for p in pictures]),
        "names": np.array(studio.marks.names),
    }
    with part.open("wb") as file:
        np.savez(file, **held)
    part.replace(path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Draws pictures for the portrait networks.")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--looks", choices=LOOKS, nargs="+", default=["photo", "drawn", "toon"])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=500, help="figures of each look")
    parser.add_argument("--per-shard", type=int, default=PER_SHARD, help="figures")
    parser.add_argument("--poses", type=int, default=4)
    parser.add_argument("--costumes", action="store_true", help="hats, collars, hanging beards")
    parser.add_argument("--size", type=int, default=SIZE)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    studio = Studio(given.assets, given.size)
    try:
        for first in range(given.first, given.first + given.count, given.per_shard):
            people = min(given.per_shard, given.first + given.count - first)
            for look in given.looks:
                make(studio, given.out, given.split, look, first, people, given.poses,
                     given.costumes)  # fmt: skip
                print(f"{given.split} {look} {first}", flush=True)
    finally:
        studio.close()


if __name__ == "__main__":
    main()
