"""Costumes by chance: hats, hoods and crowns, high collars, beards that hang over the chest.

Pictures that people find are full of them, while the figures of `training.people.draw` have none.
A costume has its own chance, so that the figures without one stay what they were.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.people import hats
from training.people.locks import Shape
from training.people.pictures import Plain, Strands
from training.people.skull import Skull
from training.people.spec import BeardSpec, CollarSpec, Costume, FigureSpec, HatSpec
from training.people.split import seed_of
from training.rig.people import Colour, Painted
from training.rig.person import Part, Person

STREAM: Final = 977
"""Of the seeds: what a costume is drawn from."""
GOLD: Final[Colour] = (0.75, 0.48, 0.10)
SHARES: Final = {"hat": 0.6, "collar": 0.4, "beard": 0.65}
"""How often a costume has each; beards of men alone."""


def _u(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def draw_costume(spec: FigureSpec) -> Costume:
    """A costume for a figure; the same figure always has the same."""
    root = seed_of(spec.split, spec.look, spec.index)
    rng = np.random.default_rng([*root.entropy, STREAM])  # type: ignore[misc]
    man = spec.person.shape.gender >= 0.5
    wants = {name: rng.random() < share for name, share in SHARES.items()}
    hat = _hat(rng) if wants["hat"] and spec.ears == "human" else None
    collar = _collar(rng) if wants["collar"] and (hat is None or hat.kind != "hood") else None
    grey = _u(rng, 0.0, 0.7) if rng.random() < 0.4 else 0.0
    r, g, b = (0.8 * c * (1 - grey) + 0.55 * grey + 0.01 for c in spec.person.hair_colour)
    length = float(np.clip(rng.gamma(2.0, 0.35), 0.05, 2.2))
    hanging = length if wants["beard"] and man else 0.0
    return Costume(hat, collar, hanging, _u(rng, 0.2, 1.0), (r, g, b), int(rng.integers(1 << 20)))


def _colour(rng: np.random.Generator) -> Colour:
    """Linear: greys and dark cloth as often as anything vivid."""
    if rng.random() < 0.45:
        v = _u(rng, 0.01, 1.0) ** 2
        return (v, v * _u(rng, 0.8, 1.0), v * _u(rng, 0.65, 1.0))
    r, g, b = (float(v) ** 2.2 for v in rng.uniform(0.05, 0.95, 3))
    return r, g, b


def _hat(rng: np.random.Generator) -> HatSpec:
    kind = str(rng.choice(["dome", "tower", "crown", "hood"], p=[0.42, 0.16, 0.12, 0.30]))
    front = _u(rng, 44, 68)
    gloss = _u(rng, 0.05, 0.25) if rng.random() < 0.3 else 0.0
    colour, streaks = _colour(rng), _u(rng, 0.0, 0.5) if rng.random() < 0.5 else 0.03
    if kind == "hood":
        return HatSpec(
            kind, _u(rng, 38, 64), _u(rng, 45, 74), _u(rng, 0.08, 0.3), _u(rng, 0.3, 1.3),
            _u(rng, 0.0, 0.9), _u(rng, 0.0, 0.35), _u(rng, 0, 1), 0.0, 0, 0.0, colour, gloss,
            streaks,
        )  # fmt: skip
    if kind == "crown":
        colour = GOLD if rng.random() < 0.5 else colour
        return HatSpec(
            kind, _u(rng, 28, 55), _u(rng, 45, 75), _u(rng, 0.08, 0.2), _u(rng, 0.12, 0.6),
            _u(rng, -0.05, 0.3), 0.0, 0.0, 0.0, int(rng.integers(1, 16)), 0.0, colour,
            _u(rng, 0.1, 0.4), streaks,
        )  # fmt: skip
    corners = int(rng.choice([0, 1, 2, 3], p=[0.35, 0.3, 0.15, 0.2]))
    brim = _u(rng, 0.15, 0.9) if rng.random() < 0.65 else 0.0
    rise = _u(rng, 0.3, 1.3) if kind == "tower" else _u(rng, 0.0, 0.45)
    flare = _u(rng, -0.35, 0.35) if kind == "tower" else max(0.0, float(rng.normal(0, 0.2)))
    turned = _u(rng, 0.3, 1.3) if corners else 0.0
    return HatSpec(
        kind, front, _u(rng, 70, 112), _u(rng, 0.08, 0.22), rise, flare, brim, turned,
        _u(rng, -0.2, 0.4), corners, _u(rng, 0, 6.28), colour, gloss, streaks,
    )  # fmt: skip


def _collar(rng: np.random.Generator) -> CollarSpec:
    kind = str(rng.choice(["stand", "ruff", "scarf"], p=[0.5, 0.28, 0.22]))
    white = rng.random() < 0.45
    v = _u(rng, 0.5, 0.9)
    return CollarSpec(
        kind, gap=_u(rng, 0.02, 0.35), width=_u(rng, 0.15, 0.9), dip=_u(rng, 0.0, 0.5),
        folds=int(rng.integers(6, 26)), colour=(v, v * 0.97, v * 0.9) if white else _colour(rng),
    )  # fmt: skip


def wear(figure: Person, costume: Costume, skull: Skull, anchors: tuple[int, int]) -> None:
    """Put a costume on. `anchors`: base vertices that move with the chin and the chest."""
    if costume.hat is not None:
        _wear_hat(figure, costume.hat, skull)
    if costume.collar is not None:
        shape = hats.collar(neck_ring(figure, skull), skull, costume.collar)
        _add(figure, "collar", shape, anchors[1], Strands(streaks=0.04), "body")
        figure.parts["collar"].colour = costume.collar.colour
    if costume.beard > 0:
        made = hats.hanging_beard(figure, skull, costume.beard, costume.wide, costume.seed)
        if made is not None:
            picture = Strands(streaks=0.35, seed=costume.seed % 6)
            _add(figure, "long_beard", made, anchors[0], picture, "head")
            figure.parts["long_beard"].colour = costume.beard_colour


def short_beard(costume: Costume) -> BeardSpec:
    """What grows on the cheeks above a hanging beard."""
    thick = float(np.clip(0.08 + 0.2 * costume.beard, 0.08, 0.3))
    return BeardSpec("full", thick, 0.95, costume.beard_colour, costume.seed)


def _wear_hat(figure: Person, spec: HatSpec, skull: Skull) -> None:
    hair = figure.parts.get("hair")
    if hair is not None and hair.mesh.offsets_N3 is not None:
        before = hair.mesh.points(figure.base_B3)
        hair.mesh.offsets_N3 += hats.tucked(before, skull, spec) - before
    body = figure.assets.base.obj.groups["body"]
    top = int(body[np.argmax(figure.base_B3[body, 1])])
    picture: Painted = Strands(streaks=spec.streaks) if spec.gloss == 0 else Plain()
    part = _add(figure, "hat", hats.hat(skull, spec), top, picture, "hair_front")
    part.head_weight_N[:] = 1.0
    part.colour = spec.colour
    if spec.gloss > 0:
        part.material = "gloss"
        part.uniforms = {"finish": (spec.gloss, 0.3, 0.0, 0.0)}


def _add(
    figure: Person, name: str, shape: Shape, anchor: int, picture: Painted, layer: str
) -> Part:
    mesh, _ = shape.mesh(figure.base_B3, anchor)
    figure._add(name, mesh, "cloth", picture, alpha={layer: np.ones(mesh.size, np.float32)})
    return figure.parts[name]


def neck_ring(figure: Person, skull: Skull) -> Float32Array:
    """What `hats.collar` lies round, from the skin a little below the chin."""
    skin = figure.parts["skin"]
    points = skin.mesh.points(figure.base_B3)
    level = skull.chin_y - 0.35
    near = (np.abs(points[:, 1] - level) < 0.22) & (skin.head_weight_N < 0.75)
    ring = points[near] if near.sum() > 8 else points[np.abs(points[:, 1] - level) < 0.3]
    middle_z = float(np.median(ring[:, 2]))
    aside = float(np.percentile(np.abs(ring[:, 0]), 70))
    before = float(np.percentile(ring[:, 2], 92)) - middle_z
    behind = middle_z - float(np.percentile(ring[:, 2], 8))
    out = np.zeros((7, 3), np.float32)
    out[0] = (0.0, skull.chin_y - 0.75, middle_z)
    out[1:4, 0] = aside + 0.06, max(before, 0.3) + 0.08, max(behind, 0.3) + 0.08
    return out
