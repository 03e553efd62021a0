"""Contact sheets of characters as users see them: 24 motions, drawn by the real frame generator.

    python -m training.frames.cast_sheet --package assets/models/frame-first-light \
        --characters assets/characters --out SHEETS [--only juno bolt] [--bare]

`--bare` draws without the paint networks and without relighting: what geometry alone does.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from inference.character import load_character
from inference.contract import UInt8Array
from inference.frame_generator import FrameGenerator
from training.rig.motions import SAMPLES, motion
from training.rig.sheet import on_background, sheet


def pictures_of(generator: FrameGenerator) -> dict[str, UInt8Array]:
    """One frame (512, 512, 3) of each sample motion, before a soft background."""
    return {
        name: on_background(generator.draw(motion(**values)).copy())
        for name, values in SAMPLES.items()
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--characters", type=Path, required=True, help="folder of characters")
    parser.add_argument("--out", type=Path, required=True, help="folder of sheets")
    parser.add_argument("--only", nargs="*", default=None, help="ids")
    parser.add_argument("--bare", action="store_true", help="the warp alone")
    parser.add_argument("--side", type=int, default=288, help="pixels of one picture")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    names = given.only or sorted(p.parent.name for p in given.characters.glob("*/character.json"))
    for name in names:
        character = load_character(given.characters / name)
        painted = not given.bare
        generator = FrameGenerator(given.package, character, "cpu", 1, painted, painted)
        pictures = pictures_of(generator)
        face = {k: np.ascontiguousarray(p[20:404, 64:448]) for k, p in pictures.items()}
        sheet(face, 6, given.side).save(given.out / f"{name}.png")
        print(name, flush=True)


if __name__ == "__main__":
    main()
