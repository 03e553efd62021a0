"""Measures imported portraits of people never trained on: the table of the frame generator.

    python -m training.imported.evaluate --assets ASSETS --work FOLDER

Draws held-out people in three looks once (kept in FOLDER), imports each as a user's picture, with
true points and parts or with what the portrait reader finds, draws the same motions, and prints
what is measured against its bar. Contact sheets and the pairs for the identity measure lie in
FOLDER. The command for dlib's distance runs in an environment of its own; see
`training.imported.identity_distance`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from inference.contract import PersonareError
from inference.execution_providers import choose_provider
from inference.face_model import load_face_model
from inference.frame_generator import FrameGenerator
from inference.model_package import load_model_package
from training.evaluate.table import Row, markdown, write_json
from training.frames.check_parity import parity_rows
from training.frames.ladder import draw_rows
from training.imported import rows, sheets
from training.imported.bring import Reader, bring, lenders_of
from training.imported.cases import (
    HELD_OUT,
    Case,
    case_path,
    draw_missing,
    motions,
    read_case,
    wanted_cases,
)
from training.imported.measure import Measured, Meter, hours
from training.imported.turned_whole import held_rows
from training.people.split import LOOKS

SECTIONS: Final = (
    "frames", "rest", "turns", "whole", "closed", "identity", "speed", "hours", "parity",
)  # fmt: skip
MINUTES: Final = 48.0
FPS: Final = 25
IDENTITY: Final = (
    "rest", "aa", "smile", "blink", "look left", "yaw 10", "yaw -10", "yaw 20", "random",
    "turn and talk",
)  # fmt: skip
"""Motions whose frames are compared as faces."""


class Evaluation:
    """Everything measured from imported cases; each case is imported and drawn once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.asked = motions(options.random, options.quick)
        self.reader = _reader(options)

    def cases(self) -> Iterator[Case]:
        """The people, drawn where they are not there yet."""
        given = self.options
        wanted = wanted_cases(given.people, given.splits, given.looks)
        if given.assets is not None:
            draw_missing(given.assets, given.work / "cases", wanted, self.asked)
        for each in wanted:
            path = case_path(given.work / "cases", *each)
            if path.is_file():
                yield read_case(path, self.asked)

    @cached_property
    def people(self) -> list[Measured]:
        """Everybody imported and measured; who cannot be imported is told of and left out."""
        given = self.options
        model = load_face_model(given.face)
        lenders = lenders_of(given.characters)
        out = []
        for case in self.cases():
            folder = given.work / f"imported-{given.landmarks}" / case.name
            try:
                brought = bring(case, model, lenders, folder, self.reader)
            except PersonareError as error:
                print(f"{case.name} was refused: {error}", file=sys.stderr, flush=True)
                continue
            meter = Meter(case, brought, given.package)
            for section, work in (("frames", meter.frames), ("turns", meter.turns),
                                  ("whole", meter.whole), ("rest", meter.detail),
                                  ("closed", meter.gaps)):  # fmt: skip
                if section in given.only:
                    work()
            self._keep(meter)
            out.append(meter.out)
            print(f"measured {case.name}", file=sys.stderr, flush=True)
        if not out:
            raise PersonareError(
                "There is nobody to measure.",
                "Pass --assets, the rig's asset folder, to draw them.",
            )
        return out

    def _keep(self, meter: Meter) -> None:
        """Write sheets and pairs, then forget the pictures."""
        given, case, found = self.options, meter.case, meter.out
        folder = given.work / f"sheets-{given.landmarks}"
        sheets.save(folder / f"{case.name}.png", sheets.compared(found.truth, found.drawn))
        if given.shapes and case.split == HELD_OUT[0]:
            sheets.save(folder / f"{case.name}-shapes.png", sheets.every_shape(meter.full))
        if case.look == "photo":
            pairs = given.work / f"pairs-{given.landmarks}"
            for name in IDENTITY:
                for kind, pictures in (("frame", found.drawn), ("truth", found.truth)):
                    if name in pictures:
                        picture = np.rint(pictures[name].clip(0, 255)).astype(np.uint8)
                        sheets.save(
                            pairs / f"{case.name}-{name.replace(' ', '_')}-{kind}.png", picture
                        )
        found.truth.clear()
        found.drawn.clear()
        case.frames.clear()

    def frames(self) -> Iterator[Row]:
        """PSNR and SSIM by region and look."""
        yield rows.point_row(self.people, self.options.landmarks)
        yield from rows.frame_rows(self.people)

    def rest(self) -> Iterator[Row]:
        """Detail at rest."""
        yield from rows.detail_rows(self.people)

    def turns(self) -> Iterator[Row]:
        """Against the one-layer warp."""
        yield from rows.turn_rows(self.people)

    def whole(self) -> Iterator[Row]:
        """Folds, tears and bent hair in turns."""
        found = [(each.case.name, each.held) for each in self.people if each.held is not None]
        yield from held_rows(found)

    def closed(self) -> Iterator[Row]:
        """Lips and lids."""
        yield from rows.gap_rows(self.people)

    def identity(self) -> Iterator[Row]:
        """dlib's distances, by another Python."""
        assert self.people
        pairs = self.options.work / f"pairs-{self.options.landmarks}"
        if self.options.dlib_python is None:
            command = f"python -m training.imported.identity_distance {pairs}"
            yield rows.identity_row(None, f"pairs written; run `{command}` where dlib is installed")
            return
        yield identity_by(self.options.dlib_python, pairs)

    def _generator(self, threads: int) -> FrameGenerator:
        return FrameGenerator(self.options.package, self.people[0].brought.folder, threads=threads)

    def speed(self) -> Iterator[Row]:
        """Milliseconds of a frame in each quality, seconds of an import."""
        given, folder = self.options, self.people[0].brought.folder
        package = load_model_package(given.package, "frame")
        yield from draw_rows(package, [folder], choose_provider("auto"), given.threads)
        yield from rows.import_rows(self.people)
        yield self._large_import()

    def _large_import(self) -> Row:
        """A whole import of the largest picture; the application does it, in a process of its own,
        since nothing here may know it."""
        given, picture = self.options, self.options.work / "large.png"
        sheets.save(picture, self.people[0].case.picture)
        found = given.work / "large.json"
        subprocess.run(
            [sys.executable, "-m", "app.characters.import_speed", str(picture), "--sides", "4096",
             "--assets", str(given.characters.parent), "--json", str(found)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return rows.large_row(json.loads(found.read_text(encoding="utf-8")))

    def parity(self) -> Iterator[Row]:
        """Torch, ONNX and 8 bits against each other."""
        given = self.options
        package = load_model_package(given.package, "frame")
        yield from parity_rows(package, [given.characters], given.checkpoint, 2)

    def hours(self) -> Iterator[Row]:
        """A long session."""
        stride = 400 if self.options.quick else self.options.stride
        drawn, differ = hours(self._generator(1), list(self.asked.values()), MINUTES, stride, FPS)
        yield rows.hours_row(drawn, differ, MINUTES, stride)

    def sections(self) -> dict[str, Callable[[], Iterator[Row]]]:
        """In the order of the table."""
        return {name: getattr(self, name) for name in SECTIONS}


def identity_by(python: Path, pairs: Path) -> Row:
    """The row of `identity_distance`, run by another Python."""
    found = pairs / "distances.json"
    module = Path(__file__).with_name("identity_distance.py")
    done = subprocess.run(
        [str(python), str(module), str(pairs), "--json", str(found)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        return rows.identity_row(None, done.stderr.strip().splitlines()[-1] if done.stderr else "?")
    return rows.identity_row(json.loads(found.read_text(encoding="utf-8")))


def _reader(options: argparse.Namespace) -> Reader | None:
    if options.landmarks == "true":
        return None
    from inference.portrait_reader import NetworkReader

    return NetworkReader(options.reader, threads=1)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for people and sheets")
    parser.add_argument("--assets", type=Path, help="the rig's asset folder, to draw people")
    parser.add_argument("--package", type=Path, default=Path("assets/models/frame-first-light"))
    parser.add_argument("--characters", type=Path, default=Path("assets/characters"))
    parser.add_argument("--face", type=Path, default=Path("assets/face/face-model.npz"))
    parser.add_argument("--reader", type=Path, default=Path("assets/models/portrait-reader"))
    parser.add_argument("--landmarks", choices=("true", "network"), default="true")
    parser.add_argument("--people", type=int, default=2, help="of each split and look")
    parser.add_argument("--splits", nargs="+", choices=HELD_OUT, default=HELD_OUT)
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=LOOKS)
    parser.add_argument("--random", type=int, default=6, help="random motions more")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--quick", action="store_true", help="a third of the motions")
    parser.add_argument("--shapes", action="store_true", help="sheets of every blendshape too")
    parser.add_argument("--threads", type=int, default=2, help="for the time of a frame")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[],
                        help="weights of the package, for the parity with torch")  # fmt: skip
    parser.add_argument("--stride", type=int, default=60, help="of the long session")
    parser.add_argument("--dlib-python", type=Path, help="Python of an environment with dlib")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    options = parse(arguments)
    cv2.setNumThreads(1)
    evaluation = Evaluation(options)
    found = []
    for name, section in evaluation.sections().items():
        if name in options.only:
            for row in section():
                print(f"{row.verdict:8}{row.what}: {row.measured} [{row.bar}]", flush=True)
                found.append(row)
    print("\n" + markdown(found))
    if options.json is not None:
        about = {"people": options.people, "landmarks": options.landmarks, "quick": options.quick,
                 "package": options.package.name, "sections": list(options.only)}  # fmt: skip
        write_json(found, options.json, about)


if __name__ == "__main__":
    main()
