"""Checks imported pictures against the rig: people never seen, as if a user had photographed them.

    python -m training.face_model.check_import render --assets ASSETS --out W
    python -m training.face_model.check_import score --model assets/face/face-model.npz \
        --package assets/models/frame-first-light --characters assets/characters --out W

`render` draws each person's portrait, true masks and landmarks, the true frames of a list of
motions, and the geometry that only the rig knows. `score` imports the portrait (true landmarks or
noisy ones), draws the same motions, and compares: static picture, imported, with the rig's own
geometry. Sheets show truth, imported and rig's geometry side by side.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array
from inference.face_grids import MARGIN
from inference.face_layers import MASKS
from inference.face_model import load_face_model
from inference.face_points import Landmarks, Mark
from training.face_model.build import Topology, points_of, topology
from training.frames.evaluate import boxes
from training.frames.geometry import geometry_file
from training.frames.motions import named_motions, random_motion
from training.rig.assets import RigAssets
from training.rig.people import random_person
from training.rig.person import Person
from training.rig.render import Renderer
from training.rig.scene import FRAME, Scene, random_scene
from training.rig.truth import masks as region_masks

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SEEDS: Final = (42, 30, 56)
"""Random people who are in no training: a man, a woman with long hair, a bald man."""
CHOSEN: Final = (
    "rest", "aa", "E", "O", "U", "PP", "FF", "smile", "grin", "frown", "surprise", "wide", "blink",
    "half blink", "look left", "look up", "yaw 5", "yaw 10", "yaw 20", "yaw -10", "pitch 8",
    "roll 10", "turn and talk",
)  # fmt: skip


def check_motions() -> dict[str, Float32Array]:
    """The 24 motions of the sheets."""
    named = named_motions()
    rng = np.random.default_rng(424)
    chosen = {name: named[name] for name in CHOSEN}
    return chosen | {"random": random_motion(rng, pose=True)}


def true_masks(renderer: Renderer, person: Person, scene: Scene) -> dict[str, Float32Array]:
    """What the segmentation network is to deliver, as the rig knows it (592, 592)."""
    rest = person.deform(np.zeros_like(check_motions()["rest"]))
    crop = (-MARGIN, -MARGIN, FRAME + 2 * MARGIN, FRAME + 2 * MARGIN)

    def alpha(layer: str) -> Float32Array:
        drawn = renderer.render(person, rest, scene, {layer}, crop)[..., 3]
        return np.asarray(drawn / 255, np.float32)

    back, body, head, front = (alpha(n) for n in ("hair_back", "body", "head", "hair_front"))
    seen = region_masks(renderer, person, rest, scene)
    cloth = seen["body"] / np.maximum(seen["body"] + seen["skin"] + seen["eyes"], 1e-3)
    cloth = cv.copyMakeBorder(cloth, *[MARGIN] * 4, cv.BORDER_REPLICATE)
    under = 1 - (1 - head) * (1 - body)
    return {
        "skin": (1 - front) * under * (1 - cloth),
        "clothes": (1 - front) * under * cloth,
        "hair_front": front,
        "hair_back": (1 - front) * (1 - under) * back,
    }


def true_landmarks(shared: Topology, person: Person, scene: Scene, model: Any) -> Landmarks:
    """The person's landmarks in the frame."""
    points = points_of(shared, person.assets.base, person.base_B3)
    places = model.at_landmarks(scene.project(points))
    return Landmarks(
        {n: Mark(float(x), float(y)) for n, (x, y) in zip(model.landmarks, places, strict=True)},
        (FRAME, FRAME),
    )


def render(given: argparse.Namespace) -> None:
    """Draw everything that scoring needs."""
    assets, renderer = RigAssets(given.assets), Renderer(FRAME, 4)
    model, shared = load_face_model(given.model), topology(assets)
    for seed in given.seeds:
        rng = np.random.default_rng(seed)
        person = Person(random_person(rng), assets)
        scene = random_scene(person, rng)
        folder: Path = given.out / f"person-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        rest = person.deform(np.zeros_like(check_motions()["rest"]))
        crop = (-MARGIN, -MARGIN, FRAME + 2 * MARGIN, FRAME + 2 * MARGIN)
        photo = renderer.render(person, rest, scene, None, crop)
        cv.imwrite(str(folder / "photo.png"), cv.cvtColor(photo, cv.COLOR_RGBA2BGRA))
        masks = true_masks(renderer, person, scene)
        packed: dict[str, Any] = {n: np.rint(masks[n] * 255).astype(np.uint8) for n in MASKS}
        np.savez_compressed(folder / "masks.npz", **packed)
        (folder / "landmarks.json").write_text(true_landmarks(shared, person, scene, model).text())
        frames, where = [], []
        for motion_D in check_motions().values():
            deformed = person.deform(motion_D)
            frames.append(renderer.render(person, deformed, scene))
            where.append([[b.start for b in box] for box in boxes(person, deformed, scene)["face"]])
        np.savez_compressed(folder / "truth.npz", frames=np.stack(frames), face=np.array(where))
        print(f"{folder.name}: {person.spec.hair}, frames drawn", flush=True)
        (folder / "geometry.npz").write_bytes(geometry_file(renderer, person, scene))
        print(f"{folder.name}: geometry", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=("render", "score"))
    parser.add_argument("--assets", type=Path, help="the rig's asset folder (render)")
    parser.add_argument("--model", type=Path, default=Path("assets/face/face-model.npz"))
    parser.add_argument("--package", type=Path, default=Path("assets/models/frame-first-light"))
    parser.add_argument("--characters", type=Path, default=Path("assets/characters"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--noise", type=float, default=0.0, help="pixels, on the landmarks")
    given = parser.parse_args()
    if given.what == "render":
        render(given)
        return
    from training.face_model.score_import import score

    score(given)


if __name__ == "__main__":
    main()
