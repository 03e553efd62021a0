"""How well the face model and its fit recover people they never saw: the table of the document.

    python -m training.face_model.accuracy --assets ASSETS --model assets/face/face-model.npz

True landmarks of random heads, posed before the camera, then with noise; then few of them, as
clicked by hand. Errors are over the face's skin (face, lips, lids) in pixels of the 512 frame.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference import face_camera as camera
from inference.contract import Float32Array
from inference.face_fit import EXPRESSIONS, FaceFit, fit_face
from inference.face_model import FaceModel, load_face_model
from inference.face_points import MINIMAL, Landmarks, Mark
from training.face_model.build import heads, topology
from training.rig.assets import RigAssets

SEED: Final = 90210
CASES: Final[dict[str, dict[str, Any]]] = {
    "true landmarks": {},
    "1 px noise": {"noise": 1.0},
    "2 px noise": {"noise": 2.0},
    "1 px, a fifth missing, 5 of 100 wrong": {"noise": 1.0, "missing": 0.2, "wrong": 0.05},
    "1 px, other focal lengths (0.7 to 1.4)": {"noise": 1.0, "focal": 0.35},
    "1 px, smiling or talking": {"noise": 1.0, "expression": 0.6},
    "seven clicks, 2 px": {"noise": 2.0, "only": MINIMAL},
    "five of them, neither nose nor crown": {
        "noise": 2.0,
        "only": tuple(n for n in MINIMAL if n not in ("nose_tip", "crown")),
    },
    "no model: mean head, true landmarks, warp": {"mean": True},
}


@dataclass(slots=True)
class Truth:
    """One head before the camera; `focal` is its true lens over the assumed one."""

    points_N3: Any
    bases_LN3: Any
    focal: float

    def places(self, points_N3: Any) -> Any:
        """Pixels (N, 2)."""
        middle = (camera.SIZE - 1) / 2
        return (camera.project(points_N3) - middle) * self.focal + middle


def posed(model: FaceModel, head_N3: Any, rng: np.random.Generator, case: dict[str, Any]) -> Truth:
    """A head turned within 18 degrees, at about the bundled distance."""
    turn = camera.rotation(np.radians(rng.normal(0, (4, 9, 3)).clip(-18, 18)))
    focal = float(np.exp(rng.uniform(-1, 1) * case.get("focal", 0.0)))
    points = head_N3.astype(np.float64)
    for name in rng.choice(list(EXPRESSIONS)[:11], 3) if "expression" in case else ():
        points = points + rng.uniform(0, case["expression"]) * model.base(str(name))
    points = (points - points[list(model.eyes)].mean(0)) @ turn.T
    points += np.array([rng.normal(0, 0.1), 0.3 + rng.normal(0, 0.1), -camera.DISTANCE * focal])
    return Truth(points, model.bases_LN3 @ turn.T.astype(np.float32), focal)


def marks(
    model: FaceModel, truth: Truth, rng: np.random.Generator, case: dict[str, Any]
) -> Landmarks:
    """The head's landmarks as a network, or a hand, might give them."""
    place = model.at_landmarks(truth.places(truth.points_N3).astype(np.float32))
    place = place + rng.normal(0, case.get("noise", 0.0) + 1e-9, place.shape).astype(np.float32)
    wrong = rng.random(len(place)) < case.get("wrong", 0.0)
    place[wrong] += rng.normal(0, 30, (int(wrong.sum()), 2))
    chosen = case.get("only", model.landmarks)
    kept = {
        name: Mark(float(x), float(y), "hand" if "only" in case else "network")
        for name, (x, y) in zip(model.landmarks, place, strict=True)
        if name in chosen and rng.random() >= case.get("missing", 0.0)
    }
    return Landmarks(kept, (camera.SIZE, camera.SIZE))


def errors(model: FaceModel, truth: Truth, fit: FaceFit) -> dict[str, float]:
    """Mean errors in pixels: place, depth (its mean taken off), displacement where it is seen."""
    face = model.region("face", "lips", "lids")
    true_place = truth.places(truth.points_N3)
    place = np.linalg.norm(fit.places_N2[face] - true_place[face], axis=1)
    relief = []
    for points in (truth.points_N3, fit.points_N3):
        depth = points[face, 2]
        eyes = points[list(model.eyes)]
        apart = true_place[model.eyes[0]] - true_place[model.eyes[1]]
        scale = np.linalg.norm(apart) / np.linalg.norm(eyes[0] - eyes[1])
        relief.append((depth - depth.mean()) * scale)
    moved, share = [], []
    for true_base, base in zip(truth.bases_LN3, fit.bases_LN3, strict=True):
        step = truth.places(truth.points_N3 + true_base)[face] - true_place[face]
        ours = camera.project(fit.points_N3 + base)[face] - fit.places_N2[face]
        seen = np.linalg.norm(step, axis=1) > 1
        if seen.any():
            moved.append(np.linalg.norm(ours - step, axis=1)[seen].mean())
            share.append(np.linalg.norm(step, axis=1)[seen].mean())
    return {
        "place": float(place.mean()),
        "worst": float(np.percentile(place, 95)),
        "depth": float(np.abs(relief[1] - relief[0]).mean()),
        "base": float(np.mean(moved)),
        "size": float(np.mean(share)),
    }


def rows(model: FaceModel, people: Float32Array) -> Iterator[tuple[str, dict[str, float], float]]:
    """Each case's mean errors, and processor seconds a fit."""
    bare = FaceModel(
        model.mean_N3, model.shapes_KN3[:0], model.bases_LN3, model.base_index_L,
        model.triangles_F3, model.head_weight_N, model.region_N, model.landmarks,
        model.landmark_corners_L3, model.landmark_shares_L3,
    )  # fmt: skip
    for name, case in CASES.items():
        rng = np.random.default_rng(SEED)
        found, spent = [], []
        for head in people:
            truth = posed(model, head, rng, case)
            given = marks(model, truth, rng, case)
            start = time.process_time()
            fit = fit_face(bare if "mean" in case else model, given)
            spent.append(time.process_time() - start)
            found.append(errors(model, truth, fit))
        means = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
        yield name, means, float(np.median(spent))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--people", type=int, default=40)
    given = parser.parse_args()
    assets, model = RigAssets(given.assets), load_face_model(given.model)
    people = heads(assets, topology(assets), given.people, SEED)
    print("| case | place | 95 of 100 under | depth | displacement (of) | CPU s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, e, seconds in rows(model, people):
        cells = f"{e['place']:.2f} | {e['worst']:.2f} | {e['depth']:.2f}"
        print(f"| {name} | {cells} | {e['base']:.2f} ({e['size']:.2f}) | {seconds:.3f} |")


if __name__ == "__main__":
    main()
