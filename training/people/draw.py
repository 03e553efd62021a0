"""Draws a random figure: the same split, look and index always give the same one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

import numpy as np

from training.people.spec import (
    BeardSpec,
    Bend,
    FigureSpec,
    GlassesSpec,
    HairSpec,
    LineSpec,
)
from training.people.split import LOCK_HAIR, Look, Split, hair_of, seed_of, variants_of
from training.rig import random_people
from training.rig.people import Colour, PersonSpec

T = TypeVar("T")
FRINGES: Final = ("straight", "swept", "parted", "spikes", "none")
LONG: Final = frozenset(("long01", "bob02", "ponytail01", "braid01", "bob", "curtains", "long",
    "waves", "twintails", "hime", "tail", "buns"))  # fmt: skip
"""Styles mostly worn by women; a fifth of the time by anybody."""
ODD_HAIR: Final[tuple[Colour, ...]] = (
    (0.55, 0.12, 0.25), (0.10, 0.25, 0.60), (0.30, 0.12, 0.55), (0.10, 0.45, 0.40),
    (0.75, 0.72, 0.80), (0.70, 0.10, 0.08), (0.80, 0.45, 0.60), (0.85, 0.62, 0.20),
    (0.35, 0.55, 0.25), (0.02, 0.02, 0.04), (0.90, 0.85, 0.78),
)  # fmt: skip
FRAMES: Final[tuple[Colour, ...]] = (
    (0.01, 0.01, 0.012), (0.05, 0.02, 0.01), (0.35, 0.33, 0.30), (0.25, 0.02, 0.03),
    (0.02, 0.05, 0.15), (0.45, 0.36, 0.16),
)  # fmt: skip
FANTASY_SKINS: Final[tuple[Colour, ...]] = (
    (0.62, 0.78, 0.60), (0.60, 0.72, 0.90), (0.78, 0.66, 0.88), (0.88, 0.52, 0.46),
    (0.75, 0.78, 0.80),
)  # fmt: skip
EXTREME: Final[dict[Look, float]] = {"photo": 1.0, "toon": 1.7, "drawn": 0.8}
"""Factor on identity targets: figures go beyond the human range."""


def _pick(rng: np.random.Generator, choices: tuple[T, ...]) -> T:
    return choices[int(rng.integers(len(choices)))]


def _u(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def draw_figure(split: Split, look: Look, index: int, texels: int = 512) -> FigureSpec:
    """One figure; `texels` is the side of its skin's picture."""
    rng = np.random.default_rng(seed_of(split, look, index))
    person = random_people.draw(rng)
    person.id, person.name = f"{split}-{look}-{index:06d}", "Random"
    woman = person.shape.gender < 0.5
    variant = _pick(rng, variants_of(split, look))
    figure = FigureSpec(index, split, look, variant, person)
    figure.hair = _hair(rng, split, look, woman)
    _vary_person(rng, figure, woman, texels)
    if look == "photo":
        return figure
    _stylise(rng, figure, woman)
    return figure


def _hair(rng: np.random.Generator, split: Split, look: Look, woman: bool) -> HairSpec:
    styles = [
        style for style in hair_of(split)
        if split == "test-hair" or (style in LONG) == woman or rng.random() < 0.2
    ]  # fmt: skip
    locks = [s for s in styles if s in LOCK_HAIR]
    meshes = [s for s in styles if s not in LOCK_HAIR]
    share = {"photo": 0.12, "toon": 0.55, "drawn": 0.88}[look]
    pool = locks or meshes
    if locks and meshes and rng.random() > share:
        pool = meshes
    style: str | None = pool[int(rng.integers(len(pool)))]
    bald = 0.02 if woman else 0.12
    if split != "test-hair" and rng.random() < bald * (0.5 if look == "drawn" else 1.0):
        style = None
    volume = (1.1, 2.2) if look == "drawn" else (0.8, 1.5)
    back = None
    if style in LOCK_HAIR and rng.random() < 0.2:
        back = _pick(rng, tuple(s for s in ("crop", "bob", "long", "waves", "spiky")))
    return HairSpec(
        style,
        fringe=_pick(rng, FRINGES[:4] if woman else FRINGES),
        back=back,
        mirror=bool(rng.random() < 0.5),
        volume=_u(rng, 1.0, 1.10) if style not in LOCK_HAIR else _u(rng, *volume),
        length=_u(rng, 0.75, 1.25),
        noise=abs(float(rng.normal(0, 0.015))),
        curl=_u(rng, 0, 1) if rng.random() < 0.35 else 0.0,
        density=_u(rng, 0.85, 1.2) * (1.7 if look == "photo" else 1.0),
        seed=int(rng.integers(1 << 30)),
    )


