"""Writes the bundled figures: pictures, geometry, manifests of toon, drawn and mascot characters.

    python -m training.frames.cast --assets ASSETS --out assets/characters [--only juno bolt]

The photographic characters come from `training.rig.export_cast` and `training.frames.geometry`.
These carry a bank of eyes besides, so nothing of them is painted by networks that learnt on
photographs; they need no references.
"""

from __future__ import annotations

import argparse
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from inference.contract import MOTION_INDEX, UInt8Array
from training.frames.drawn_mouth import drawn_mouth
from training.frames.eye_bank import eye_arrays
from training.frames.geometry import geometry_arrays
from training.frames.tight import tight_file, tight_png
from training.people.cast import bundled_figures, figure_scene, make_figure
from training.people.figure import Figure
from training.people.outlines import ink
from training.people.points import Landmarker
from training.people.spec import FigureSpec
from training.rig.assets import RigAssets
from training.rig.character_files import BUNDLED, add_files, write_licences
from training.rig.export_cast import thumbnail
from training.rig.motions import motion
from training.rig.person import Deformed, Person
from training.rig.render import Crop, Renderer
from training.rig.scene import Scene
from training.rig.surface import see

_JAW: Final = MOTION_INDEX["jawOpen"]
STYLES: Final = {"toon": "toon-shaded", "drawn": "drawn"}
"""`style` in `character.json`, by look."""


class InkRenderer(Renderer):
    """A renderer that also draws a figure's lines, in every layer and window."""

    def render(
        self,
        person: Person,
        deformed: Deformed,
        scene: Scene,
        layers: AbstractSet[str] | None = None,
        crop: Crop | None = None,
    ) -> UInt8Array:
        """As the rig's; at most one layer of a figure with lines.

        The line between closed lips is left out of layers with the mouth open: there it belongs
        to the upper lip alone, which brings it along.
        """
        seam = person.parts.get("seam")
        if seam is not None and layers and deformed.motion_D[_JAW] > 0:
            kept, seam.alpha = seam.alpha, {}
            try:
                return self._lined(person, deformed, scene, layers, crop)
            finally:
                seam.alpha = kept
        return self._lined(person, deformed, scene, layers, crop)

    def _lined(
        self,
        person: Person,
        deformed: Deformed,
        scene: Scene,
        layers: AbstractSet[str] | None,
        crop: Crop | None,
    ) -> UInt8Array:
        drawn = super().render(person, deformed, scene, layers, crop)
        if not isinstance(person, Figure) or person.figure.lines is None:
            return drawn
        layer = next(iter(layers)) if layers else ""
        seen = see(self, person, deformed, scene, 2 * self.size, None, layer, crop, fading=False)
        return ink(drawn, person, seen, person.figure.lines, self.size)


def sources(figure: Figure) -> list[dict[str, str]]:
    """The free assets a figure is made of, with licence and hash; its pictures are painted."""
    spec, look = figure.spec, figure.figure.look
    wanted = ["eyes/high-poly/", f"teeth/{spec.teeth}/", "tongue/tongue01/"]
    wanted += [f"clothes/{spec.clothes}/"]
    if look != "drawn":
        wanted += ["teeth/materials/"]
    if look != "drawn" and "lashes" in figure.parts:
        wanted += [f"eyelashes/{spec.lashes}/"]
    if spec.hair:
        wanted += [f"hair/{spec.hair}/"]
    return [
        {"file": name, "licence": entry["licence"], "sha256": entry["sha256"]}
        for name, entry in figure.assets.manifest.items()
        if name.startswith(tuple(wanted))
    ]


def export(figure: Figure, renderer: Renderer, folder: Path) -> int:
    """Write one character; returns its bytes."""
    spec, scene = figure.spec, figure_scene(figure)
    portrait = renderer.render(figure, figure.deform(motion()), scene)
    arrays = geometry_arrays(renderer, figure, scene) | eye_arrays(renderer, figure, scene)
    if figure.figure.look == "drawn":
        arrays = drawn_mouth(arrays, figure, scene, portrait)
    files = {
        "portrait.png": tight_png(portrait),
        "thumbnail.png": tight_png(thumbnail(portrait)),
        "geometry.npz": tight_file(arrays),
    }
    add_files(
        folder,
        files,
        **BUNDLED,
        id=spec.id,
        name=spec.name,
        style=STYLES[figure.figure.look],
        description=spec.description,
        references=[],
        sources=sources(figure),
        geometry="geometry.npz",
    )
    return sum(len(content) for content in files.values())


def licence_table(specs: list[FigureSpec]) -> str:
    """The part of LICENCES.md on figures."""
    lines = [
        "",
        "Drawn by `training.people` and written by `training.frames.cast`; Apache-2.0, like the",
        "others, and nobody real. Skins, coats, irises, strands, brows, ears, tufts, housings and",
        "spectacles are made by code. From outside come only the CC0 meshes and blendshapes above",
        "(head, eyes, teeth, tongue, lashes) and the clothes; `sources` lists each with its hash.",
        "",
        "| character | look | what | hair | clothes |",
        "| --- | --- | --- | --- | --- |",
    ]
    for spec in specs:
        person = spec.person
        hair = spec.hair.style or "none"
        what = spec.mascot or "human"
        look = STYLES[spec.look]
        lines.append(f"| {person.name} | {look} | {what} | {hair} | {person.clothes} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--out", type=Path, required=True, help="folder of characters")
    parser.add_argument("--only", nargs="*", default=None, help="ids")
    given = parser.parse_args()
    assets, renderer = RigAssets(given.assets), InkRenderer(512, 4)
    marks = Landmarker(assets)
    for name, spec in bundled_figures().items():
        if given.only is None or name in given.only:
            figure = make_figure(spec, assets, marks)
            size = export(figure, renderer, given.out / name)
            print(f"{name}: {size / 1e6:.2f} MB", flush=True)
    write_licences(given.out, figures=licence_table(list(bundled_figures().values())))


if __name__ == "__main__":
    main()
