"""The bundled figures: toon-shaded and drawn people, and mascots who are no people at all.

They are designed by hand, where `training.people.draw` leaves everything to chance. Everything that
is true of a random figure is true of them: motions, layers, bases, landmarks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from training.people.figure import Figure
from training.people.mascots import Mascot
from training.people.points import Landmarker
from training.people.spec import Bend, FigureSpec, GlassesSpec, HairSpec, LineSpec
from training.rig.assets import RigAssets
from training.rig.base_mesh import LINEAR_NAMES, Shape
from training.rig.people import PersonSpec, SkinSpec, friendly
from training.rig.scene import HEAD_SHARE, Scene, studio

TOON: Final[dict[str, float]] = {
    "edge": 0.08, "softness": 0.75, "steps": 0.0, "cast": 0.75, "gloss": 0.030, "rough": 0.42,
    "rim": 0.7, "texture": 0.7, "shade": 1.0, "scatter": 0.75, "streaks": 0.20, "band": 0.0,
    "hair_gloss": 0.045, "red_lips": 0.42, "blush": 0.30, "lids": 0.0, "freckles": 0.0,
    "stubble": 0.0, "mouth_line": 0.30, "nose_mark": 0.0, "nose_red": 0.18, "mouth_width": 0.012,
    "mottle": 0.004, "iris": 1.30, "pupil": 0.42, "ring": 0.55, "fibres": 0.10, "gradient": 0.50,
    "sparkle": 0.55, "lights": 0.0, "thick_brows": 1.0, "brow_width": 0.052, "brow_taper": 0.5,
    "brow_arch": 0.02, "brow_raised": 0.05, "plain_brows": 1.0, "lash": 0.03, "wing": 0.02,
    "lower_lash": 0.01, "tooth_light": 0.45, "jaw": 1.1,
}  # fmt: skip
"""A 3D film's figure; what the values mean: `training.people.figure`."""
DRAWN: Final[dict[str, float]] = TOON | {
    "edge": 0.02, "softness": 0.03, "steps": 0.15, "cast": 1.0, "gloss": 0.0, "rim": 0.25,
    "texture": 0.15, "shade": 1.0, "scatter": 0.0, "streaks": 0.05, "band": 0.5, "hair_gloss": 0.0,
    "red_lips": 0.2, "mouth_line": 0.9, "nose_mark": 0.75, "nose_red": 0.1, "mottle": 0.0,
    "iris": 1.40, "pupil": 0.45, "ring": 0.6, "fibres": 0.0, "gradient": 0.6, "sparkle": 1.0,
    "brow_width": 0.034, "brow_taper": 0.45, "mouth_width": 0.017, "seam_lift": 0.04,
    "lit_mouth": 1.0, "jaw": 1.35, "lash": 0.034, "wing": 0.035, "lower_lash": 0.008,
}  # fmt: skip
"""A drawing in flat colours with ink."""


def _juno() -> FigureSpec:
    person = PersonSpec(
        "juno",
        "Juno",
        Shape(
            gender=0.05,
            age=0.46,
            targets={
                "head/head-oval": 0.5,
                "mouth/mouth-scale-horiz-incr": 0.3,
                "nose/nose-point-up": 0.6,
                "mouth/mouth-angles-up": 0.5,
            },
        ),
        friendly(smile=0.22, brows=0.3),
        SkinSpec(seed=1, texels=1024),
        hair_colour=(0.36, 0.095, 0.028),
        brow_colour=(0.16, 0.042, 0.014),
        lashes="eyelashes02",
        clothes="female_casualsuit01",
        clothes_colour=(0.03, 0.24, 0.25),
        description="A young woman of an animated film, with a copper bob and freckles.",
    )
    return FigureSpec(
        1, "train", "toon", "film", person,
        bend=Bend(eyes=(1.42, 1.62, 1.05), apart=0.02, nose=0.70, mouth=0.98, jaw=0.12, face=0.93,
                  skull=1.06, wide=1.05, neck=0.72, head=1.20, curl=0.075),
        hair=HairSpec("bob", "swept", volume=1.35, length=0.9, mirror=True, seed=8, density=1.2),
        ink=TOON | {"freckles": 0.8, "blush": 0.4, "red_lips": 0.5},
        skin_colour=(0.97, 0.80, 0.70),
        lip_colour=(0.86, 0.45, 0.42),
        eye_colour=(0.25, 0.55, 0.38),
    )  # fmt: skip


