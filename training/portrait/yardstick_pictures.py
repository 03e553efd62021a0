"""Found pictures read by the portrait reader and by MediaPipe: who finds whom, and how far apart.

A part of `training.portrait.yardstick`. There is no truth here but one's own eyes: `sheet` draws
both sets of points, the largest distance first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import UInt8Array
from inference.portrait_place import Place, flattened, shrunk
from inference.portrait_reader import NetworkReader
from training.portrait.sheet import read_rgba
from training.portrait.yardstick_faces import (
    OURS,
    THEIRS,
    laid,
    meshes,
    nearest,
    save,
    shared,
)

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LARGEST: Final = 1600
"""Longer side of a picture that both read, as faces are looked for in an import."""
BOTH, ELSEWHERE, NEITHER = "both", "both, of different faces", "neither"


@dataclass(slots=True)
class Found:
    """One found picture and the points (L, 2) that both have, of either side, or None."""

    path: Path
    picture: UInt8Array
    place: Place | None = None
    """Of the head that we found."""
    ours: Any = None
    theirs: Any = None
    apart: float = float("nan")
    """Mean distance of the two sets in % of the distance of the pupils."""
    elsewhere: bool = False
    """Whether their face is not where ours is."""

    @property
    def by(self) -> str:
        """Who found a face."""
        if self.ours is None:
            return NEITHER if self.theirs is None else THEIRS
        if self.theirs is None:
            return OURS
        return ELSEWHERE if self.elsewhere else BOTH

    @property
    def label(self) -> str:
        """In a word."""
        return f"{self.apart:.1f}%" if self.by == BOTH else f"found by {self.by}"

    @property
    def order(self) -> float:
        """Rises from the largest distance to the smallest, then to what only one found."""
        return -self.apart if self.by == BOTH else 1.0


def apart(ours_L2: Any, theirs_L2: Any, names: Sequence[str]) -> float:
    """Mean distance of two sets of points, in % of the distance of our pupils."""
    left, right = (list(names).index(f"pupil_{side}") for side in ("left", "right"))
    unit = max(float(np.linalg.norm(ours_L2[left] - ours_L2[right])), 1e-6)
    return float(np.linalg.norm(ours_L2 - theirs_L2, axis=1).mean() / unit * 100)


def read_here(reader: NetworkReader, path: Path) -> Found:
    """A picture's surest face; one that is larger than LARGEST is first made smaller."""
    picture = read_rgba(path)
    scale = min(1.0, LARGEST / max(picture.shape[:2]))
    picture = shrunk(picture, (round(picture.shape[1] * scale), round(picture.shape[0] * scale)))
    found, faces = Found(path, picture), reader.faces(picture)
    if faces:
        marks = reader.landmarks(picture, faces[0]).marks
        points = np.array([(marks[n].x, marks[n].y) for n in reader.names])
        found.place = reader.place(points)
        found.ours = points[np.isin(reader.names, shared(reader.names))]
    return found


def found_pictures(
    reader: NetworkReader, paths: Sequence[Path], folder: Path, python: Path, mesh: tuple[Any, Any]
) -> list[Found]:
    """Read by both; `folder` gets what MediaPipe, run by `python`, is to see. `mesh` holds which of
    its points ours are paired with (L,), and by how much these lie aside of ours (L, 2), upright in
    head sizes, which is taken off."""
    out = [read_here(reader, path) for path in paths]
    for number, found in enumerate(out):
        save(found.picture, folder / f"{number:03d}.png")
    read, (index_L, shift_L2) = meshes(python, folder), mesh
    for number, found in enumerate(out):
        faces = read[f"{number:03d}"]
        if found.place is None:
            found.theirs = np.asarray(faces[0])[index_L] if faces else None
            continue
        seen = nearest(faces, found.place)
        found.elsewhere = seen is None
        if seen is not None:
            found.theirs = seen[index_L] - laid(shift_L2, found.place)
            found.apart = apart(found.ours, found.theirs, shared(reader.names))
        elif faces:
            found.theirs = np.asarray(faces[0])[index_L]
    return out


def found_table(found: Sequence[Found]) -> Iterator[str]:
    """Who found what, by the pictures' folders."""
    kinds = {BOTH: BOTH, ELSEWHERE: "at different places", OURS: f"{OURS} alone",
             THEIRS: f"{THEIRS} alone", NEITHER: NEITHER}  # fmt: skip
    yield f"| pictures | {' | '.join(kinds.values())} | apart, median | largest |"
    yield "| " + " | ".join(["---"] * (3 + len(kinds))) + " |"
    for group in (*dict.fromkeys(each.path.parent.name for each in found), "all"):
        mine = [each for each in found if group in (each.path.parent.name, "all")]
        counts = [str(sum(each.by == kind for each in mine)) for kind in kinds]
        away = [each.apart for each in mine if each.by == BOTH]
        figures = f"{np.median(away):.1f}% | {max(away):.1f}%" if away else "- | -"
        yield f"| {group} | " + " | ".join(counts) + f" | {figures} |"


def sheet(found: Sequence[Found], columns: int = 5, side: int = 300) -> UInt8Array:
    """The pictures with our points (green) and the mesh's (magenta), the largest distance first;
    those that only one side found come last."""
    tiles = []
    for each in sorted(found, key=lambda one: one.order):
        if each.by == NEITHER:
            continue
        points = np.concatenate([p for p in (each.ours, each.theirs) if p is not None])
        low, high = points.min(0), points.max(0)
        reach, middle = 0.62 * float((high - low).max()), (low + high) / 2
        scale = side / (2 * reach)
        matrix = np.array([[scale, 0, 0], [0, scale, 0]])
        matrix[:, 2] = side / 2 - scale * middle
        how = cv.INTER_AREA if scale < 1 else cv.INTER_LINEAR
        tile = cv.warpAffine(flattened(each.picture), matrix, (side, side), flags=how)
        for points_L2, colour in ((each.theirs, (255, 0, 255)), (each.ours, (0, 255, 0))):
            for x, y in () if points_L2 is None else points_L2 @ matrix[:, :2].T + matrix[:, 2]:
                cv.circle(tile, (round(x), round(y)), 1, colour, -1, cv.LINE_AA)
        label = f"{each.path.stem[-24:]} {each.label}"
        cv.putText(tile, label, (4, side - 6), cv.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0))
        tiles.append(tile)
    tiles += [np.zeros((side, side, 3), np.uint8)] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[k : k + columns], 1) for k in range(0, len(tiles), columns)]
    return np.asarray(np.concatenate(rows), np.uint8)