def _vary_person(rng: np.random.Generator, figure: FigureSpec, woman: bool, texels: int) -> None:
    person = figure.person
    skin: dict[str, Any] = {"texels": texels, "seed": int(rng.integers(1 << 20))}
    if figure.hair.style is not None:
        skin["buzz"] = 0.0
    elif woman:
        skin["buzz"] = _u(rng, 0.0, 0.4)
    person.skin = replace(person.skin, **skin)
    factor = EXTREME[figure.look]
    for name in person.shape.targets:
        if factor > 1 or not name.startswith(("eyes", "mouth", "eyebrows")):
            person.shape.targets[name] *= factor
    if rng.random() < 0.12:
        person.hair_colour = _pick(rng, ODD_HAIR)
    for name, spread in _MICRO.items():  # nobody's rest is quite neutral
        value = float(rng.normal(0, spread))
        person.rest[name] = person.rest.get(name, 0.0) + value
    if not woman and person.shape.age > 0.44 and rng.random() < 0.22:
        shape = _pick(rng, ("full", "goatee", "moustache", "chin", "full"))
        short = rng.random() < 0.6
        figure.beard = BeardSpec(
            shape,
            length=_u(rng, 0.03, 0.07) if short else _u(rng, 0.08, 0.30),
            density=_u(rng, 0.65, 0.95),
            colour=tuple(min(1.0, 0.8 * c + 0.015) for c in person.hair_colour),  # type: ignore[arg-type]
            seed=int(rng.integers(1 << 20)),
        )
        if figure.look == "photo":
            person.skin = replace(person.skin, stubble=_u(rng, 0.3, 0.7))
    if rng.random() < 0.22:
        figure.glasses = _glasses(rng)


_MICRO: Final = {
    "mouthSmileLeft": 0.06, "mouthSmileRight": 0.06, "browInnerUp": 0.10, "browDownLeft": 0.08,
    "browDownRight": 0.08, "browOuterUpLeft": 0.08, "browOuterUpRight": 0.08, "noseSneerLeft": 0.04,
    "mouthPressLeft": 0.05, "mouthPressRight": 0.05, "mouthLeft": 0.04, "cheekPuff": 0.04,
    "mouthShrugLower": 0.05, "jawForward": 0.10, "jawLeft": 0.05, "eyeSquintLeft": 0.05,
    "eyeSquintRight": 0.05,
}  # fmt: skip
"""Spread of small expressions and asymmetries that belong to a resting face."""


def _glasses(rng: np.random.Generator) -> GlassesSpec:
    dark = _pick(rng, FRAMES)
    wire = rng.random() < 0.4
    return GlassesSpec(
        width=_u(rng, 0.70, 0.86),
        height=_u(rng, 0.46, 0.72),
        squareness=_u(rng, 2.0, 5.0),
        thickness=_u(rng, 0.008, 0.013) if wire else _u(rng, 0.016, 0.030),
        drop=_u(rng, 0.02, 0.12),
        colour=dark,
        gloss=_u(rng, 0.02, 0.10),
        tint=_u(rng, 0.6, 0.85) if rng.random() < 0.06 else _u(rng, 0.0, 0.08),
    )


# --- figures ------------------------------------------------------------------------------------


