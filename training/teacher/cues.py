"""Winks: one eye shut on purpose. The other cues are acted where their movements live.

A cue begins within 0.1 s and shows within 0.4 s: nods and shakes in `head`, looks away in `gaze`,
raised brows in `brows`, smiles in `smiles`. A wink lasts longer than a blink (0.3 to 0.6 s against
0.2 s), and the cheek and the corner of the mouth on its side help (FACS, action unit 46).
"""

from __future__ import annotations

from typing import Final

from training.teacher.scene import Canvas, Scene
from training.teacher.shapes import Rng, raise_to

_DELAY: Final = 0.02


def wink(canvas: Canvas, scene: Scene, rng: Rng) -> None:
    """Add every wink that is asked for, mostly with the person's own eye."""
    usual = "Left" if scene.person.look_side >= 0 else "Right"
    for time, _ in scene.cues("wink"):
        other = "Right" if usual == "Left" else "Left"
        side, rest = (usual, other) if rng.uniform() < 0.8 else (other, usual)
        start, hold = time + _DELAY, float(rng.uniform(0.14, 0.26))
        raise_to(canvas[f"blink{side}"], start, 0.13, hold, 0.2, 1.15)
        raise_to(canvas[f"blink{rest}"], start, 0.16, hold, 0.22, float(rng.uniform(0.04, 0.14)))
        raise_to(
            canvas[f"smile{side}"], start, 0.22, hold + 0.25, 0.5, float(rng.uniform(0.25, 0.4))
        )
        raise_to(
            canvas["cheekSquint"], start, 0.18, hold + 0.1, 0.35, float(rng.uniform(0.25, 0.4))
        )
        raise_to(canvas[f"browDown{side}"], start, 0.15, hold, 0.25, float(rng.uniform(0.1, 0.2)))
