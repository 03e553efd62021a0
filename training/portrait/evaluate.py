"""Measures the portrait reader on people, hair and looks that were never trained on.

    python -m training.portrait.data --assets DIR --out DIR --split test-people --count 15 --poses 2
    python -m training.portrait.evaluate --data DIR --package assets/models/portrait-reader

(the first command for `test-hair` and `test-look` too). Pictures are laid over backgrounds of the
kinds that training draws, with another seed, and read from beginning to end: find, read, part.
Lengths are pixels of the frame of 512 that characters are made in, where a head is 235 tall.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import UInt8Array
from inference.face_layers import MASKS, SIDE
from inference.portrait_place import FaceBox, Place
from inference.portrait_reader import FRAME_SIZE, NetworkReader
from training.people.split import LOOKS, SPLITS
from training.portrait.backdrops import Backdrops
from training.portrait.samples import People, Sampler, read_people

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
INNER: Final = ("pupil", "eye", "brow", "nose", "lip", "mouth")
BODY: Final = ("neck", "throat", "collar", "shoulder")
HELD_OUT: Final = tuple(split for split in SPLITS if split != "train")
HIT: Final = 0.7
"""Head sizes between a found middle and a true one that still count as found."""


@dataclass(slots=True)
class Score:
    """What was measured on a group of pictures."""

    found: int = 0
    seen: int = 0
    inner: list[float] = field(default_factory=list)
    contour: list[float] = field(default_factory=list)
    body: list[float] = field(default_factory=list)
    overlap: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def join(self, others: Iterable[Score]) -> Score:
        """All together."""
        for one in others:
            self.found += one.found
            self.seen += one.seen
            self.inner += one.inner
            self.contour += one.contour
            self.body += one.body
            for name, pairs in one.overlap.items():
                self.overlap.setdefault(name, []).extend(pairs)
        return self

    def row(self) -> list[str]:
        """Cells of the table."""
        worst = np.percentile(self.inner, 95) if self.inner else float("nan")
        return [
            f"{self.found} of {self.seen}", f"{_mean(self.inner):.2f}", f"{worst:.2f}",
            f"{_mean(self.contour):.2f}", f"{_mean(self.body):.2f}",
            *(f"{self.iou(name):.3f}" for name in MASKS),
        ]  # fmt: skip

    def iou(self, name: str) -> float:
        """Intersection over union of all pictures' masks at one half."""
        pairs = self.overlap.get(name, [])
        return sum(p[0] for p in pairs) / max(sum(p[1] for p in pairs), 1.0)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def groups(names: tuple[str, ...]) -> dict[str, Any]:
    """Which points belong to the face's features, to the head's outline, to the body."""
    inner = np.array([n.startswith(INNER) for n in names])
    body = np.array([n.startswith(BODY) for n in names])
    return {"inner": inner, "contour": ~inner & ~body, "body": body}


def whole_picture(sampler: Sampler, index: int) -> UInt8Array:
    """A rendered person over a background, RGBA."""
    rgba = sampler.people.rgba_NHW4[index]
    behind = cv.resize(sampler.backdrops.draw(sampler.rng), rgba.shape[1::-1])
    alpha = rgba[..., 3:].astype(np.float32) / 255
    rgb = np.rint(rgba[..., :3] * alpha + behind * (1 - alpha)).astype(np.uint8)
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def chosen(faces: list[FaceBox], place: Place) -> FaceBox | None:
    """The face that was found where the true one is."""
    for face in faces:
        x, y, width, height = face.box
        if np.hypot(x + width / 2 - place.x, y + height / 2 - place.y) < 1.5 * place.size:
            return face
    return None


def read_one(reader: NetworkReader, sampler: Sampler, index: int, score: Score) -> None:
    """Find and read one picture."""
    picture = whole_picture(sampler, index)
    true = sampler.people.points_NL2[index]
    place = sampler.place(true)
    score.seen += 1
    face = chosen(reader.faces(picture), place)
    if face is None:
        return
    score.found += 1
    marks = reader.landmarks(picture, face).marks
    names = sampler.people.names
    read = np.array([(marks[n].x, marks[n].y) for n in names])
    away = np.hypot(*(read - true).T) * FRAME_SIZE / place.size
    side = picture.shape[0]
    inside = ((true > 0) & (true < side - 1)).all(1)
    for name, which in groups(names).items():
        getattr(score, name).extend(away[which & inside].tolist())


