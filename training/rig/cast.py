"""The bundled cast: ten people of different ages, sexes, origins, hair and clothes."""

from __future__ import annotations

import copy
from typing import Final

from training.rig.base_mesh import Shape
from training.rig.people import PersonSpec, SkinSpec, friendly

BLACK = (0.010, 0.008, 0.007)
DARK_BROWN = (0.022, 0.013, 0.008)
CHESTNUT = (0.060, 0.027, 0.013)
AUBURN = (0.110, 0.038, 0.016)
SAND = (0.165, 0.105, 0.050)
GREY = (0.260, 0.250, 0.240)
SILVER = (0.420, 0.410, 0.395)
KIND_SHAPE = {"eyebrows/eyebrows-angle-up": 0.5, "mouth/mouth-angles-up": 0.45}
"""Added to everybody: the base face's slanting brows and level mouth look stern."""


_YOUNG: Final = (
    PersonSpec(
        "jonas",
        "Jonas",
        Shape(
            gender=1.0,
            age=0.51,
            muscle=0.55,
            targets={
                "head/head-oval": 0.4,
                "chin/chin-width-decr": 0.15,
                "mouth/mouth-scale-horiz-incr": 0.2,
                "asym/asym-brown-1-l": 0.3,
                "asym/asym-mouth-1-r": 0.3,
            },
        ),
        friendly(),
        SkinSpec("young_lightskinned_male_diffuse2", beard=0.5, stubble=0.12, seed=1),
        eyes="blue",
        hair="short01",
        hair_colour=SAND,
        brows="eyebrow001",
        brow_colour=(0.08, 0.045, 0.022),
        clothes="male_casualsuit02",
        clothes_colour=(0.045, 0.075, 0.11),
        description="A man in his late twenties with short fair hair and a blue shirt.",
    ),
    PersonSpec(
        "lena",
        "Lena",
        Shape(
            gender=0.0,
            age=0.47,
            weight=0.45,
            targets={
                "head/head-oval": 0.6,
                "mouth/mouth-upperlip-volume-incr": 0.4,
                "mouth/mouth-lowerlip-volume-incr": 0.3,
                "eyes/b-eye-scale-incr": 0.25,
                "nose/nose-point-up": 0.3,
                "nose/nose-scale-horiz-decr": 0.3,
                "asym/asym-mouth-1-l": 0.3,
            },
        ),
        friendly(smile=0.2),
        SkinSpec(
            "young_lightskinned_male_diffuse",
            smooth=0.5,
            lips=(0.97, 0.80, 0.82),
            blush=0.6,
            freckles=0.6,
            seed=2,
        ),
        eyes="green",
        hair="long01",
        hair_colour=AUBURN,
        brows="eyebrow010",
        brow_colour=(0.10, 0.045, 0.022),
        lashes="eyelashes02",
        clothes="female_casualsuit01",
        clothes_colour=(0.34, 0.32, 0.29),
        description="A young woman with long auburn hair and freckles.",
    ),
    PersonSpec(
        "kwame",
        "Kwame",
        Shape(
            gender=1.0,
            age=0.54,
            origins={"african": 1.0},
            muscle=0.6,
            targets={"head/head-square": 0.2, "asym/asym-brown-2-r": 0.3},
        ),
        friendly(smile=0.2),
        SkinSpec(
            "young_darkskinned_male_diffuse",
            tint=(1.22, 1.0, 0.88),
            beard=0.8,
            stubble=0.35,
            lips=(1.10, 0.86, 0.88),
            buzz=0.85,
            seed=3,
        ),
        eyes="brown",
        hair=None,
        hair_colour=BLACK,
        brows="eyebrow001",
        brow_colour=BLACK,
        clothes="male_elegantsuit01",
        description="A man in his thirties with cropped hair, in a suit and tie.",
    ),
    PersonSpec(
        "mei",
        "Mei",
        Shape(
            gender=0.0,
            age=0.49,
            origins={"asian": 1.0},
            weight=0.45,
            targets={
                "head/head-round": 0.2,
                "mouth/mouth-scale-horiz-incr": 0.2,
                "eyes/b-eye-scale-incr": 0.2,
                "asym/asym-eye-1-l": 0.2,
            },
        ),
        friendly(smile=0.22),
        SkinSpec(
            "young_lightskinned_male_diffuse3",
            tint=(0.96, 0.90, 0.84),
            smooth=0.6,
            lips=(0.95, 0.74, 0.76),
            blush=0.5,
            seed=4,
        ),
        eyes="brown",
        hair="bob02",
        hair_colour=BLACK,
        brows="eyebrow009",
        brow_colour=(0.02, 0.014, 0.012),
        lashes="eyelashes01",
        clothes="female_sportsuit01",
        clothes_colour=(0.30, 0.055, 0.045),
        description="A young woman with a black bob and a red top.",
    ),
    PersonSpec(
        "priya",
        "Priya",
        Shape(
            gender=0.0,
            age=0.53,
            origins={"caucasian": 0.6, "asian": 0.25, "african": 0.15},
            weight=0.5,
            targets={
                "head/head-oval": 0.4,
                "nose/nose-hump-incr": 0.2,
                "mouth/mouth-lowerlip-volume-incr": 0.4,
                "eyes/b-eye-scale-incr": 0.3,
            },
        ),
        friendly(smile=0.2),
        SkinSpec(
            "young_lightskinned_male_diffuse3",
            tint=(0.60, 0.46, 0.36),
            smooth=0.5,
            lips=(0.92, 0.72, 0.74),
            blush=0.3,
            seed=5,
        ),
        eyes="brown",
        hair="long01",
        hair_colour=BLACK,
        brows="eyebrow001",
        brow_colour=BLACK,
        lashes="eyelashes02",
        clothes="female_elegantsuit01",
        clothes_colour=(0.035, 0.11, 0.12),
        description="A woman in her early thirties with long black hair and a teal blouse.",
    ),
)


