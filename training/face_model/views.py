"""Learns how camera and neck follow from the points of a face: the law of `inference.face_view`.

    python -m training.face_model.views draw --assets ASSETS --out FOLDER --people 180
    python -m training.face_model.views learn --data FOLDER --face assets/face/face-model.npz

`draw` puts figures of all looks before cameras by chance, as training pictures are, but draws no
picture: only where their points lie. `learn` fits the face model to them, as an import does, with
the reader's errors in half of them, and solves for the law by ridge regression. Its error on the
held-out splits is printed where FOLDER has them (`draw --split test-people`).
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array, PersonareError, UInt8Array
from inference.face_fit import FaceFit, fit_face
from inference.face_frame import framed
from inference.face_model import FaceModel, load_face_model
from inference.face_points import Landmarks, Mark
from inference.face_view import INNER, TARGETS, features
from training.people.draw import draw_figure
from training.people.figure import Figure
from training.people.motions import portrait_motion
from training.people.points import Landmarker
from training.people.scenes import draw_scene
from training.people.split import LOOKS, SPLITS, Look, Split
from training.people.studio import chance
from training.portrait.data import points_of
from training.rig.assets import RigAssets
from training.rig.scene import FRAME, Scene
from training.rig.surface import places

POSES: Final = 4
"""Pictures of each figure."""
PER_SHARD: Final = 20
NOISE: Final = 2.0
"""Standard deviation of the reader's errors in pixels of 512."""
MOVES: Final[dict[str, dict[str, float]]] = {
    "jaw": {"jawOpen": 0.6},
    "mouth": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8},
    "brow": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
}
"""Motions that tell how far each group of `face_view.GROUPS` moves."""
TURNS: Final = (
    (10, 0, 0), (-10, 0, 0), (20, 0, 0), (-20, 0, 0), (0, 10, 0), (0, -10, 0), (0, 0, 12),
)  # fmt: skip
"""Yaw, pitch and roll in degrees, counted from the picture's, that the law is judged by."""
MOVED: Final = tuple(name for moves in MOVES.values() for name in moves)
SEEN_BY: Final = {"jaw": ("lip", "mouth", "chin"), "mouth": ("lip", "mouth"), "brow": ("brow",)}
HEAD: Final = slice(MOTION_INDEX["headYaw"], MOTION_INDEX["headYaw"] + 3)
GAINS: Final = (0.3, 2.0)
RIDGE: Final = 100.0
"""Weight of the law's squared size, per squared standard deviation of a feature."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture's points and what the law shall tell. Pixels are of a picture of FRAME."""

    points: Float32Array
    """(L, 2), in the order of the landmarker's names."""
    angles: Float32Array
    """The camera's tilt and the head's yaw, radians (2,)."""
    pivot: Float32Array
    """Place (2,) of the neck's pivot, and its distance behind the face's, as pixels (3,)."""
    moved: Float32Array
    """The points under each of MOVES (M, L, 2)."""
    turned: Float32Array
    """The points after each of TURNS (T, L, 2)."""


def sample(
    figure: Figure, marks: Landmarker, pose: int, turns: Sequence[tuple[int, int, int]] = TURNS
) -> Sample:
    """A figure before a camera."""
    rng = chance(figure.figure, 70 + pose)
    scene = draw_scene(figure, figure.figure, rng)
    motion_D = portrait_motion(rng)
    points = points_of(figure, marks, motion_D)
    inner = [name.startswith(INNER) for name in marks.names]
    depth = -(_seen(scene, points)[inner, 2].mean())
    pivot = figure.pivot_3[None].astype(np.float32)
    behind = -_seen(scene, pivot)[0, 2] - depth
    per_dm = float(scene.projection_44[1, 1]) * FRAME / 2 / depth
    moved = []
    for amounts in MOVES.values():
        then_D = motion_D.copy()
        for name, amount in amounts.items():
            then_D[MOTION_INDEX[name]] = min(then_D[MOTION_INDEX[name]] + amount, 1.0)
        moved.append(places(points_of(figure, marks, then_D), scene, FRAME))
    turned = []
    for turn in turns:
        then_D = motion_D.copy()
        then_D[HEAD] += np.radians(turn)
        turned.append(places(points_of(figure, marks, then_D), scene, FRAME))
    tilt = float(np.arcsin(scene.view_44[2, 1]))
    return Sample(
        places(points, scene, FRAME),
        np.array([tilt, motion_D[MOTION_INDEX["headYaw"]]], np.float32),
        np.append(places(pivot, scene, FRAME)[0], behind * per_dm).astype(np.float32),
        np.stack(moved),
        np.stack(turned),
    )