def _airi() -> FigureSpec:
    person = PersonSpec(
        "airi",
        "Airi",
        Shape(gender=0.05, age=0.44, targets={"mouth/mouth-angles-up": 0.5}),
        friendly(smile=0.2, brows=0.2) | {"eyeWideLeft": 0.3, "eyeWideRight": 0.3},
        SkinSpec(seed=2, texels=1024),
        hair_colour=(0.42, 0.30, 0.62),
        brow_colour=(0.20, 0.13, 0.30),
        clothes="female_elegantsuit01",
        clothes_colour=(0.80, 0.78, 0.84),
        description="A drawn young woman with a lilac bob and pink tips.",
    )
    return FigureSpec(
        2, "train", "drawn", "anime", person,
        bend=Bend(eyes=(1.48, 2.0, 1.0), apart=0.04, raised=-0.03, nose=0.5, mouth=0.95, jaw=0.20,
                  face=0.86, skull=1.0, wide=1.05, neck=0.66, head=1.24, curl=0.13),
        hair=HairSpec("bob", "straight", volume=1.5, length=0.85, seed=5, density=1.1),
        lines=LineSpec(1.9, (0.20, 0.10, 0.20), 0.25),
        ink=DRAWN | {"blush": 0.40, "red_lips": 0.12, "iris": 1.5, "whole_locks": 1.0},
        skin_colour=(1.0, 0.88, 0.80),
        lip_colour=(0.88, 0.52, 0.52),
        eye_colour=(0.45, 0.30, 0.75),
        tip_colour=(0.80, 0.30, 0.52),
    )  # fmt: skip


def _teo() -> FigureSpec:
    person = PersonSpec(
        "teo",
        "Teo",
        Shape(
            gender=0.95,
            age=0.50,
            origins={"african": 0.7, "caucasian": 0.3},
            targets={"head/head-square": 0.3, "chin/chin-width-incr": 0.3,
                     "nose/nose-scale-horiz-incr": 0.2},
        ),
        friendly(smile=0.24, brows=0.25),
        SkinSpec(seed=6, texels=1024),
        hair_colour=(0.030, 0.018, 0.014),
        brow_colour=(0.020, 0.012, 0.010),
        clothes="male_casualsuit04",
        clothes_colour=(0.62, 0.36, 0.05),
        description="A young man of an animated film, with round glasses and a mustard pullover.",
    )  # fmt: skip
    return FigureSpec(
        6, "train", "toon", "film", person,
        bend=Bend(eyes=(1.42, 1.66, 1.05), apart=0.02, nose=0.85, mouth=1.0, jaw=-0.02, face=0.95,
                  skull=1.04, wide=1.04, neck=0.86, head=1.18, curl=0.06),
        hair=HairSpec("slick", "none", volume=1.25, seed=4, density=1.2),
        glasses=GlassesSpec(width=0.80, height=0.70, squareness=2.2, thickness=0.016, drop=0.03,
                            colour=(0.05, 0.02, 0.012), tint=0.02),
        ink=TOON | {"brow_width": 0.075, "brow_taper": 0.35, "blush": 0.12, "red_lips": 0.35,
                    "nose_red": 0.08, "stubble": 0.15, "bare_frames": 1.0, "short_hair": 1.0},
        skin_colour=(0.58, 0.38, 0.28),
        lip_colour=(0.60, 0.33, 0.30),
        eye_colour=(0.46, 0.28, 0.14),
    )  # fmt: skip