def _stylise(rng: np.random.Generator, figure: FigureSpec, woman: bool) -> None:
    drawn = figure.look == "drawn"
    figure.bend = _bend(rng, drawn, woman)
    if drawn:  # wide open
        wide = _u(rng, 0.1, 0.5)
        figure.person.rest |= {"eyeWideLeft": wide, "eyeWideRight": wide}
    figure.skin_colour = _skin_colour(rng, figure.person)
    r, g, b = figure.skin_colour
    figure.lip_colour = (min(1, r * 0.98), g * _u(rng, 0.55, 0.85), b * _u(rng, 0.6, 0.9))
    hue = _pick(rng, ODD_HAIR) if rng.random() < 0.6 else (0.18, 0.09, 0.04)
    figure.eye_colour = tuple(min(0.95, max(0.08, c ** (1 / 2.2) * _u(rng, 0.8, 1.1))) for c in hue)
    person = figure.person
    if rng.random() < (0.6 if drawn else 0.25):
        person.hair_colour = _pick(rng, ODD_HAIR)
    else:
        person.hair_colour = tuple(
            min(1.0, c * (3.0 if drawn else 1.8) + 0.008) for c in person.hair_colour
        )  # type: ignore[assignment]
    dark: Colour = tuple(c * 0.45 for c in person.hair_colour)  # type: ignore[assignment]
    person.brow_colour = dark
    if figure.beard is not None:
        red, green, blue = person.hair_colour
        figure.beard = replace(figure.beard, colour=(red * 0.8, green * 0.8, blue * 0.8))
    if rng.random() < (0.3 if drawn else 0.08):
        figure.tip_colour = _pick(rng, ODD_HAIR)
    if rng.random() < (0.14 if drawn else 0.05):
        figure.ears = "cat" if rng.random() < 0.7 else "horns"
    if figure.person.clothes_colour is not None:
        vivid = np.clip(np.array(figure.person.clothes_colour) * 1.3, 0.01, 0.8)
        figure.person.clothes_colour = tuple(float(c) for c in vivid)  # type: ignore[assignment]
    figure.ink = _drawn_ink(rng, figure.variant) if drawn else _toon_ink(rng, figure.variant)
    figure.ink |= _face_ink(rng, drawn, woman, figure.person)
    if drawn or figure.variant == "cel":
        figure.lines = _lines(rng, figure)


def _bend(rng: np.random.Generator, drawn: bool, woman: bool) -> Bend:
    if drawn:
        tall = _u(rng, 1.75, 2.3) if rng.random() < 0.88 else _u(rng, 1.1, 1.6)
        return Bend(
            eyes=(1 + (tall - 1) * _u(rng, 0.55, 0.8), tall, _u(rng, 0.95, 1.1)),
            apart=_u(rng, 0.02, 0.07),
            raised=_u(rng, -0.06, 0.02),
            nose=_u(rng, 0.42, 0.7),
            mouth=_u(rng, 0.68, 0.95),
            jaw=_u(rng, 0.10, 0.34),
            face=_u(rng, 0.78, 0.95),
            skull=_u(rng, 0.90, 1.08),
            wide=_u(rng, 1.02, 1.14),
            neck=_u(rng, 0.62, 0.82) if woman else _u(rng, 0.7, 0.95),
            head=_u(rng, 1.05, 1.30),
        )
    if rng.random() < 0.25:  # a caricature: anything goes
        return Bend(
            eyes=(_u(rng, 0.85, 1.4), _u(rng, 0.85, 1.5), 1.0),
            nose=_u(rng, 0.7, 1.6),
            mouth=_u(rng, 0.75, 1.35),
            jaw=_u(rng, -0.30, 0.30),
            face=_u(rng, 0.82, 1.25),
            skull=_u(rng, 0.85, 1.25),
            wide=_u(rng, 0.88, 1.15),
            neck=_u(rng, 0.6, 1.25),
            head=_u(rng, 0.95, 1.25),
        )
    tall = _u(rng, 1.3, 1.8)
    return Bend(
        eyes=(1 + (tall - 1) * 0.8, tall, 1.05),
        apart=_u(rng, 0.0, 0.03),
        nose=_u(rng, 0.62, 0.95),
        mouth=_u(rng, 0.85, 1.1),
        jaw=_u(rng, 0.0, 0.18),
        face=_u(rng, 0.90, 1.0),
        skull=_u(rng, 1.0, 1.15),
        wide=_u(rng, 1.0, 1.08),
        neck=_u(rng, 0.65, 0.85) if woman else _u(rng, 0.75, 1.0),
        head=_u(rng, 1.08, 1.30),
    )


def _skin_colour(rng: np.random.Generator, person: PersonSpec) -> Colour:
    """sRGB: human tones by origin, in one of twenty a colour of fantasy."""
    if rng.random() < 0.05:
        return _pick(rng, FANTASY_SKINS)
    african = person.shape.origins.get("african", 0.0)
    depth = float(np.clip(african * 0.9 + rng.normal(0.08, 0.12), 0, 1))
    light, dark = np.array([0.98, 0.82, 0.72]), np.array([0.42, 0.27, 0.21])
    tone = light + (dark - light) * depth + rng.normal(0, 0.012, 3)
    r, g, b = (float(c) for c in np.clip(tone, 0.15, 1.0))
    return r, g, b