def _seen(scene: Scene, points_N3: Float32Array) -> Any:
    return points_N3 @ scene.view_44[:3, :3].T + scene.view_44[:3, 3]


def draw(
    assets: RigAssets, folder: Path, split: Split, look: Look, first: int, people: int
) -> None:
    """Write a shard of figures, unless it is there."""
    path = folder / f"views-{split}-{look}-{first:05d}.npz"
    if path.exists():
        return
    marks = Landmarker(assets)
    found: list[Sample] = []
    for index in range(first, first + people):
        try:
            figure = Figure(draw_figure(split, look, index, texels=512), assets, marks)
        except ValueError as error:  # a head too strange to be bent
            print(f"left out {split} {look} {index}: {error}", flush=True)
            continue
        found += [sample(figure, marks, pose) for pose in range(POSES)]
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        names = [field.name for field in dataclasses.fields(Sample)]
        arrays: dict[str, Any] = {n: np.stack([getattr(s, n) for s in found]) for n in names}
        np.savez(file, names=np.array(marks.names), **arrays)
    part.replace(path)
    print(path.name, flush=True)


def read(path: Path) -> Iterator[tuple[Landmarks, Sample]]:
    """Samples of a shard, with their points by name."""
    with np.load(path, allow_pickle=False) as data:
        names = [str(name) for name in data["names"]]
        fields = [field.name for field in dataclasses.fields(Sample)]
        for values in zip(*(data[name] for name in fields), strict=True):
            one = Sample(*values)
            yield marks_of(names, one.points), one


def marks_of(names: list[str], points_L2: Float32Array) -> Landmarks:
    """Points by name in a picture of FRAME pixels."""
    marks = {n: Mark(float(x), float(y)) for n, (x, y) in zip(names, points_L2, strict=True)}
    return Landmarks(marks, (FRAME, FRAME))


def row(
    model: FaceModel, marks: Landmarks, wanted: Sample
) -> tuple[Float32Array, Float32Array]:  # fmt: skip
    """Features (F,) and targets (T,) of a sample, as an import sees it.

    Raises:
        PersonareError: the points are refused.
    """
    empty: UInt8Array = np.zeros((8, 8, 4), np.uint8)
    empty = np.broadcast_to(empty[:1, :1], (FRAME, FRAME, 4)).copy()
    placed = framed(model, empty, marks)
    fit = fit_face(model, placed.landmarks, moves=MOVED)
    return features(model, fit), targets(model, fit, placed.matrix_23, wanted, list(marks.marks))


def targets(
    model: FaceModel, fit: FaceFit, matrix_23: Float32Array, wanted: Sample, names: list[str]
) -> Float32Array:  # fmt: skip
    """The law's targets (T,) in the frame that `matrix_23` leads to."""
    place = matrix_23[:, :2] @ wanted.pivot[:2] + matrix_23[:, 2]
    eyes = fit.places_N2[list(model.eyes)].mean(0)
    size = float(np.hypot(matrix_23[0, 0], matrix_23[1, 0]))
    gains = _gains(model, fit, matrix_23, wanted, names)
    told = [wanted.angles, place - eyes, wanted.pivot[2:] * size, gains]
    return np.concatenate(told).astype(np.float32)