def _ren() -> FigureSpec:
    person = PersonSpec(
        "ren",
        "Ren",
        Shape(gender=0.8, age=0.46, targets={"mouth/mouth-angles-up": 0.3}),
        friendly(smile=0.18, brows=0.1) | {"eyeWideLeft": 0.25, "eyeWideRight": 0.25},
        SkinSpec(seed=7, texels=1024),
        hair_colour=(0.055, 0.10, 0.26),
        brow_colour=(0.03, 0.05, 0.13),
        clothes="male_elegantsuit01",
        clothes_colour=None,
        description="A drawn young man with spiky navy hair and amber eyes.",
    )
    return FigureSpec(
        7, "train", "drawn", "anime", person,
        bend=Bend(eyes=(1.46, 1.80, 1.0), apart=0.04, raised=-0.03, nose=0.55, mouth=0.88, jaw=0.22,
                  face=0.92, skull=1.0, wide=1.05, neck=0.80, head=1.22, curl=0.10),
        hair=HairSpec("crop", "spikes", volume=1.6, length=0.8, seed=14, density=1.15),
        lines=LineSpec(1.9, (0.10, 0.09, 0.18), 0.2),
        ink=DRAWN | {"blush": 0.15, "red_lips": 0.08, "iris": 1.45, "brow_width": 0.048,
                     "lash": 0.030, "wing": 0.012, "short_hair": 1.0},
        skin_colour=(0.98, 0.84, 0.74),
        lip_colour=(0.82, 0.50, 0.46),
        eye_colour=(0.88, 0.55, 0.15),
    )  # fmt: skip


def _ember() -> FigureSpec:
    person = PersonSpec(
        "ember",
        "Ember",
        Shape(
            gender=0.3,
            age=0.45,
            targets={
                "mouth/mouth-scale-horiz-incr": 0.5,
                "mouth/mouth-upperlip-volume-decr": 0.8,
                "mouth/mouth-lowerlip-volume-decr": 0.6,
            },
        ),
        friendly(smile=0.55, brows=0.3),
        SkinSpec(seed=3, texels=1024),
        hair_colour=(0.30, 0.08, 0.02),
        brow_colour=(0.10, 0.03, 0.012),
        clothes="male_casualsuit02",
        clothes_colour=(0.03, 0.10, 0.09),
        description="A fox of an animated film with white cheeks and a green shirt.",
    )
    return FigureSpec(
        3, "train", "toon", "film", person, mascot="fox",
        bend=Bend(eyes=(1.60, 1.85, 1.05), apart=0.06, nose=0.85, mouth=1.05, jaw=0.16, face=0.92,
                  skull=0.96, wide=1.18, neck=0.86, head=1.24, muzzle=0.42, taper=0.12, puff=0.07,
                  bridge=0.7, ears=0.1, curl=0.16),
        hair=HairSpec(None),
        ink=TOON | {"red_lips": 0.5, "iris": 1.4},
        skin_colour=(0.93, 0.48, 0.16),
        eye_colour=(0.85, 0.62, 0.18),
    )  # fmt: skip


def _bolt() -> FigureSpec:
    person = PersonSpec(
        "bolt",
        "Bolt",
        Shape(
            gender=0.5,
            age=0.45,
            targets={
                "head/head-round": 0.6,
                "mouth/mouth-upperlip-volume-decr": 1.0,
                "mouth/mouth-lowerlip-volume-decr": 1.0,
            },
        ),
        friendly(smile=0.4, brows=0.2),
        SkinSpec(seed=4, texels=1024),
        hair_colour=(0.3, 0.3, 0.3),
        brow_colour=(0.10, 0.85, 1.0),
        clothes="male_casualsuit02",
        clothes_colour=(0.75, 0.22, 0.04),
        description="A friendly white robot with a dark visor, glowing eyes and an antenna.",
    )
    return FigureSpec(
        4, "train", "toon", "vinyl", person, mascot="robot",
        bend=Bend(eyes=(1.55, 1.70, 1.0), apart=0.04, nose=0.35, mouth=1.0, jaw=0.0, face=0.86,
                  skull=1.0, wide=1.12, neck=0.66, head=1.20, ears=0.05, bridge=0.95, curl=0.09),
        hair=HairSpec(None),
        ink=TOON | {"gloss": 0.14, "rough": 0.32, "scatter": 0.0, "rim": 1.0, "texture": 1.0,
                    "iris": 1.45, "pupil": 0.40, "ring": 0.2, "gradient": 0.2, "sparkle": 0.9,
                    "brow_width": 0.05, "brow_taper": 0.2},
        skin_colour=(0.88, 0.91, 0.94),
        eye_colour=(0.25, 0.90, 1.0),
    )  # fmt: skip


