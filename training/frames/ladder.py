"""The quality ladder side by side: time of `draw()` at each step, and a sheet to look at.

    python -m training.frames.ladder --package PKG --out DIR CHARACTER ...

Each character (a folder) is drawn under a few motions by every quality, laid on a canvas of 720
rows and enlarged twice around the face. The table has the median and the 95th percentile of
`draw()` along random motions, of every graph alone (inputs and outputs carried over and back), and
of the reference convolution, by which machines compare. Where a graphics card can be used, all of
it on both, and how far its frames are from the processor's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.compositor import Compositor
from inference.contract import Float32Array, UInt8Array
from inference.execution_providers import ProviderReport, choose_provider, time_reference
from inference.frame_generator import QUALITIES, FrameGenerator, clean_motion
from inference.frame_generator_layers import SIZE
from inference.frame_generator_paint import Painter
from inference.model_package import ModelPackage, load_model_package
from training.evaluate.table import Row, markdown
from training.frames.motions import named_motions, random_motion

cv: Any = cv2
BARS_MS: Final = {"eco": 14.0, "standard": 25.0}
ALIKE: Final = 6
"""Largest difference that a graphics card may make: it computes with fewer digits (TF32)."""
SHOWN: Final = ("rest", "aa", "blink", "yaw 10")
COUNT: Final = 60
"""Frames that are timed."""
CANVAS: Final = 720
FACE: Final = 380
"""Width and height of what the sheet shows of the canvas, around the windows of eyes and mouth."""


def draw_ms(generator: FrameGenerator, count: int, seed: int = 1) -> list[float]:
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
    count: int | None = None,
) -> Row:
    """Time of one quality."""
    generator = FrameGenerator(package, folder, provider, threads, quality=quality)
    spent = draw_ms(generator, count or COUNT)
    middle, slow = float(np.median(spent)), float(np.percentile(spent, 95))
    bar = BARS_MS.get(quality) if generator.provider == "cpu" else None
    how = f"{generator.size} px, {generator.precision or 'no network'}, {generator.provider}"
    return Row(
        f"draw, {quality} ({how}), {threads} threads, {generator.character_id}",
        "" if bar is None else f"{bar:.0f} ms",
        f"median {middle:.1f} ms, 95 of 100 under {slow:.1f}",
        None if bar is None else middle <= bar,
        figures={"median": middle, "p95": slow, "count": len(spent)},
    )  # fmt: skip


def graph_rows(
    package: ModelPackage,
    folder: Path,
    provider: ProviderReport | str,
    threads: int = 2,
    count: int | None = None,
) -> Iterator[Row]:
    """Time of every graph that `standard` runs for a frame, one after the other."""
    generator = FrameGenerator(package, folder, provider, threads)
    rng = np.random.default_rng(2)
    spent: dict[str, list[float]] = {}
    for _ in range((count or COUNT) + 3):
        motion_D = clean_motion(random_motion(rng, pose=True))
        jobs: dict[str, Callable[[], object]] = {}
        if isinstance(generator.painter, Painter):
            jobs |= zip(("mouth", "eyes"), generator.painter.jobs(motion_D), strict=False)
        if generator.relighter is not None:
            jobs["light"] = generator.relighter.job(generator.placed(motion_D), motion_D)
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            spent.setdefault(name, []).append(1000 * (time.perf_counter() - start))
    for name, times in spent.items():
        middle = float(np.median(times[3:]))
        yield Row(
            f"graph {name} ({generator.provider}), {folder.name}", "", f"median {middle:.2f} ms",
            None, figures={"median": middle},
        )  # fmt: skip


def likeness_row(package: ModelPackage, folder: Path, provider: ProviderReport | str) -> Row:
    """Frames of `standard` as a provider draws them beside those of the processor."""
    generators = [FrameGenerator(package, folder, place) for place in ("cpu", provider)]
    rng = np.random.default_rng(3)
    largest = []
    for _ in range(10):
        motion_D = random_motion(rng, pose=True)
        one, other = (generator.draw(motion_D).astype(int) for generator in generators)
        largest.append(int(np.abs(one - other)[one[..., 3] > 0].max()))
    return Row(
        f"frames, {generators[1].provider} beside cpu, {folder.name}", f"{ALIKE} of 255",
        f"largest difference {max(largest)} of 255 ({len(largest)} frames)",
        max(largest) <= ALIKE, figures={"largest": largest},
    )  # fmt: skip


def draw_rows(
    package: ModelPackage, folders: Iterable[Path], provider: ProviderReport, threads: int = 2
) -> list[Row]:
    """Every quality of every character; on a graphics card too, where the provider is one."""
    return [
        draw_row(package, folder, quality, place, threads)
        for folder in folders
        for place in _places(provider)
        for quality in QUALITIES
    ]


def ladder_rows(
    package: ModelPackage, folders: Sequence[Path], provider: ProviderReport, threads: int = 2
) -> list[Row]:
    """The whole table."""
    rows = [_reference_row(name) for name in dict.fromkeys(("cpu", provider.name))]
    rows += draw_rows(package, folders, provider, threads)
    for folder in folders:
        for place in _places(provider):
            rows += graph_rows(package, folder, place, threads)
        rows += [likeness_row(package, folder, place) for place in _places(provider)[1:]]
    return rows


def _places(provider: ProviderReport) -> list[ProviderReport | str]:
    return ["cpu"] if provider.name == "cpu" else ["cpu", provider]


def _reference_row(provider: str) -> Row:
    spent = time_reference(provider)
    return Row(
        f"reference convolution ({provider}), one thread", "", f"median {spent:.1f} ms", None,
        figures={"median": spent},
    )  # fmt: skip


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
    print(markdown(ladder_rows(package, arguments.characters, provider, arguments.threads)))
    if arguments.out is not None:
        save_sheets(package, arguments.characters, arguments.out)


if __name__ == "__main__":
    main()
