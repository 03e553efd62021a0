"""Random people for training: every slider, skin, hair and cloth the assets allow."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np

from training.rig.base_mesh import Shape
from training.rig.cast import KIND_SHAPE
from training.rig.people import Colour, PersonSpec, SkinSpec, friendly

T = TypeVar("T")
PAIRS: Final = (
    ("head/head-fat-decr", "head/head-fat-incr", 0.35),
    ("head/head-scale-horiz-decr", "head/head-scale-horiz-incr", 0.35),
    ("head/head-scale-vert-decr", "head/head-scale-vert-incr", 0.30),
    ("chin/chin-width-decr", "chin/chin-width-incr", 0.4),
    ("chin/chin-height-decr", "chin/chin-height-incr", 0.35),
    ("chin/chin-prominent-decr", "chin/chin-prominent-incr", 0.35),
    ("cheek/b-cheek-volume-decr", "cheek/b-cheek-volume-incr", 0.4),
    ("cheek/b-cheek-bones-decr", "cheek/b-cheek-bones-incr", 0.4),
    ("nose/nose-scale-horiz-decr", "nose/nose-scale-horiz-incr", 0.4),
    ("nose/nose-scale-vert-decr", "nose/nose-scale-vert-incr", 0.35),
    ("nose/nose-hump-decr", "nose/nose-hump-incr", 0.4),
    ("nose/nose-point-down", "nose/nose-point-up", 0.35),
    ("nose/nose-volume-decr", "nose/nose-volume-incr", 0.35),
    ("mouth/mouth-scale-horiz-decr", "mouth/mouth-scale-horiz-incr", 0.35),
    ("mouth/mouth-upperlip-volume-decr", "mouth/mouth-upperlip-volume-incr", 0.45),
    ("mouth/mouth-lowerlip-volume-decr", "mouth/mouth-lowerlip-volume-incr", 0.45),
    ("mouth/mouth-trans-down", "mouth/mouth-trans-up", 0.25),
    ("eyes/b-eye-scale-decr", "eyes/b-eye-scale-incr", 0.35),
    ("eyes/b-eye-trans-in", "eyes/b-eye-trans-out", 0.25),
    ("eyes/b-eye-height2-decr", "eyes/b-eye-height2-incr", 0.30),
    ("ears/b-ear-scale-decr", "ears/b-ear-scale-incr", 0.4),
    ("ears/b-ear-wing-decr", "ears/b-ear-wing-incr", 0.4),
    ("forehead/forehead-scale-vert-decr", "forehead/forehead-scale-vert-incr", 0.35),
)
"""Opposite targets and the standard deviation of the weight drawn between them."""
HEADS: Final = ("oval", "round", "square", "diamond", "rectangular", "triangular")
ASYMMETRIES: Final = ("brown-1", "brown-2", "eye-1", "mouth-1", "mouth-2", "nose-1", "jaw-1")
LIGHT_SKINS: Final = (
    "young_lightskinned_male_diffuse",
    "young_lightskinned_male_diffuse2",
    "young_lightskinned_male_diffuse3",
    "middleage_lightskinned_male_diffuse",
    "middleage_lightskinned_male_diffuse2",
    "old_lightskinned_male_diffuse2",
)
DARK_SKINS: Final = (
    "young_darkskinned_male_diffuse",
    "middleage_darkskinned_male_diffuse",
    "old_darkskinned_male_diffuse",
)
HAIR_COLOURS: Final[tuple[Colour, ...]] = (
    (0.010, 0.008, 0.007),
    (0.020, 0.013, 0.009),
    (0.040, 0.021, 0.011),
    (0.075, 0.036, 0.017),
    (0.110, 0.040, 0.016),
    (0.170, 0.105, 0.050),
    (0.260, 0.180, 0.095),
)
WOMEN_HAIR: Final = ("long01", "bob02", "ponytail01", "braid01", "long01", "short03")
MEN_HAIR: Final = ("short01", "short02", "short03", "short04", "short01", None)
BROWS: Final = ("eyebrow001", "eyebrow005", "eyebrow008", "eyebrow009", "eyebrow010", "eyebrow012")
LASHES: Final = ("eyelashes01", "eyelashes02", "eyelashes03", "eyelashes04")
EYES: Final = (
    "brown", "brownlight", "blue", "bluegreen", "deepblue", "green", "grey", "ice", "lightblue",
)  # fmt: skip
WOMEN_CLOTHES: Final = ("female_casualsuit01", "female_elegantsuit01", "female_sportsuit01")
MEN_CLOTHES: Final = (
    "male_casualsuit02", "male_casualsuit03", "male_casualsuit04", "male_casualsuit05",
    "male_casualsuit06", "male_elegantsuit01", "male_worksuit01",
)  # fmt: skip
TEETH: Final = ("teeth_base", "teeth_shape01", "teeth_shape02", "teeth_shape03", "teeth_shape04")


def draw(rng: np.random.Generator) -> PersonSpec:
    """One random person."""
    woman = bool(rng.random() < 0.5)
    age = float(np.clip(rng.normal(0.57, 0.12), 0.42, 0.92))
    origins = dict(
        zip(("african", "asian", "caucasian"), rng.dirichlet((0.35,) * 3).tolist(), strict=True)
    )
    dark = bool(rng.random() < 0.15 + 0.85 * origins["african"])
    grey = float(np.clip((age - 0.66) * 4 + rng.normal(0, 0.2), 0, 1))
    hair_colour = _hair_colour(rng, origins["caucasian"], grey)
    brow_colour = _mix(hair_colour, (0.03, 0.02, 0.015), 0.4)
    return PersonSpec(
        f"random-{int(rng.integers(1 << 30)):08x}",
        "Random",
        _shape(rng, woman, age, origins),
        friendly(smile=float(rng.uniform(0, 0.3)), brows=float(rng.uniform(0.05, 0.35))),
        _skin(rng, woman, dark, age, hair_colour),
        eyes=_pick(rng, EYES[:2] if origins["caucasian"] < 0.5 else EYES),
        hair=_pick(rng, WOMEN_HAIR if woman else MEN_HAIR),
        hair_colour=hair_colour,
        brows=_pick(rng, BROWS),
        brow_colour=brow_colour,
        lashes=_pick(rng, LASHES[1:] if woman else LASHES[:1]),
        clothes=_pick(rng, WOMEN_CLOTHES if woman else MEN_CLOTHES),
        clothes_colour=_cloth_colour(rng),
        teeth=_pick(rng, TEETH),
    )


def _pick(rng: np.random.Generator, choices: tuple[T, ...]) -> T:
    return choices[int(rng.integers(len(choices)))]


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    return (
        a[0] + share * (b[0] - a[0]),
        a[1] + share * (b[1] - a[1]),
        a[2] + share * (b[2] - a[2]),
    )


def _shape(rng: np.random.Generator, woman: bool, age: float, origins: dict[str, float]) -> Shape:
    targets = dict(KIND_SHAPE)
    targets["eyebrows/eyebrows-angle-up"] = float(rng.uniform(0.2, 0.7))
    targets["mouth/mouth-angles-up"] = float(rng.uniform(0.1, 0.6))
    for low, high, spread in PAIRS:
        weight = float(np.clip(rng.normal(0, spread), -1, 1))
        targets[high if weight > 0 else low] = abs(weight)
    targets[f"head/head-{_pick(rng, HEADS)}"] = float(rng.uniform(0, 0.6))
    for name in ASYMMETRIES:
        targets[f"asym/asym-{name}-{_pick(rng, ('l', 'r'))}"] = float(rng.uniform(0, 0.4))
    gender = float(rng.uniform(0, 0.15) if woman else rng.uniform(0.85, 1))
    muscle, weight = (float(np.clip(rng.normal(0.5, 0.12), 0, 1)) for _ in range(2))
    return Shape(gender, age, origins, muscle, weight, targets)


def _skin(rng: np.random.Generator, woman: bool, dark: bool, age: float, hair: Colour) -> SkinSpec:
    photos = DARK_SKINS if dark else LIGHT_SKINS
    photo = photos[-1] if age > 0.75 and rng.random() < 0.7 else _pick(rng, photos[:-1])
    depth = float(rng.uniform(0.8, 1.35) if dark else rng.choice([1.0, 0.85, 0.65, 0.5]))
    depth *= float(rng.uniform(0.92, 1.08))
    warm = float(rng.normal(0, 0.05))
    fall = 0.0 if dark else 1 - min(depth, 1.0)
    tint = (depth * (1 + warm), depth * (1 - 0.35 * fall), depth * (1 - 0.65 * fall - warm))
    if photo.startswith("old_light"):
        tint = (tint[0], tint[1] * 1.06, tint[2] * 1.18)
    red = float(rng.uniform(0, 0.3 if woman else 0.08))
    return SkinSpec(
        photo,
        tint,
        beard=0.0 if woman else float(rng.uniform(0, 1)),
        smooth=float(rng.uniform(0.3, 0.8) if woman else rng.uniform(0, 0.4)),
        lips=(1 - 0.2 * red, 1 - red, 1 - 0.9 * red),
        blush=float(rng.uniform(0, 0.8 if woman else 0.3)),
        freckles=float(rng.uniform(0, 0.8)) if rng.random() < 0.2 and not dark else 0.0,
        stubble=float(rng.uniform(0, 0.8)) if not woman and rng.random() < 0.5 else 0.0,
        stubble_colour=_mix(hair, (0.02, 0.015, 0.01), 0.3),
        buzz=float(rng.choice([0.0, 0.5, 0.85])),
        seed=int(rng.integers(1 << 30)),
    )


def _hair_colour(rng: np.random.Generator, fair: float, grey: float) -> Colour:
    choices = HAIR_COLOURS if fair > 0.5 else HAIR_COLOURS[:3]
    tone = float(rng.uniform(0.8, 1.25))
    r, g, b = _mix(_pick(rng, choices), (0.34, 0.335, 0.325), grey)
    return r * tone, g * tone, b * tone


def _cloth_colour(rng: np.random.Generator) -> Colour | None:
    if rng.random() < 0.15:
        return None
    grey = float(rng.choice([0.02, 0.06, 0.15, 0.35, 0.6]))
    r, g, b = (grey * float(c) for c in rng.lognormal(0, 0.5, 3))
    return min(r, 0.8), min(g, 0.8), min(b, 0.8)