def part_one(reader: NetworkReader, sampler: Sampler, index: int, score: Score) -> None:
    """Part one picture, framed as an imported one."""
    crop = sampler.crop(SIDE, frame=True, plain=True, index=index)
    rgb = np.rint(crop.rgb * 255).astype(np.uint8)
    masks = reader.masks(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]))
    for k, name in enumerate(MASKS, start=1):
        ours, true = masks[name] > 0.5, crop.parts[..., k] > 0.5
        pair = (float((ours & true).sum()), float((ours | true).sum()))
        score.overlap.setdefault(name, []).append(pair)


def find_many(reader: NetworkReader, sampler: Sampler, count: int, side: int) -> dict[str, float]:
    """Recall and precision of `faces` in scenes of none to four people."""
    true_count = hits = claims = 0
    for _ in range(count):
        rgb, places = sampler.scene(side)
        picture = np.dstack([np.rint(rgb * 255), np.full(rgb.shape[:2], 255.0)]).astype(np.uint8)
        inner = [p for p in places if 0 < p.x < side and 0 < p.y < side]
        middles = [
            (f.box[0] + f.box[2] / 2, f.box[1] + f.box[3] / 2) for f in reader.faces(picture)
        ]
        true_count += len(inner)
        hits += sum(_near(place, middles) for place in inner)
        claims += len(middles)
        claims -= sum(not _near_any(m, inner) and _near_any(m, places) for m in middles)
    return {"recall": hits / max(true_count, 1), "precision": hits / max(claims, 1)}


def _near(place: Place, middles: list[tuple[float, float]]) -> bool:
    return any(np.hypot(x - place.x, y - place.y) < HIT * 2 * place.size for x, y in middles)


def _near_any(middle: tuple[float, float], places: list[Place]) -> bool:
    return any(_near(place, [middle]) for place in places)


def measure(given: argparse.Namespace) -> None:
    """Print the tables."""
    reader = NetworkReader(given.package, threads=given.threads)
    rng = np.random.default_rng(given.seed)
    backdrops = Backdrops(rng, 80, given.textures)
    scores: dict[tuple[str, str], Score] = {}
    everyone: Sampler | None = None
    start, looked = time.process_time(), 0
    for split in HELD_OUT:
        people: People = read_people(given.data, split)
        if not len(people):
            continue
        sampler = everyone = Sampler(people, backdrops, rng)
        for index in range(0, len(people), given.every):
            score = scores.setdefault((split, people.looks[index]), Score())
            read_one(reader, sampler, index, score)
            part_one(reader, sampler, index, score)
            looked += 1
    took = (time.process_time() - start) / max(looked, 1)
    print("| who | found | inner | 95 of 100 | contour | body | " + " | ".join(MASKS) + " |")
    print("| " + " | ".join(["---"] * (6 + len(MASKS))) + " |")
    for split in HELD_OUT:
        for look in LOOKS:
            if (split, look) in scores:
                print(f"| {split}, {look} | " + " | ".join(scores[split, look].row()) + " |")
    print("| all | " + " | ".join(Score().join(scores.values()).row()) + " |")
    print(f"\n{took:.2f} processor seconds a picture")
    if everyone is not None and given.scenes:
        found = find_many(reader, everyone, given.scenes, 384)
        print(f"scenes: recall {found['recall']:.3f}, precision {found['precision']:.3f}")
    if given.empty:
        print(f"pictures without a face: {false_alarms(reader, given.empty)}")


def false_alarms(reader: NetworkReader, folder: Path) -> str:
    """How many pictures of a folder are said to hold a face."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".png", ".jpg"))
    wrong = []
    for path in paths:
        picture = cv.imread(str(path), cv.IMREAD_COLOR)
        if picture is None:
            continue
        scale = min(1.0, 1024 / max(picture.shape[:2]))
        picture = cv.resize(picture, None, fx=scale, fy=scale, interpolation=cv.INTER_AREA)
        rgba = cv.cvtColor(picture, cv.COLOR_BGR2RGBA)
        if reader.faces(rgba):
            wrong.append(path.name)
    return f"{len(wrong)} of {len(paths)} wrong {wrong}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measures the portrait reader.")
    parser.add_argument("--data", type=Path, required=True, help="held-out shards")
    parser.add_argument("--package", type=Path, default=Path("assets/models/portrait-reader"))
    parser.add_argument("--textures", type=Path, nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1, help="use every n-th picture")
    parser.add_argument("--scenes", type=int, default=100)
    parser.add_argument("--empty", type=Path, help="a folder of pictures without faces")
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(given.threads)
    measure(given)


if __name__ == "__main__":
    main()
