"""Heads to learn the face model from: the rig's random people, and wilder ones.

Only base vertices are made, no hair, cloth or texture, so that a thousand take a few minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.rig.base_mesh import LINEAR_NAMES, BaseMesh, Shape
from training.rig.face_landmarks import MouthOpening
from training.rig.people import PersonSpec, random_person

FOLDERS: Final = (
    "head", "eyes", "nose", "mouth", "ears", "cheek", "chin", "forehead", "eyebrows", "neck",
)  # fmt: skip
"""Folders of identity targets that wild heads draw from."""
ENDS: Final = (
    "decr", "incr", "in", "out", "up", "down", "concave", "convex", "backward", "forward",
    "compress", "uncompress",
)  # fmt: skip
SPREAD: Final = 0.3
"""Standard deviation of a wild head's weight of each target, before one in three is chosen."""


def spread_targets(targets_folder: Path) -> list[str]:
    """Names of the targets, sides of a pair joined as `b-`, that have an opposite or a shape."""
    found = set()
    for folder in FOLDERS:
        for path in (targets_folder / folder).glob("*.target.gz"):
            leaf = path.name.removesuffix(".target.gz")
            if "age" in leaf or "measure" in leaf or leaf.rsplit("-", 1)[-1] not in ENDS:
                continue
            leaf = f"b-{leaf[2:]}" if leaf.startswith(("l-", "r-")) else leaf
            found.add(f"{folder}/{leaf}")
    return sorted(found)


def wild_shape(rng: np.random.Generator, targets: list[str]) -> PersonSpec:
    """A random person, with a third of all targets added: beyond what people look like."""
    person = random_person(rng)
    shape: Shape = person.shape
    shape.age = float(rng.uniform(0.3, 0.95))
    shape.muscle, shape.weight = (float(v) for v in rng.uniform(0.1, 0.9, 2))
    for name in targets:
        if rng.random() < 1 / 3:
            shape.targets[name] = shape.targets.get(name, 0.0) + abs(float(rng.normal(0, SPREAD)))
    return person


def rest_vertices(person: PersonSpec, base: BaseMesh) -> Float32Array:
    """Base vertices (19158, 3) of a person at rest, lips closed as `training.rig.person` does."""
    vertices = base.identity(person.shape)
    for name, weight in person.rest.items():
        vertices += weight * base.bases_LB3[LINEAR_NAMES.index(name)]
    vertices = vertices.astype(np.float32)
    body = base.obj.groups["body"]
    jaw = base.bases_LB3[LINEAR_NAMES.index("jawOpen")]
    mouth = MouthOpening(vertices[body], jaw[body], np.zeros(len(body), np.float32))
    gap = mouth.gap(vertices[body]) + 0.022
    drop = float(jaw[body][mouth.upper, 1] - jaw[body][mouth.lower, 1])
    return (vertices - max(gap, 0.0) / drop * jaw).astype(np.float32)
