"""Who somebody is as numbers, by name: what a network may learn to predict from a picture."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.people.spec import Bend, FigureSpec
from training.rig.random_people import ASYMMETRIES, HEADS, PAIRS

IDENTITY_NAMES: Final[tuple[str, ...]] = (
    "gender", "age", "african", "asian", "caucasian", "muscle", "weight",
    *(high for _, high, _ in PAIRS),
    *(f"head/head-{name}" for name in HEADS),
    *(f"asym/asym-{name}" for name in ASYMMETRIES),
    *(f"bend/{f.name}" for f in fields(Bend) if f.name != "eyes"),
    "bend/eyes-0", "bend/eyes-1", "bend/eyes-2",
)  # fmt: skip
"""Opposite targets share one signed value; asymmetries are positive to the person's left."""


def identity_vector(spec: FigureSpec) -> Float32Array:
    """Values (len(IDENTITY_NAMES),) of a figure."""
    shape, found = spec.person.shape, dict[str, float]()
    found |= {"gender": shape.gender, "age": shape.age, "muscle": shape.muscle}
    found |= {"weight": shape.weight, **shape.origins}
    for low, high, _ in PAIRS:
        found[high] = shape.targets.get(high, 0.0) - shape.targets.get(low, 0.0)
    for name in HEADS:
        found[f"head/head-{name}"] = shape.targets.get(f"head/head-{name}", 0.0)
    for name in ASYMMETRIES:
        left, right = (shape.targets.get(f"asym/asym-{name}-{side}", 0.0) for side in "lr")
        found[f"asym/asym-{name}"] = left - right
    for each in fields(Bend):
        value = getattr(spec.bend, each.name)
        if each.name == "eyes":
            found |= {f"bend/eyes-{k}": float(v) for k, v in enumerate(value)}
        else:
            found[f"bend/{each.name}"] = float(value)
    return np.array([found.get(name, 0.0) for name in IDENTITY_NAMES], np.float32)
