"""How fast the rig draws here: medians in milliseconds, of the clock and of the processor.

The processor's time (all threads of llvmpipe) hardly changes when other programs run.

python -m training.rig.speed --assets DIR [--person lena] [--size 512] [--samples 4]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.rig.assets import RigAssets
from training.rig.motions import motion
from training.rig.people import cast
from training.rig.person import Person
from training.rig.render import Renderer
from training.rig.scene import studio


def median_ms(run: Callable[[int], object], times: int) -> dict[str, float]:
    """Median milliseconds of `run(i)`: `wall`, and `cpu` of all threads."""
    wall, cpu = [], []
    for i in range(times):
        start, worked = time.perf_counter(), time.process_time()
        run(i)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - worked)
    found = {"wall": wall, "cpu": cpu}
    return {name: round(float(np.median(taken)) * 1e3, 1) for name, taken in found.items()}


def measure(renderer: Renderer, person: Person, times: int) -> dict[str, dict[str, float]]:
    """Milliseconds of what training does most; new motions upload and draw a shadow map."""
    scene = studio(person)
    rest = person.deform(motion())
    renderer.render(person, rest, scene)
    moves = [motion(jawOpen=0.01 * i, mouthSmileBoth=0.2, headYaw=0.002 * i) for i in range(times)]
    deformed = [person.deform(move) for move in moves]

    def crop(i: int, box: tuple[int, int, int, int]) -> object:
        return renderer.render(person, deformed[i], scene, crop=box)

    return {
        "deform": median_ms(lambda i: person.deform(moves[i]), times),
        "full frame, new motion": median_ms(
            lambda i: renderer.render(person, deformed[i], scene), times
        ),
        "mouth crop 160x160, new motion": median_ms(lambda i: crop(i, (176, 230, 160, 160)), times),
        "eye crop 96x64, new motion": median_ms(lambda i: crop(i, (180, 180, 96, 64)), times),
        "eye crop 96x64, same motion": median_ms(
            lambda i: renderer.render(person, rest, scene, crop=(180, 180, 96, 64)), times
        ),
        "head layer": median_ms(
            lambda i: renderer.render(person, rest, scene, layers={"head"}), times
        ),
        "attributes 128x128": median_ms(
            lambda i: renderer.attributes(person, rest, rest.points, scene, size=128), times
        ),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--person", default="lena")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--times", type=int, default=12)
    given = parser.parse_args()
    renderer = Renderer(given.size, given.samples)
    assets = RigAssets(given.assets)
    person = Person(cast()[given.person], assets)
    report = {"renderer": renderer.card, **measure(renderer, person, given.times)}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
