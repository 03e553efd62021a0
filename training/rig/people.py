"""Who the rig can draw: the description of a person, the bundled cast, and random people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inference.contract import UInt8Array
from training.rig.base_mesh import Shape

if TYPE_CHECKING:
    from training.rig.assets import RigAssets

Colour = tuple[float, float, float]


class Painted(Protocol):
    """A picture made by code for a mesh; equal ones (by `==` and hash) are painted once."""

    @property
    def brightness(self) -> float:
        """Mean linear brightness of what is opaque, for recolouring."""

    def paint(self, assets: RigAssets) -> UInt8Array:
        """RGBA pixels (h, w, 4), straight alpha, the first row at v = 0."""

    def __hash__(self) -> int: ...


def friendly(smile: float = 0.16, brows: float = 0.22) -> dict[str, float]:
    """Blendshapes baked into a rest shape, so that nobody looks stern when nothing moves."""
    return {
        "mouthSmileLeft": smile,
        "mouthSmileRight": smile * 0.94,
        "mouthStretchLeft": -0.05,
        "mouthStretchRight": -0.05,
        "browInnerUp": brows,
        "browOuterUpLeft": brows * 0.4,
        "browOuterUpRight": brows * 0.35,
        "browDownLeft": -0.25,
        "browDownRight": -0.25,
        "cheekSquintLeft": smile * 0.6,
        "cheekSquintRight": smile * 0.6,
    }


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
    stubble: float = 0.0
    """Cover of painted short beard hairs, 0 none .. 1 a dense short beard."""
    stubble_colour: Colour = (0.03, 0.02, 0.015)
    buzz: float = 0.0
    """Cover of very short hair on the scalp of people without a hair mesh, 0..1."""
    seed: int = 0
    texels: int = 1024
    """Side of the painted picture: 1024 has some 75 texels between the pupils, more than a frame
    of 512 pixels shows; training pictures of 256 need half."""


@dataclass(slots=True)
class PersonSpec:
    """One person: shape, skin, and the proxies worn. Hair and brow colours are linear RGB."""

    id: str
    name: str
    shape: Shape = field(default_factory=Shape)
    rest: dict[str, float] = field(default_factory=friendly)
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
    from training.rig.cast import bundled

    return bundled()


def random_person(rng: np.random.Generator) -> PersonSpec:
    """Somebody who does not exist; the same generator state gives the same person."""
    from training.rig.random_people import draw

    return draw(rng)
