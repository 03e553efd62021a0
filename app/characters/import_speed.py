"""Processor time of a whole import: a file read, decoded, its face found, a character written.

    python -m app.characters.import_speed PICTURE [--sides 512 4096] [--runs 3] [--json FILE]

PICTURE is enlarged or made smaller to each side and written as a PNG and as a JPEG file; each is
imported as `personare characters import` does, the networks loaded before. Medians of the runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from app.characters.importer import Importer, PortraitReader, Request
from app.characters.library import CharacterLibrary
from inference.contract import PersonareError, UInt8Array
from inference.portrait_reader import NetworkReader

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LARGEST: Final = 4096
SUFFIXES: Final = (".png", ".jpg")


def resized(rgb: UInt8Array, side: int) -> UInt8Array:
    """A picture whose longer side has so many pixels."""
    scale = side / max(rgb.shape[:2])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    how = cv.INTER_AREA if scale < 1 else cv.INTER_CUBIC
    out: UInt8Array = cv.resize(rgb, size, interpolation=how)
    return out


def import_seconds(
    rgb: UInt8Array, suffix: str, runs: int, assets: Path, reader: PortraitReader
) -> list[float]:
    """Processor seconds of each of some imports of an RGB picture, written as a file first.

    Raises:
        PersonareError: the picture was refused.
    """
    out = []
    with tempfile.TemporaryDirectory() as folder:
        picture, own = Path(folder) / f"picture{suffix}", Path(folder) / "characters"
        if not cv.imwrite(str(picture), cv.cvtColor(rgb, cv.COLOR_RGB2BGR)):
            raise PersonareError(f"{picture} cannot be written.", "Check the free space.")
        library = CharacterLibrary(assets / "characters", own)
        for run in range(runs):
            began = time.process_time()
            Importer(library, assets, own, reader).run(Request(picture, f"Run {run}", "own"))
            out.append(time.process_time() - began)
    return out


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Processor time of imports.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--sides", type=int, nargs="+", default=[512, LARGEST], help="pixels")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--assets", type=Path, default=Path("assets"))
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parse(arguments)
    cv2.setNumThreads(1)
    bgr = cv.imread(str(options.picture), cv.IMREAD_COLOR)
    if bgr is None:
        raise SystemExit(f"{options.picture} is no picture.")
    rgb = cv.cvtColor(bgr, cv.COLOR_BGR2RGB)
    reader = NetworkReader(options.assets / "models" / "portrait-reader", threads=1)
    found: dict[str, list[float]] = {}
    for side in options.sides:
        picture = resized(rgb, side)
        for suffix in SUFFIXES:
            spent = import_seconds(picture, suffix, options.runs, options.assets, reader)
            found[f"{side} {suffix[1:]}"] = spent
            each = ", ".join(f"{value:.2f}" for value in spent)
            told = f"{side} {suffix[1:]}: median {np.median(spent):.2f} processor seconds ({each})"
            sys.stdout.write(told + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