def _miso() -> FigureSpec:
    person = PersonSpec(
        "miso",
        "Miso",
        Shape(
            gender=0.1,
            age=0.44,
            targets={
                "mouth/mouth-upperlip-volume-decr": 0.8,
                "mouth/mouth-lowerlip-volume-decr": 0.6,
            },
        ),
        friendly(smile=0.5, brows=0.2) | {"eyeWideLeft": 0.3, "eyeWideRight": 0.3},
        SkinSpec(seed=5, texels=1024),
        hair_colour=(0.85, 0.50, 0.20),
        brow_colour=(0.40, 0.16, 0.05),
        clothes="female_casualsuit01",
        clothes_colour=(0.12, 0.20, 0.45),
        description="A drawn ginger cat with whiskers and a blue jumper.",
    )
    return FigureSpec(
        5, "train", "drawn", "anime", person, mascot="cat",
        bend=Bend(eyes=(1.72, 2.0, 1.0), apart=0.07, raised=-0.03, nose=0.62, mouth=1.12, jaw=0.0,
                  face=0.88, skull=0.95, wide=1.20, neck=0.84, head=1.22, muzzle=0.20, puff=0.06,
                  bridge=0.7, ears=0.1, curl=0.14),
        hair=HairSpec(None),
        lines=LineSpec(1.9, (0.25, 0.11, 0.08), 0.2),
        ink=DRAWN | {"nose_mark": 0.0},
        skin_colour=(0.97, 0.74, 0.48),
        eye_colour=(0.32, 0.68, 0.46),
    )  # fmt: skip


FRAMING: Final = {"ember": (0.48, 0.05), "miso": (0.48, 0.04), "bolt": (0.49, 0.03)}
"""Of those whose ears stand above the head: its share of the frame's height, and how far the
picture is lower."""
_MADE: Final[dict[str, Callable[[], FigureSpec]]] = {
    "juno": _juno, "teo": _teo, "airi": _airi, "ren": _ren, "ember": _ember, "bolt": _bolt,
    "miso": _miso,
}  # fmt: skip


def bundled_figures() -> dict[str, FigureSpec]:
    """The bundled figures by id."""
    return {name: make() for name, make in _MADE.items()}


def make_figure(spec: FigureSpec, assets: RigAssets, marks: Landmarker) -> Figure:
    """The figure of a spec, human or not."""
    figure = (Mascot if spec.mascot else Figure)(spec, assets, marks)
    if spec.ink.get("bare_frames", 0.0):
        figure.parts.pop("lens", None)
    if spec.ink.get("short_hair", 0.0):  # nothing hangs behind: one layer, which cannot gape
        hair = figure.parts["hair"]
        hair.alpha = {"hair_front": np.ones(hair.mesh.size, np.float32)}
    if spec.ink.get("whole_locks", 0.0):
        _part_locks(figure)
    for name in ("jawOpen", "mouthClose"):
        figure.gain_L[LINEAR_NAMES.index(name)] *= spec.ink.get("jaw", 1.0)
    return figure


def figure_scene(figure: Figure) -> Scene:
    """The light and framing of a bundled figure's portrait."""
    head_share, drop = FRAMING.get(figure.figure.person.id, (HEAD_SHARE, 0.0))
    if (
        figure.figure.look == "drawn"
    ):  # the light of a drawing: from the front, a little to one side
        return studio(figure, head_share=head_share, shift=(0.0, drop), key_azimuth=26.0,
                      key_elevation=22.0)  # fmt: skip
    return studio(figure, head_share=head_share, shift=(0.0, drop))


def _part_locks(figure: Figure) -> None:
    """Put every lock wholly before or behind the face: no line of ink is in two layers."""
    hair, pieces = figure.parts["hair"], figure.pieces
    if pieces is None:
        return
    front = hair.alpha["hair_front"]
    share = np.bincount(pieces, front) / np.maximum(np.bincount(pieces), 1)
    ahead = (share > 0.5).astype(np.float32)
    ahead[0] = 1.0  # the cap beneath all locks
    hair.alpha = {"hair_front": ahead[pieces], "hair_back": 1 - ahead[pieces]}
