"""Who the rig can draw: the description of a person, the bundled cast, and random people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from training.rig.base_mesh import Shape

Colour = tuple[float, float, float]

FRIENDLY: Final[dict[str, float]] = {
    "mouthSmileLeft": 0.16,
    "mouthSmileRight": 0.16,
    "browInnerUp": 0.16,
    "browOuterUpLeft": 0.08,
    "browOuterUpRight": 0.08,
    "browDownLeft": -0.25,
    "browDownRight": -0.25,
    "cheekSquintLeft": 0.10,
    "cheekSquintRight": 0.10,
}
"""Blendshapes baked into the rest shape, so that nobody looks stern when nothing moves."""


@dataclass(frozen=True, slots=True)
class SkinSpec:
    """A photographed CC0 skin and what is painted on it; colours are linear RGB factors."""

    photo: str = "young_lightskinned_male_diffuse"
    tint: Colour = (1.0, 1.0, 1.0)
    beard: float = 0.0
    """Share of the photographed beard shadow that is kept, 0..1."""
    smooth: float = 0.0
    """How far blotches and wrinkles are evened out, 0..1."""
    lips: Colour = (1.0, 1.0, 1.0)
    blush: float = 0.0
    freckles: float = 0.0
    scalp: float = 1.0
    """Share of the photographed hair shade on the scalp that is kept, 0..1."""
    seed: int = 0


@dataclass(slots=True)
class PersonSpec:
    """One person: shape, skin, and the proxies worn. Hair and brow colours are linear RGB."""

    id: str
    name: str
    shape: Shape = field(default_factory=Shape)
    rest: dict[str, float] = field(default_factory=lambda: dict(FRIENDLY))
    skin: SkinSpec = field(default_factory=SkinSpec)
    eyes: str = "brown"
    hair: str | None = "short01"
    hair_colour: Colour = (0.05, 0.03, 0.02)
    brows: str = "eyebrow001"
    brow_colour: Colour = (0.05, 0.03, 0.02)
    lashes: str = "eyelashes01"
    clothes: str = "male_casualsuit02"
    clothes_colour: Colour | None = None
    teeth: str = "teeth_base"
    description: str = ""


def cast() -> dict[str, PersonSpec]:
    """The bundled characters by id."""
    people = [
        PersonSpec(
            "mika",
            "Mika",
            Shape(
                gender=1,
                age=0.5,
                targets={
                    "head/head-oval": 0.4,
                    "nose/nose-scale-vert-incr": 0.2,
                    "chin/chin-width-decr": 0.2,
                    "mouth/mouth-scale-horiz-incr": 0.2,
                },
            ),
            skin=SkinSpec("young_lightskinned_male_diffuse2", beard=0.7),
            eyes="blue",
            hair="short01",
            hair_colour=(0.07, 0.05, 0.022),
            brow_colour=(0.07, 0.035, 0.018),
            clothes="male_casualsuit02",
            clothes_colour=(0.05, 0.07, 0.09),
        ),
        PersonSpec(
            "lena",
            "Lena",
            Shape(
                gender=0,
                age=0.47,
                weight=0.45,
                targets={
                    "head/head-oval": 0.6,
                    "mouth/mouth-upperlip-volume-incr": 0.5,
                    "mouth/mouth-lowerlip-volume-incr": 0.4,
                    "eyes/b-eye-scale-incr": 0.35,
                    "nose/nose-point-up": 0.3,
                    "nose/nose-scale-horiz-decr": 0.3,
                },
            ),
            skin=SkinSpec("young_lightskinned_male_diffuse"),
            eyes="green",
            hair="long01",
            hair_colour=(0.13, 0.055, 0.022),
            brows="eyebrow010",
            brow_colour=(0.10, 0.05, 0.025),
            lashes="eyelashes02",
            clothes="female_casualsuit01",
            clothes_colour=(0.35, 0.33, 0.30),
        ),
    ]
    return {person.id: person for person in people}


def random_person(rng: np.random.Generator) -> PersonSpec:
    """Somebody who does not exist; the same generator state gives the same person."""
    base = list(cast().values())
    spec = base[int(rng.integers(len(base)))]
    return spec
