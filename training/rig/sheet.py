"""Contact sheets to look at: the cast, or one person under 24 motions.

python -m training.rig.sheet --assets DIR --out people.png
python -m training.rig.sheet --assets DIR --out motions.png --person lena [--closer]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from inference.contract import UInt8Array
from training.rig.assets import RigAssets
from training.rig.motions import SAMPLES, motion
from training.rig.people import PersonSpec, cast, random_person
from training.rig.person import Person
from training.rig.render import Crop, Renderer
from training.rig.scene import studio

CLOSER: Crop = (156, 132, 200, 200)


def on_background(rgba: UInt8Array, centre: float = 0.80, edge: float = 0.55) -> UInt8Array:
    """Lay a picture over a soft grey-blue gradient; returns RGB."""
    height, width = rgba.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.hypot(x / width - 0.5, y / height - 0.45)
    shade = centre + (edge - centre) * np.clip(away / 0.75, 0, 1)
    back = 255 * shade[..., None] * np.array([0.97, 0.985, 1.0], np.float32)
    alpha = rgba[..., 3:] / np.float32(255)
    return np.rint(rgba[..., :3] * alpha + back * (1 - alpha)).astype(np.uint8)


def sheet(pictures: dict[str, UInt8Array], columns: int, side: int) -> Image.Image:
    """Labelled pictures (RGB) in rows."""
    rows = -(-len(pictures) // columns)
    out = Image.new("RGB", (columns * side, rows * side), (20, 20, 20))
    draw = ImageDraw.Draw(out)
    for k, (label, pixels) in enumerate(pictures.items()):
        at = (k % columns * side, k // columns * side)
        picture = Image.fromarray(pixels)
        out.paste(picture.resize((side, side), Image.Resampling.LANCZOS), at)
        draw.text((at[0] + 6, at[1] + 5), label, fill=(30, 30, 40))
    return out


def draw_people(
    renderer: Renderer, assets: RigAssets, specs: list[PersonSpec], crop: Crop | None
) -> dict[str, UInt8Array]:
    """One picture at rest of each person."""
    pictures = {}
    for spec in specs:
        person = Person(spec, assets)
        rgba = renderer.render(person, person.deform(motion()), studio(person), crop=crop)
        pictures[spec.name if spec.name != "Random" else spec.id] = on_background(rgba)
    return pictures


def draw_motions(
    renderer: Renderer, assets: RigAssets, spec: PersonSpec, crop: Crop | None
) -> dict[str, UInt8Array]:
    """One picture of each sample motion."""
    person = Person(spec, assets)
    scene = studio(person)
    return {
        name: on_background(
            renderer.render(person, person.deform(motion(**values)), scene, crop=crop)
        )
        for name, values in SAMPLES.items()
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--person", help="id of one bundled character: draw the motions")
    parser.add_argument("--random", type=int, default=0, help="draw this many random people")
    parser.add_argument("--closer", action="store_true", help="the face only")
    parser.add_argument("--side", type=int, default=320)
    given = parser.parse_args()
    assets = RigAssets(given.assets)
    crop = CLOSER if given.closer else None
    renderer = Renderer(1024 if given.closer else 512)
    if given.person:
        pictures = draw_motions(renderer, assets, cast()[given.person], crop)
    elif given.random:
        rng = np.random.default_rng(1)
        pictures = draw_people(
            renderer, assets, [random_person(rng) for _ in range(given.random)], crop
        )
    else:
        pictures = draw_people(renderer, assets, list(cast().values()), crop)
    sheet(pictures, 6 if given.person else 4, given.side).save(given.out)


if __name__ == "__main__":
    main()