def _drawn_ink(rng: np.random.Generator, variant: str) -> dict[str, float]:
    soft = {"anime": 0.02, "soft": 0.28, "flat": 0.02, "ink": 0.01}[variant]
    return {
        "edge": -3.0 if variant == "flat" else _u(rng, -0.10, 0.22), "softness": soft,
        "steps": _u(rng, 0.0, 0.5), "cast": 0.0 if variant == "flat" else 1.0,
        "gloss": 0.0, "rough": 0.5, "rim": _u(rng, 0, 0.5) if rng.random() < 0.4 else 0.0,
        "texture": _u(rng, 0.0, 0.35), "shade": _u(rng, 0.7, 1.6), "scatter": 0.0,
        "streaks": _u(rng, 0.0, 0.10), "band": _u(rng, 0.2, 0.8) if rng.random() < 0.6 else 0.0,
        "hair_gloss": 0.0,
    }  # fmt: skip


def _toon_ink(rng: np.random.Generator, variant: str) -> dict[str, float]:
    steps = 1.0 if variant == "cel" else 0.0
    gloss = {"film": 0.035, "clay": 0.008, "cel": 0.0, "vinyl": 0.16}[variant]
    return {
        "edge": _u(rng, -0.05, 0.20), "softness": _u(rng, 0.55, 0.85), "steps": steps,
        "cast": _u(rng, 0.6, 1.0), "gloss": gloss * _u(rng, 0.7, 1.4), "rough": _u(rng, 0.30, 0.5),
        "rim": _u(rng, 0.2, 1.2), "texture": _u(rng, 0.4, 1.0), "shade": 1.0,
        "scatter": 0.0 if variant == "clay" else _u(rng, 0.4, 1.1), "streaks": _u(rng, 0.12, 0.30),
        "band": 0.0, "hair_gloss": _u(rng, 0.02, 0.07),
    }  # fmt: skip


def _face_ink(
    rng: np.random.Generator, drawn: bool, woman: bool, person: PersonSpec
) -> dict[str, float]:
    made_up = woman and rng.random() < 0.4
    return {
        "red_lips": _u(rng, 0.5, 0.9) if made_up else _u(rng, 0.0 if drawn else 0.25, 0.45),
        "blush": _u(rng, 0.0, 0.55), "lids": _u(rng, 0.2, 0.6) if made_up else 0.0,
        "freckles": _u(rng, 0.3, 0.9) if rng.random() < 0.12 else 0.0,
        "stubble": _u(rng, 0.1, 0.3) if not woman and rng.random() < 0.3 else 0.0,
        "mouth_line": _u(rng, 0.75, 1.0) if drawn else _u(rng, 0.0, 0.4),
        "nose_mark": _u(rng, 0.5, 0.9) if drawn else 0.0,
        "nose_red": _u(rng, 0, 0.3), "mouth_width": _u(rng, 0.010, 0.020),
        "mottle": 0.0 if drawn else _u(rng, 0, 0.012),
        "iris": _u(rng, 1.15, 1.50) if drawn else _u(rng, 1.1, 1.4), "pupil": _u(rng, 0.32, 0.55),
        "ring": _u(rng, 0.3, 0.75), "fibres": 0.0 if drawn else _u(rng, 0.05, 0.14),
        "gradient": _u(rng, 0.25, 0.75), "sparkle": 1.0 if drawn else _u(rng, 0.0, 0.5),
        "lights": float(rng.integers(4)), "thick_brows": 1.0,
        "brow_width": _u(rng, 0.022, 0.05) if woman else _u(rng, 0.035, 0.075),
        "brow_taper": _u(rng, 0.4, 0.95), "brow_arch": _u(rng, 0.0, 0.04),
        "brow_raised": _u(rng, 0.0, 0.06),
        "lash": _u(rng, 0.020, 0.042) * (1.25 if woman else 0.85),
        "wing": _u(rng, 0.01, 0.06) if woman else _u(rng, 0.0, 0.02),
        "lower_lash": _u(rng, 0.006, 0.014),
    }  # fmt: skip


def _lines(rng: np.random.Generator, figure: FigureSpec) -> LineSpec:
    if figure.variant == "ink":
        return LineSpec(_u(rng, 2.6, 3.6), (0.02, 0.02, 0.03), 0.0)
    if figure.look == "toon":
        return LineSpec(_u(rng, 0.8, 1.6), (0.10, 0.06, 0.06), 0.35)
    tone = _pick(
        rng, ((0.10, 0.06, 0.07), (0.25, 0.12, 0.10), (0.12, 0.10, 0.25), (0.03, 0.03, 0.04))
    )
    return LineSpec(_u(rng, 1.4, 2.8), tone, _u(rng, 0.0, 0.45))
