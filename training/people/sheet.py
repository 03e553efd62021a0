"""Contact sheets to look at: many figures of a look, or one under 24 motions.

python -m training.people.sheet --assets DIR --look drawn --count 48 --out drawn.png
python -m training.people.sheet --assets DIR --look toon --motions 7 --out motions.png
python -m training.people.sheet --assets DIR --look drawn --labels 3 --out labels.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from inference.contract import MOTION_SIZE, UInt8Array
from training.people.backgrounds import background
from training.people.camera import compose, draw_grade
from training.people.scenes import draw_scene
from training.people.split import LOOKS, SPLITS, Look, Split
from training.people.studio import Studio, chance
from training.rig.motions import SAMPLES, motion
from training.rig.sheet import sheet


def portrait(studio: Studio, split: Split, look: Look, index: int) -> UInt8Array:
    """One figure at rest in its light, before its background."""
    figure = studio.figure(split, look, index)
    rng = chance(figure.figure, 1)
    scene = draw_scene(figure, figure.figure, rng)
    drawn = studio.draw(figure, figure.deform(np.zeros(MOTION_SIZE, np.float32)), scene)
    behind = background(figure.figure, chance(figure.figure, 2), studio.size)
    return compose(drawn.rgba, behind, draw_grade(figure.figure, rng))


def under_motions(studio: Studio, split: Split, look: Look, index: int) -> dict[str, UInt8Array]:
    """One figure under the 24 sample motions."""
    figure = studio.figure(split, look, index)
    rng = chance(figure.figure, 1)
    scene = draw_scene(figure, figure.figure, rng)
    behind = background(figure.figure, chance(figure.figure, 2), studio.size)
    grade = draw_grade(figure.figure, rng)
    return {
        name: compose(
            studio.draw(figure, figure.deform(motion(**values)), scene).rgba, behind, grade
        )
        for name, values in SAMPLES.items()
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Contact sheets of random figures.")
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--look", choices=LOOKS, required=True)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--motions", type=int, help="index of one figure to see 24 motions of")
    parser.add_argument("--size", type=int, default=256, help="rendered pixels")
    parser.add_argument("--side", type=int, default=192, help="pixels of one picture in the sheet")
    parser.add_argument("--columns", type=int, default=8)
    given = parser.parse_args()
    studio = Studio(given.assets, given.size)
    if given.motions is not None:
        pictures = under_motions(studio, given.split, given.look, given.motions)
    else:
        pictures = {
            str(index): portrait(studio, given.split, given.look, index)
            for index in range(given.first, given.first + given.count)
        }
    sheet(pictures, given.columns, given.side).save(given.out)


if __name__ == "__main__":
    main()