def _gains(
    model: FaceModel, fit: FaceFit, matrix_23: Float32Array, wanted: Sample, names: list[str]
) -> list[float]:  # fmt: skip
    """How far the figure moves, in units of what the fit expects (least squares)."""
    known = [k for k, name in enumerate(names) if name in model.landmarks]
    rows = [model.landmarks.index(names[k]) for k in known]
    rest = model.at_landmarks(fit.places_N2)[rows]
    out = []
    for (group, amounts), moved_L2 in zip(MOVES.items(), wanted.moved, strict=True):
        points = fit.points_N3.copy()
        for name, amount in amounts.items():
            left = 1 - float(np.clip(fit.expression_D[MOTION_INDEX[name]], 0, 1))
            row = int(np.flatnonzero(model.base_index_L == MOTION_INDEX[name])[0])
            points += fit.bases_LN3[row] * np.float32(amount * left)
        ours = model.at_landmarks(camera.project(points).astype(np.float32))[rows] - rest
        true = (moved_L2 - wanted.points)[known] @ matrix_23[:, :2].T
        near = [names[k].startswith(SEEN_BY[group]) for k in known]
        ours, true = ours[near], true[near]
        out.append(float(np.clip((ours * true).sum() / max((ours**2).sum(), 1e-6), *GAINS)))
    return out


def rows(model: FaceModel, paths: list[Path], noise: float, seed: int) -> tuple[Any, Any]:
    """Features (S, F) and targets (S, T); half of the samples with errors of `noise` pixels."""
    rng = np.random.default_rng(seed)
    seen, told = [], []
    for path in paths:
        for marks, wanted in read(path):
            if noise and rng.random() < 0.5:
                off = rng.normal(0, noise, wanted.points.shape).astype(np.float32)
                marks = marks_of(list(marks.marks), wanted.points + off)
            try:
                one, other = row(model, marks, wanted)
            except PersonareError:
                continue
            seen.append(one)
            told.append(other)
        print(f"read {path.name}", flush=True)
    return np.stack(seen), np.stack(told)


def law(seen_SF: Any, told_ST: Any) -> dict[str, Float32Array]:
    """The arrays of the law, by their names in the model's file."""
    mean, spread = seen_SF.mean(0), seen_SF.std(0) + 1e-3
    usual = (seen_SF - mean) / spread
    offset = told_ST.mean(0)
    normal = usual.T @ usual + RIDGE * np.eye(usual.shape[1])
    weights = np.linalg.solve(normal, usual.T @ (told_ST - offset))
    return {"view_mean": mean.astype(np.float32), "view_spread": spread.astype(np.float32),
            "view_weights": weights.astype(np.float32),
            "view_offset": offset.astype(np.float32)}  # fmt: skip


def learn(data: Path, face: Path) -> None:
    """Solve for the law, print its errors, and write it into the model's file."""
    model = load_face_model(face)
    found = law(*rows(model, sorted(data.glob("views-train-*.npz")), NOISE, 0))
    for look in LOOKS:
        paths = sorted(data.glob(f"views-test-*-{look}-*.npz"))
        if not paths:
            continue
        seen, told = rows(model, paths, 0.0, 1)
        usual = np.clip((seen - found["view_mean"]) / found["view_spread"], -4, 4)
        miss = found["view_offset"] + usual @ found["view_weights"] - told
        of = np.sqrt((miss**2).mean(0))
        spread = told.std(0)
        print(look, ", ".join(f"{n} {e:.3f} of {s:.3f}" for n, e, s in
                              zip(TARGETS, of, spread, strict=True)))  # fmt: skip
    with np.load(face, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    part = face.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **(arrays | found))
    part.replace(face)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    drawing.add_argument("--out", type=Path, required=True)
    drawing.add_argument("--split", choices=SPLITS, default="train")
    drawing.add_argument("--first", type=int, default=0)
    drawing.add_argument("--people", type=int, default=180, help="figures of each look")
    learning = commands.add_parser("learn")
    learning.add_argument("--data", type=Path, required=True)
    learning.add_argument("--face", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "learn":
        learn(given.data, given.face)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    assets = RigAssets(given.assets)
    for first in range(given.first, given.first + given.people, PER_SHARD):
        for look in LOOKS:
            people = min(PER_SHARD, given.first + given.people - first)
            draw(assets, given.out, given.split, look, first, people)


if __name__ == "__main__":
    main()
