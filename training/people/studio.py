"""Draws figures: one renderer, the assets and the landmarks, for one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import Float32Array, UInt8Array
from training.people.costumes import draw_costume
from training.people.draw import draw_figure
from training.people.figure import Figure
from training.people.outlines import ink
from training.people.points import Landmarker
from training.people.spec import FigureSpec
from training.people.split import Look, Split, seed_of
from training.rig.assets import RigAssets
from training.rig.occlusion import Fineness
from training.rig.person import Deformed
from training.rig.render import Crop, Renderer
from training.rig.scene import Scene
from training.rig.surface import Surface, see

FINENESS: Final = Fineness(16, 192, 1024)
"""For training pictures: a fraction of the work of a bundled character's."""


@dataclass(slots=True)
class Drawn:
    """A straight-alpha picture (size, size, 4) and what is seen at twice its size."""

    rgba: UInt8Array
    seen: Surface


class Studio:
    """Everything that a process needs to draw; a second and a half to set up."""

    def __init__(self, assets: Path | str, size: int = 256, samples: int = 4) -> None:
        self.assets = RigAssets(assets)
        self.marks = Landmarker(self.assets)
        self.size = size
        self.renderer = Renderer(size, samples, FINENESS)

    def figure(self, split: Split, look: Look, index: int, costume: bool = False) -> Figure:
        """The figure of a split's index, in its costume if wanted."""
        spec = draw_figure(split, look, index, texels=512 if self.size <= 288 else 1024)
        if costume:
            spec.costume = draw_costume(spec)
        return Figure(spec, self.assets, self.marks)

    def draw(self, figure: Figure, deformed: Deformed, scene: Scene, layer: str = "") -> Drawn:
        """A picture with its lines, whole or of one layer."""
        seen = see(
            self.renderer, figure, deformed, scene, 2 * self.size, label_values(figure), layer
        )
        rgba = self.renderer.render(figure, deformed, scene, {layer} if layer else None)
        if figure.figure.lines is not None:
            rgba = ink(rgba, figure, seen, figure.figure.lines)
        return Drawn(rgba, seen)

    def cut(
        self, figure: Figure, deformed: Deformed, scene: Scene, crop: Crop | None = None
    ) -> UInt8Array:
        """A picture alone, or a window (x, y, w, h) of one of 512 pixels, with its lines."""
        rgba = self.renderer.render(figure, deformed, scene, crop=crop)
        lines = figure.figure.lines
        if lines is None:
            return rgba
        values = label_values(figure)
        seen = see(self.renderer, figure, deformed, scene, 2 * self.size, values, crop=crop)
        return ink(rgba, figure, seen, lines, None if crop is None else self.size)

    def small(self, figure: Figure, deformed: Deformed, scene: Scene, size: int) -> UInt8Array:
        """A whole picture of another size than the studio's, straight alpha."""
        kept, self.renderer.size, self.size = self.size, size, size
        try:
            return self.cut(figure, deformed, scene)
        finally:
            self.renderer.size = self.size = kept

    def close(self) -> None:
        """Release the graphics context."""
        self.renderer.close()


def label_values(figure: Figure) -> dict[str, Float32Array]:
    """What `training.people.labels` reads at each pixel: of skin lips, lids, inside of the mouth
    and head; of hair how far it is in front; of the eyes the distance from the pupil."""
    skin = figure.parts["skin"]
    regions = figure.regions
    values = {
        "skin": np.stack(
            [regions["lips"], regions["eyelids"], regions["inside-mouth"], skin.head_weight_N], 1
        )
    }
    if "hair" in figure.parts:
        values["hair"] = figure.parts["hair"].alpha["hair_front"][:, None]
    eyes = figure.parts["eyes"].mesh
    values["eyes"] = np.zeros((eyes.size, 1), np.float32)
    uv = np.zeros((eyes.size, 2), np.float32)
    uv[eyes.point_of_V] = eyes.uv_V2
    away = np.minimum(
        np.hypot(uv[:, 0] - 0.293, uv[:, 1] - 0.703), np.hypot(uv[:, 0] - 0.703, uv[:, 1] - 0.297)
    )
    values["eyes"][:, 0] = away
    return {name: v.astype(np.float32) for name, v in values.items()}


def chance(spec: FigureSpec, what: int) -> np.random.Generator:
    """The generator of one thing about a figure's pictures: 1 scene, 2 background, 3 motions."""
    root = seed_of(spec.split, spec.look, spec.index)
    return np.random.default_rng([*root.entropy, 1000 + what])  # type: ignore[misc]
