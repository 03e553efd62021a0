"""The portrait reader beside MediaPipe's face mesh, on held-out people and on found pictures.

    python -m training.portrait.data --assets DIR --out TRAIN --count 25
    python -m training.portrait.yardstick --data HELD --train TRAIN --work W \\
        --mediapipe-python PYTHON [--pictures DIR --sheet FILE]

HELD as for `training.portrait.evaluate`; `training.portrait.mediapipe_points` says what PYTHON's
environment needs. Both read the same files. A point of ours is paired
with that point of the mesh whose offset from it varies least over photographs of TRAIN. Since the
two mean different places by the same word, and ours were learnt from the rig, every error is also
given less each set's own mean offset: of each point, on people of TRAIN in the same look, measured
upright in head sizes. That is as fair to a stranger as it can be made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inference.contract import PersonareError
from inference.portrait_reader import NetworkReader
from training.people.split import LOOKS
from training.portrait.backdrops import Backdrops
from training.portrait.evaluate import HELD_OUT, chosen, whole_picture
from training.portrait.samples import Sampler, read_people
from training.portrait.sheet import SUFFIXES
from training.portrait.yardstick_faces import (
    GROUPS,
    OURS,
    SIDES,
    THEIRS,
    Case,
    errors,
    group_of,
    meshes,
    nearest,
    offsets,
    paired,
    pairs,
    save,
    shared,
)
from training.portrait.yardstick_pictures import found_pictures, found_table, sheet

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""


def people(
    reader: NetworkReader, data: Path, splits: Iterable[str], options: argparse.Namespace
) -> list[Case]:
    """Every picture of some splits, before a random background, read by both."""
    rng = np.random.default_rng(options.seed)
    backdrops = Backdrops(rng, 80, options.textures)
    cases: list[Case] = []
    names = shared(reader.names)
    for split in splits:
        held = read_people(data, split)
        if not len(held):
            continue
        sampler = Sampler(held, backdrops, rng)
        folder = options.work / split
        for index in range(0, len(held), options.every):
            picture, true = whole_picture(sampler, index), held.points_NL2[index]
            stem = f"{held.looks[index]}-{index:03d}"
            save(picture, folder / f"{stem}.png")
            inside = ((true > 0) & (true < picture.shape[0] - 1)).all(1)
            place, both = sampler.place(true), [held.names.index(name) for name in names]
            case = Case(stem, split, held.looks[index], true[both], place, inside[both])
            face = chosen(reader.faces(picture), place)
            if face is not None:
                marks = reader.landmarks(picture, face).marks
                case.read[OURS] = np.array([(marks[n].x, marks[n].y) for n in names])
            cases.append(case)
        for stem, faces in meshes(options.mediapipe_python, folder).items():
            for case in (c for c in cases if (c.split, c.name) == (split, stem)):
                mesh = nearest(faces, case.place)
                if mesh is not None:
                    case.read[THEIRS] = mesh
    return cases


Off = Mapping[tuple[str, str], Any]
"""Mean offsets by look and side."""


def shared_errors(cases: Iterable[Case], side: str, which_L: Any, off: Off | None = None) -> Any:
    """All errors of some points in pictures where both found the face (n,)."""
    found = [
        errors(case, side, None if off is None else off[case.look, side])[which_L]
        for case in cases
        if len(case.read) == len(SIDES)
    ]
    flat = np.concatenate(found) if found else np.zeros(0)
    return flat[np.isfinite(flat)]


def _pair(cases: Sequence[Case], which_L: Any, off: Off | None, share: float | None = None) -> str:
    """Ours / theirs: means, or what so many of 100 are under."""
    cells = []
    for side in SIDES:
        found = shared_errors(cases, side, which_L, off)
        value = np.nan if not len(found) else found.mean()
        if share is not None and len(found):
            value = np.percentile(found, share)
        cells.append(f"{value:.2f}")
    return " / ".join(cells)


def people_table(cases: Sequence[Case], which_L: Any, off: Off) -> Iterator[str]:
    """Found and errors by split and look."""
    yield "| who | found | mean | 95 of 100 | mean less offset | 95 of 100 |"
    yield "| " + " | ".join(["---"] * 6) + " |"
    rows = [(s, look) for s in (*dict.fromkeys(c.split for c in cases), "all") for look in LOOKS]
    for split, look in [*rows, ("all", "all")]:
        mine = [c for c in cases if split in (c.split, "all") and look in (c.look, "all")]
        if not mine:
            continue
        found = " / ".join(str(sum(side in case.read for case in mine)) for side in SIDES)
        yield (
            f"| {split}, {look} | {found} of {len(mine)} | {_pair(mine, which_L, None)} | "
            f"{_pair(mine, which_L, None, 95)} | {_pair(mine, which_L, off)} | "
            f"{_pair(mine, which_L, off, 95)} |"
        )


def group_table(cases: Sequence[Case], names: Sequence[str], off: Off) -> Iterator[str]:
    """Errors less the offsets by group of points and look."""
    yield "| points | " + " | ".join(LOOKS) + " |"
    yield "| " + " | ".join(["---"] * (1 + len(LOOKS))) + " |"
    for group in GROUPS:
        which = np.array([group_of(name) == group for name in names])
        cells = [_pair([c for c in cases if c.look == look], which, off) for look in LOOKS]
        yield f"| {group} | " + " | ".join(cells) + " |"


def measure(options: argparse.Namespace) -> None:
    """Print the tables."""
    reader = NetworkReader(options.package, threads=1)
    names = shared(reader.names)
    known = people(reader, options.train, ("train",), options)
    index = pairs([case for case in known if case.look == "photo"], names)
    cases = people(reader, options.data, HELD_OUT, options)
    paired([*known, *cases], index)
    off: dict[tuple[str, str], Any] = {
        (look, side): offsets([case for case in known if case.look == look], side)
        for look in LOOKS
        for side in SIDES
    }
    print("Pairs: " + ", ".join(f"{n} {i}" for n, i in zip(names, index, strict=True)) + "\n")
    print("\n".join(people_table(cases, np.ones(len(names), bool), off)) + "\n")
    print("\n".join(group_table(cases, names, off)))
    if not options.pictures:
        return
    paths = sorted(p for p in options.pictures.rglob("*") if p.suffix.lower() in SUFFIXES)
    shift = off["photo", THEIRS] - off["photo", OURS]
    found = found_pictures(
        reader, paths, options.work / "found", options.mediapipe_python, (index, shift)
    )
    print("\n" + "\n".join(found_table(found)))
    for each in sorted(found, key=lambda one: one.order):
        print(f"{each.path.parent.name} {each.path.stem}: {each.label}")
    if options.sheet is not None:
        cv.imwrite(str(options.sheet), sheet(found)[..., ::-1])


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="The portrait reader beside MediaPipe.")
    parser.add_argument("--data", type=Path, required=True, help="held-out shards")
    parser.add_argument("--train", type=Path, required=True, help="some shards of the train split")
    parser.add_argument("--work", type=Path, required=True, help="folder for what both read")
    parser.add_argument("--mediapipe-python", type=Path, required=True,
                        help="Python of an environment with MediaPipe")  # fmt: skip
    parser.add_argument("--pictures", type=Path, help="folder of found pictures, in groups")
    parser.add_argument("--sheet", type=Path, help="PNG of the found pictures with both's points")
    parser.add_argument("--package", type=Path, default=Path("assets/models/portrait-reader"))
    parser.add_argument("--textures", type=Path, nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1, help="use every n-th picture")
    parser.add_argument("--seed", type=int, default=78)
    return parser.parse_args(arguments)


def main() -> int:
    """Command line."""
    cv2.setNumThreads(1)
    try:
        measure(parse())
    except PersonareError as error:
        print(f"{error} {error.remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
