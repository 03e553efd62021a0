"""Training pictures for both networks, made anew each time from `training.portrait.data`'s."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.portrait_place import Place, crop_matrix, is_head, other_side, place_of
from training.portrait.backdrops import Backdrops, cover
from training.portrait.cartoons import draw_cartoon
from training.portrait.geometry import Look, draw_look, template_of
from training.portrait.wear import worn

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
REACH: Final = (3.5, 9.4)
"""Head sizes (root mean square) across a crop that the network is to read; `data`'s heads are
about 3.7 of them tall from chin to crown."""
FRAME_REACH: Final = 9.2
"""The same of the frame that masks are wanted in."""
EXAGGERATE: Final = {"photo": 0.12, "toon": 0.3, "drawn": 0.35, "cartoon": 0.15}


@dataclass(slots=True)
class People:
    """All pictures of some shards. `look_N` indexes LOOKS."""

    rgba_NHW4: list[UInt8Array]
    masks_NHW4: list[UInt8Array]
    points_NL2: list[Float32Array]
    looks: list[str]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.looks)


def read_people(folder: Path, split: str, known: People | None = None,
                done: set[str] | None = None) -> People:  # fmt: skip
    """Read the shards of a split; with `known` and `done`, only new ones are added."""
    out = known or People([], [], [], [], ())
    seen = done if done is not None else set()
    for path in sorted(folder.glob(f"portraits-{split}-*.npz")):
        if path.name in seen:
            continue
        look = path.name[len(f"portraits-{split}-") :].split("-")[0]
        with np.load(path, allow_pickle=False) as shard:
            rgba, masks, points = shard["rgba"], shard["masks"], shard["points"]
            out.names = tuple(str(name) for name in shard["names"])
        out.rgba_NHW4 += list(rgba)
        out.masks_NHW4 += list(masks)
        out.points_NL2 += list(points)
        out.looks += [look] * len(rgba)
        seen.add(path.name)
    return out


@dataclass(slots=True)
class Crop:
    """`rgb` (S, S, 3) in 0..1; `parts` (S, S, 5) shares; `hidden` (S, S) what no part is asked
    of; `points` (L, 2); `inside` (L,) whether they lie in the crop. No face: nothing inside."""

    rgb: Float32Array
    parts: Float32Array
    hidden: Float32Array
    points: Float32Array
    inside: np.ndarray


class Sampler:
    """Draws samples of both networks; `cartoons` is the share of flat ones among the figures."""

    def __init__(
        self, people: People, backdrops: Backdrops, rng: np.random.Generator, cartoons: float = 0.0
    ) -> None:
        self.people, self.backdrops, self.rng = people, backdrops, rng
        self.cartoons = cartoons
        self.head = is_head(people.names)
        self.template = template_of(np.stack(people.points_NL2), self.head)
        self.mirror = np.array([people.names.index(other_side(name)) for name in people.names])

    def place(self, points_L2: Float32Array) -> Place:
        """Where the head of some points is."""
        return place_of(points_L2[self.head], self.template[self.head])

    def _figure(self, index: int | None) -> tuple[UInt8Array, UInt8Array, Float32Array, float]:
        """Picture, masks and points of a figure, of any one if `index` is None; and how often
        its features are to be exaggerated."""
        people, look = self.people, "cartoon"
        if index is None and self.rng.random() < self.cartoons:
            made = draw_cartoon(self.rng, people.names, self.template)
            rgba, masks, points = made.rgba, made.masks, made.points
        else:
            index = int(self.rng.integers(len(people))) if index is None else index
            rgba, masks = people.rgba_NHW4[index], people.masks_NHW4[index]
            points, look = people.points_NL2[index], people.looks[index]
        if self.rng.random() < 0.5:
            rgba, masks = cv.flip(rgba, 1), cv.flip(masks, 1)
            points = points[self.mirror] * np.array([-1, 1]) + np.array([rgba.shape[1] - 1, 0])
        return rgba, masks, points.astype(np.float32), EXAGGERATE[look]

    def crop(
        self, side: int, frame: bool = False, plain: bool = False, index: int | None = None
    ) -> Crop:
        """A sample of the portrait network: of a head, or seldom of none. `frame`: cut as an
        imported picture is framed. `plain`: without wear or bends, for tests. `index`: whom."""
        rng = self.rng
        rgba, masks, points, much = self._figure(index)
        place = self.place(points)
        if not frame and not plain and rng.random() < 0.04:
            return self._nothing(side)
        matrix = self._matrix(place, side, frame, plain)
        if not frame and not plain and rng.random() < 0.08:
            matrix = self._beside(place, side)
        look = Look(matrix)
        if not plain:
            look = draw_look(rng, points, self.people.names, matrix, side, much)
        x, y = look.maps(side)
        behind = self.backdrops.draw(rng)
        if not plain and rng.random() < (0.4 if frame else 0.25):
            x, y = self._bounded(x, y, points)
        rgba_f = _look_at(rgba, x, y, cv.BORDER_REPLICATE)
        parts = _look_at(masks, x, y, cv.BORDER_REPLICATE).astype(np.float32) / 255
        back = _look_at(behind, x, y, cv.BORDER_REFLECT).astype(np.float32) / 255
        alpha = rgba_f[..., 3:].astype(np.float32) / 255
        rgb = rgba_f[..., :3].astype(np.float32) / 255 * alpha + back * (1 - alpha)
        hidden = np.zeros((side, side), np.float32)
        if not plain and rng.random() < 0.15:
            hidden = cover(rgb, rng, self.backdrops.draw(rng))
        if not plain:
            rgb = worn(rgb, rng)
        parts = np.concatenate([np.clip(1 - parts.sum(2, keepdims=True), 0, 1), parts], 2)
        at = look.points(points)
        inside = np.asarray(((at > 1) & (at < side - 2)).all(1))
        return Crop(rgb, parts, hidden, at, inside)

    def _matrix(self, place: Place, side: int, frame: bool, plain: bool) -> Float32Array:
        rng = self.rng
        if frame:
            spread = (0.0, 0.0) if plain else (0.09, 0.04)
            reach = FRAME_REACH * math.exp(float(rng.normal(0, spread[0])))
            shift = np.add(rng.normal(0, spread[1], 2), (0.0, -0.05))
            return crop_matrix(place, side, reach, (float(shift[0]), float(shift[1])))
        if plain:
            return crop_matrix(place, side, 5.2)
        reach = math.exp(float(rng.uniform(math.log(REACH[0]), math.log(REACH[1]))))
        loose = min(0.10, 0.02 + 0.03 * (reach - REACH[0]))
        roll = float(rng.normal(0, 0.16)) if rng.random() < 0.85 else float(rng.uniform(-0.9, 0.9))
        shift = rng.normal(0, loose, 2)
        stretch = math.exp(float(rng.normal(0, 0.07)))
        return crop_matrix(
            place, side, reach, (float(shift[0]), float(shift[1])), roll, stretch,
            float(rng.normal(0, 0.06)),
        )  # fmt: skip

    def _beside(self, place: Place, side: int) -> Float32Array:
        """A look at clothes, hair or a part of the head, where the finder was wrong."""
        rng = self.rng
        angle, away = rng.uniform(0, 2 * np.pi), float(rng.uniform(0.35, 0.9))
        shift = (away * float(np.cos(angle)), away * float(np.sin(angle)))
        reach = math.exp(float(rng.uniform(math.log(0.8), math.log(7.0))))
        return crop_matrix(place, side, reach, shift, float(rng.normal(0, 0.5)))

    def _bounded(self, x: Any, y: Any, points: Float32Array) -> tuple[Any, Any]:
        """The picture ends somewhere near the head; beyond, its border is repeated."""
        rng, head = self.rng, points[self.head]
        low, high = head.min(0), head.max(0)
        size = high - low
        edge_low = low - size * rng.uniform(-0.08, 0.6, 2)
        edge_high = high + size * rng.uniform(0.0, 0.7, 2)
        sides = rng.random(4) < 0.5
        x = np.clip(x, edge_low[0] if sides[0] else -1e4, edge_high[0] if sides[1] else 1e4)
        y = np.clip(y, edge_low[1] if sides[2] else -1e4, edge_high[1] if sides[3] else 1e4)
        return x.astype(np.float32), y.astype(np.float32)

    def _nothing(self, side: int) -> Crop:
        """A crop without a face: a background, or a body's lower part."""
        rng, count = self.rng, len(self.people.names)
        behind = cv.resize(self.backdrops.draw(rng), (side, side)).astype(np.float32) / 255
        parts = np.zeros((side, side, 5), np.float32)
        parts[..., 0] = 1
        nowhere = np.full((count, 2), -100, np.float32)
        return Crop(
            worn(behind, rng), parts, np.zeros((side, side), np.float32), nowhere,
            np.zeros(count, bool),
        )  # fmt: skip

    def scene(self, side: int, most: int = 3) -> tuple[Float32Array, list[Place]]:
        """A sample of the finder: a picture (side, side, 3) and where faces are in it."""
        rng = self.rng
        behind = self.backdrops.draw(rng)
        rgb = cv.resize(behind, (side, side), interpolation=cv.INTER_AREA).astype(np.float32) / 255
        if rng.random() < 0.5:
            rgb = cv.resize(rgb[: side // 2, : side // 2], (side, side))
        found: list[Place] = []
        for _ in range(int(rng.choice([0, 1, 2, 3, 4], p=[0.1, 0.5, 0.2, 0.12, 0.08]))):
            rgb = self._add(rgb, found)
        if rng.random() < 0.12:
            cover(rgb, rng, self.backdrops.draw(rng))
        return worn(rgb, rng), found

    def _add(self, rgb: Float32Array, found: list[Place]) -> Float32Array:
        """Put one more figure into a scene, unless it would hide an earlier one's face."""
        rng, side = self.rng, rgb.shape[0]
        rgba, _, points, much = self._figure(None)
        place = self.place(points)
        size = math.exp(float(rng.uniform(math.log(7.0), math.log(46.0))))
        reach = side / size
        middle = rng.uniform(0.05, 0.95, 2) if rng.random() < 0.7 else rng.normal(0.5, 0.1, 2)
        roll = float(rng.normal(0, 0.2)) if rng.random() < 0.8 else float(rng.uniform(-1.2, 1.2))
        headless = rng.random() < 0.15
        if headless:  # only clothes, hands, ends of hair are in the picture
            size = math.exp(float(rng.uniform(math.log(15.0), math.log(90.0))))
            reach = side / size
            middle = np.array([rng.uniform(0.1, 0.9), -1.5 / reach - rng.uniform(0, 0.1)])
            roll = float(rng.normal(0, 0.2))
        shift = (float(middle[0]) - 0.5, float(middle[1]) - 0.5)
        stretch = math.exp(float(rng.normal(0, 0.08)))
        matrix = crop_matrix(place, side, reach, shift, roll, stretch)
        look = draw_look(rng, points, self.people.names, matrix, side, much)
        at = look.points(points)
        new = self.place(at)
        for old in found:
            if math.hypot(old.x - new.x, old.y - new.y) < 3.2 * max(old.size, new.size):
                return rgb
        if headless and found:
            return rgb
        small = rgba
        shrink = 1.0 / (reach * place.size / side)
        if shrink < 0.6:
            small = cv.resize(rgba, None, fx=shrink, fy=shrink, interpolation=cv.INTER_AREA)
            ratio = small.shape[0] / rgba.shape[0]
            matrix = matrix.copy()
            matrix *= ratio
            matrix[:, 2] += 0.5 * ratio - 0.5
            look = Look(matrix, look.bumps, look.waves)
        x, y = look.maps(side)
        seen = cv.remap(
            small, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_CONSTANT
        ).astype(np.float32) / 255  # fmt: skip
        alpha = seen[..., 3:]
        if not headless:
            found.append(new)
        return np.asarray(seen[..., :3] * alpha + rgb * (1 - alpha), np.float32)


def _look_at(picture: Any, x: Any, y: Any, border: int) -> Any:
    return cv.remap(picture, x, y, cv.INTER_LINEAR, borderMode=border)
