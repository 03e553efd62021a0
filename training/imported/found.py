"""Imports a folder of pictures as a user would, and draws each in motion, for looking.

    python -m training.imported.found --pictures DIR --out SHEETS [--json FILE]

Every picture goes through `personare characters import` itself, in a process and a library of its
own, so what is refused here is refused to a user, in the same words. Counts are given for each
folder of DIR. How good a character is no figure says: look at the sheets, the user's picture first.
`own-NN.png` shows each before what its picture shows behind it, which is what a user sees unless
they choose otherwise, `grey-NN.png` cut out before grey, which shows every fault of the outline.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.character import Character, load_character
from inference.compositor import Backdrop, Compositor
from inference.contract import MOTION_SIZE, Float32Array, UInt8Array
from inference.face_camera import SIZE
from inference.frame_generator import FrameGenerator
from inference.own_background import load_own_background
from training.frames.motions import named_motions, put
from training.imported.sheets import CROP, cell, grid, on_grey, save

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
ENDS: Final = (".png", ".jpg", ".jpeg", ".webp")
KINDS: Final = ("own", "grey")
"""Kinds of sheets, by what stands behind the characters."""
COLUMNS: Final = 6
"""Cells in a row of a sheet; a picture and its motions take two rows."""
ON_A_PAGE: Final = 3
"""Pictures on a sheet: more would be too small to look at."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one picture."""

    file: str
    """Its path in the folder of pictures."""
    character: str
    """The folder of the character; empty where it was refused."""
    said: tuple[str, ...]
    """Why it was refused, or what the import had to remark."""
    seconds: float
    """Processor seconds of the whole command, its start too."""

    @property
    def group(self) -> str:
        """The folder it lies in."""
        return str(Path(self.file).parent)


def motions() -> dict[str, Float32Array]:
    """What each character is drawn doing (MOTION_SIZE,), by name."""
    known = named_motions()
    out = {name: known[name] for name in ("rest", "aa", "smile", "PP", "blink", "look left")}
    for name, degrees in (("Yaw", 10), ("Yaw", -20), ("Pitch", 10), ("Roll", 10)):
        still = np.zeros(MOTION_SIZE, np.float32)
        turned = put(still, **{f"head{name}": float(np.radians(degrees))})
        out[f"{name.lower()} {degrees}"] = turned
    return out


def pictures_of(folder: Path) -> list[Path]:
    """The pictures in a folder and the folders in it, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDS)


def imported(picture: Path, folder: Path, home: Path, number: int) -> Imported:
    """Import one picture into the library in `home`."""
    name = f"{number:03d} {picture.stem}"[:80]
    words = ["characters", "import", str(picture), "--name", name, "--consent", "public-domain"]
    began = _spent()
    done = subprocess.run(
        [sys.executable, "-m", "app", *words],
        env=os.environ | {"PERSONARE_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = tuple(line.removeprefix("personare: ") for line in done.stderr.splitlines()[:1])
    if done.returncode == 0:
        said = tuple(line.removeprefix("personare: ") for line in done.stderr.splitlines())
    id_ = done.stdout.partition(":")[0] if done.returncode == 0 else ""
    character = str(home / "data" / "characters" / id_) if id_ else ""
    return Imported(str(picture.relative_to(folder)), character, said, round(_spent() - began, 1))


def _spent() -> float:
    """Processor seconds of this process' ended children."""
    times = os.times()
    return times.children_user + times.children_system


def cells_of(picture: Path, character: Character, package: Path) -> dict[str, list[UInt8Array]]:
    """The picture, and the character in every one of `motions`, by KINDS of sheets."""
    generator = FrameGenerator(package, character, threads=1)
    own = Compositor(SIZE, SIZE, Backdrop("own"), load_own_background(character))
    out = {kind: [cell([_whole(picture)], picture.stem[:28])] for kind in KINDS}
    for name, motion_D in motions().items():
        frame = generator.draw(motion_D)
        out["own"].append(cell([own.compose(frame, motion_D).astype(np.float32)], name))
        out["grey"].append(cell([on_grey(frame)], name))
    return out


def _whole(picture: Path) -> Float32Array:
    """A picture as it is, over grey, as large as fits the part of a frame that sheets show."""
    own = cv.imread(str(picture), cv.IMREAD_UNCHANGED)
    if own.dtype != np.uint8 or own.ndim != 3 or own.shape[2] != 4:
        own = cv.cvtColor(cv.imread(str(picture), cv.IMREAD_COLOR), cv.COLOR_BGR2BGRA)
    seen = on_grey(cv.cvtColor(own, cv.COLOR_BGRA2RGBA))
    high, wide = (part.stop - part.start for part in CROP)
    scale = min(high / seen.shape[0], wide / seen.shape[1])
    size = (max(round(seen.shape[1] * scale), 1), max(round(seen.shape[0] * scale), 1))
    out = np.zeros((CROP[0].stop, CROP[1].stop, 3), np.float32)
    top, left = CROP[0].start, CROP[1].start
    fitted = cv.resize(seen, size, interpolation=cv.INTER_AREA)
    out[top : top + size[1], left : left + size[0]] = fitted
    return out


class Pages:
    """Sheets of those who were imported, ON_A_PAGE pictures each, written as they are full."""

    def __init__(self, out: Path, kind: str) -> None:
        self._out, self._kind = out, kind
        self._shown, self._number = list[UInt8Array](), 0

    def add(self, cells: Sequence[UInt8Array]) -> None:
        """Cells of one more picture."""
        self._shown.append(grid(cells, COLUMNS))
        if len(self._shown) == ON_A_PAGE:
            self.end()

    def end(self) -> None:
        """Write what is not written yet."""
        if self._shown:
            self._number += 1
            save(self._out / f"{self._kind}-{self._number:02d}.png", np.vstack(self._shown))
            self._shown = []


def counts(found: Sequence[Imported]) -> dict[str, tuple[int, int]]:
    """How many were imported, of how many, by folder and in all."""
    out = {}
    for group in [*dict.fromkeys(each.group for each in found), "all"]:
        some = [each for each in found if group in (each.group, "all")]
        out[group] = (sum(bool(each.character) for each in some), len(some))
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of folders")
    parser.add_argument("--out", type=Path, required=True, help="folder for the sheets")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what became of each picture")
    parser.add_argument("--package", type=Path, default=Path("assets/models/frame-first-light"))
    given = parser.parse_args()
    home = (given.out / "home").resolve()
    shutil.rmtree(home, ignore_errors=True)
    began, found, sheets = (
        time.monotonic(),
        list[Imported](),
        [Pages(given.out, kind) for kind in KINDS],
    )
    for number, picture in enumerate(pictures_of(given.pictures), 1):
        each = imported(picture, given.pictures, home, number)
        found.append(each)
        verdict = "imported" if each.character else "REFUSED"
        print(f"{each.file}: {verdict}, {each.seconds} s", *each.said, flush=True)
        if each.character:
            character = load_character(Path(each.character))
            cells = cells_of(picture, character, given.package)
            for kind, pages in zip(KINDS, sheets, strict=True):
                pages.add(cells[kind])
    for pages in sheets:
        pages.end()
    for group, (good, of) in counts(found).items():
        print(f"{group}: {good} of {of} imported")
    if given.json is not None:
        facts = {"counts": counts(found), "pictures": [asdict(each) for each in found]}
        given.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"{time.monotonic() - began:.0f} s; sheets are in {given.out}")


if __name__ == "__main__":
    main()
