"""The quality ladder side by side: time of `draw()` at each step, and a sheet to look at.

    python -m training.frames.ladder --package PKG --out DIR CHARACTER ...

Each character (a folder) is drawn under a few motions by every quality, laid on a canvas of 720
rows and enlarged twice around the face. The table has the median and the 95th percentile of
`draw()` along random motions, and of what the painting graphs take of it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.compositor import Compositor
from inference.contract import Float32Array, UInt8Array
from inference.execution_providers import ProviderReport, choose_provider
from inference.frame_generator import QUALITIES, FrameGenerator, clean_motion
from inference.frame_generator_layers import SIZE
from inference.model_package import ModelPackage, load_model_package
from training.evaluate.table import Row, markdown
from training.frames.motions import named_motions, random_motion

cv: Any = cv2
BARS_MS: Final = {"eco": 14.0, "standard": 25.0}
SHOWN: Final = ("rest", "aa", "blink", "yaw 10")
CANVAS: Final = 720
FACE: Final = 380
"""Width and height of what the sheet shows of the canvas, around the windows of eyes and mouth."""


def draw_ms(generator: FrameGenerator, count: int = 60, seed: int = 1) -> list[float]:
    """Milliseconds of `draw()` along random motions, a few of them before not counted."""
    rng = np.random.default_rng(seed)
    motions = [clean_motion(random_motion(rng, pose=True)) for _ in range(20)]
    for motion_D in motions[:3]:
        generator.draw(motion_D)
    spent = []
    for k in range(count):
        start = time.perf_counter()
        generator.draw(motions[k % len(motions)])
        spent.append(1000 * (time.perf_counter() - start))
    return spent


def draw_row(
    package: ModelPackage,
    folder: Path,
    quality: str,
    provider: ProviderReport | str = "cpu",
    threads: int = 2,
    count: int = 60,
) -> Row:
    """Time of one quality."""
    generator = FrameGenerator(package, folder, provider, threads, quality=quality)
    spent = draw_ms(generator, count)
    middle, slow = float(np.median(spent)), float(np.percentile(spent, 95))
    bar = BARS_MS.get(quality) if generator.provider == "cpu" else None
    how = f"{generator.size} px, {generator.precision or 'no network'}, {generator.provider}"
    return Row(
        f"draw, {quality} ({how}), {threads} threads, {generator.character_id}",
        "" if bar is None else f"{bar:.0f} ms",
        f"median {middle:.1f} ms, 95 of 100 under {slow:.1f}",
        None if bar is None else middle <= bar,
        figures={"median": middle, "p95": slow, "count": count},
    )  # fmt: skip


def draw_rows(
    package: ModelPackage, folders: Iterable[Path], provider: ProviderReport, threads: int = 2
) -> list[Row]:
    """Every quality of every character; on a graphics card too, where the provider is one."""
    places: list[ProviderReport | str] = ["cpu"]
    if provider.name != "cpu":
        places.append(provider)
    return [
        draw_row(package, folder, quality, place, threads)
        for folder in folders
        for place in places
        for quality in QUALITIES
    ]


def sheet(package: ModelPackage, folder: Path, motions: dict[str, Float32Array]) -> UInt8Array:
    """Motions from top to bottom, qualities from left to right, RGB."""
    columns = []
    for quality in QUALITIES:
        generator = FrameGenerator(package, folder, threads=1, quality=quality)
        corners = np.array(list(generator.geometry.windows.values())) * (CANVAS / SIZE)
        x, y = (int(v) for v in corners.mean(0) + np.array([50, 40]) - FACE // 2)
        x, y = (min(max(v, 0), CANVAS - FACE) for v in (x, y))
        cells = []
        for label, motion_D in motions.items():
            canvas = Compositor(CANVAS, CANVAS).compose(generator.draw(motion_D))
            cell = cv.resize(
                canvas[y : y + FACE, x : x + FACE], None, fx=2, fy=2, interpolation=cv.INTER_CUBIC
            )
            what = f"{quality} {generator.size} {generator.precision} {label}"
            cv.putText(cell, what, (8, 22), cv.FONT_HERSHEY_SIMPLEX, 0.6, (255,) * 3, 1, cv.LINE_AA)
            cells.append(cell)
        columns.append(np.vstack(cells))
    return np.hstack(columns)


def save_sheets(package: ModelPackage, folders: Sequence[Path], out: Path) -> None:
    """One PNG for each character."""
    named = named_motions()
    motions = {name: named.get(name, np.zeros_like(named["aa"])) for name in SHOWN}
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        picture = sheet(package, folder, motions)
        cv.imwrite(str(out / f"ladder_{folder.name}.png"), cv.cvtColor(picture, cv.COLOR_RGB2BGR))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("characters", type=Path, nargs="+", help="folders of characters")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder for the sheets")
    parser.add_argument("--provider", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    cv.setNumThreads(1)  # as in the engine
    package = load_model_package(arguments.package, "frame")
    provider = choose_provider(arguments.provider)
    print(markdown(draw_rows(package, arguments.characters, provider, arguments.threads)))
    if arguments.out is not None:
        save_sheets(package, arguments.characters, arguments.out)


if __name__ == "__main__":
    main()