_OLDER: Final = (
    PersonSpec(
        "sofia",
        "Sofia",
        Shape(
            gender=0.05,
            age=0.57,
            origins={"caucasian": 0.7, "african": 0.2, "asian": 0.1},
            targets={"head/head-diamond": 0.4, "mouth/mouth-lowerlip-volume-incr": 0.4},
        ),
        friendly(smile=0.2),
        SkinSpec(
            "middleage_lightskinned_male_diffuse",
            tint=(0.80, 0.70, 0.61),
            smooth=0.6,
            lips=(0.94, 0.70, 0.72),
            blush=0.4,
            seed=6,
        ),
        eyes="brownlight",
        hair="ponytail01",
        hair_colour=DARK_BROWN,
        brows="eyebrow010",
        brow_colour=(0.02, 0.012, 0.008),
        lashes="eyelashes02",
        clothes="female_casualsuit01",
        clothes_colour=(0.30, 0.16, 0.02),
        description="A woman of about forty with her dark hair tied back, in mustard.",
    ),
    PersonSpec(
        "omar",
        "Omar",
        Shape(
            gender=1.0,
            age=0.58,
            origins={"caucasian": 0.8, "african": 0.2},
            weight=0.58,
            targets={"nose/nose-hump-incr": 0.4, "head/head-rectangular": 0.2},
        ),
        friendly(),
        SkinSpec(
            "middleage_lightskinned_male_diffuse2",
            tint=(0.78, 0.68, 0.58),
            beard=1.0,
            stubble=0.6,
            stubble_colour=(0.020, 0.014, 0.011),
            seed=7,
        ),
        eyes="brown",
        hair="short01",
        hair_colour=BLACK,
        brows="eyebrow009",
        brow_colour=BLACK,
        clothes="male_casualsuit06",
        clothes_colour=(0.40, 0.41, 0.42),
        description="A man of about forty with black hair, a short beard and a pale shirt.",
    ),
    PersonSpec(
        "amara",
        "Amara",
        Shape(gender=0.0, age=0.62, origins={"african": 1.0}, weight=0.6),
        friendly(smile=0.24),
        SkinSpec(
            "middleage_darkskinned_male_diffuse",
            tint=(1.15, 1.10, 1.05),
            smooth=0.7,
            lips=(1.0, 0.80, 0.82),
            blush=0.2,
            seed=8,
        ),
        eyes="brown",
        hair="braid01",
        hair_colour=(0.014, 0.010, 0.008),
        brows="eyebrow005",
        brow_colour=BLACK,
        lashes="eyelashes02",
        clothes="female_casualsuit01",
        clothes_colour=(0.20, 0.035, 0.10),
        description="A woman in her late forties with dark, swept hair, in plum.",
    ),
    PersonSpec(
        "hiro",
        "Hiro",
        Shape(
            gender=1.0,
            age=0.76,
            origins={"asian": 1.0},
            weight=0.56,
            targets={"head/head-round": 0.25, "eyes/b-eye-scale-incr": 0.15},
        ),
        friendly(smile=0.2),
        SkinSpec(
            "old_lightskinned_male_diffuse2",
            tint=(0.85, 0.96, 1.12),
            beard=0.4,
            seed=9,
        ),
        eyes="brown",
        hair="short01",
        hair_colour=(0.055, 0.052, 0.050),
        brows="eyebrow001",
        brow_colour=(0.03, 0.027, 0.025),
        clothes="male_casualsuit03",
        clothes_colour=(0.06, 0.07, 0.10),
        description="A man of about fifty with short, greying hair and a striped shirt.",
    ),
    PersonSpec(
        "arthur",
        "Arthur",
        Shape(
            gender=1.0,
            age=0.84,
            weight=0.6,
            targets={
                "nose/nose-scale-vert-incr": 0.2,
                "nose/nose-volume-incr": 0.2,
            },
        ),
        friendly(smile=0.24, brows=0.3),
        SkinSpec("old_lightskinned_male_diffuse2", tint=(0.92, 1.13, 1.42), smooth=0.3, seed=10),
        eyes="grey",
        hair="short04",
        hair_colour=SILVER,
        brows="eyebrow009",
        brow_colour=GREY,
        clothes="male_casualsuit04",
        clothes_colour=(0.10, 0.035, 0.03),
        description="A man of about seventy with silver hair and a burgundy pullover.",
    ),
)


def bundled() -> dict[str, PersonSpec]:
    """The cast by id."""
    people = copy.deepcopy([*_YOUNG, *_OLDER])
    for person in people:
        for target, weight in KIND_SHAPE.items():
            person.shape.targets.setdefault(target, weight)
    return {person.id: person for person in people}
