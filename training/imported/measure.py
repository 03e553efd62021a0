"""Measures one imported person: everything that the table's rows are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import MOTION_INDEX, Float32Array
from inference.face_camera import SIZE
from inference.frame_generator import FrameGenerator, clean_motion
from training.frames.evaluate import psnr
from training.imported import gaps
from training.imported.bring import Brought, into_frame, labels_in_frame, over_grey
from training.imported.cases import CLOSING, TURNED, Case
from training.imported.one_layer import known_flow, one_layer, one_skin
from training.imported.regions import boxes, detail_kept, scores
from training.imported.sheets import on_grey
from training.imported.turned_whole import Held, held
from training.people.labels import LABEL_INDEX

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SHUT_EYES: Final = "blink"
OPEN_MOUTH: Final = ("wide", "aa", "E", "grin")
"""Frames to learn from what an open mouth shows, the widest first."""
STILL: Final = 42.0
"""PSNR of the static picture from which a region counts as standing still."""
SKIN: Final = ("face", "ears", "body")
HAIR: Final = ("hair_back", "hair_front")
_Scores = dict[tuple[str, str, str], float]


@dataclass(slots=True)
class Measured:
    """One person. Keys of `scores` are motions, then (variant, region, measure)."""

    case: Case
    brought: Brought
    truth: dict[str, Float32Array] = field(default_factory=dict)
    drawn: dict[str, Float32Array] = field(default_factory=dict)
    scores: dict[str, _Scores] = field(default_factory=dict)
    turns: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Face PSNR of the one-layer warp by the rig's flow, of the same by the flow that the import
    knows, and of the full frame, by motion."""
    held: Held | None = None
    """Folds and bent hair in turns."""
    gaps: dict[str, list[float]] = field(default_factory=dict)
    """Pixels of `lips` and `lids`."""
    detail: dict[str, float] = field(default_factory=dict)
    """Share of high-frequency energy kept, of `skin` and `hair`."""


class Meter:
    """Draws an imported case under the case's motions and compares."""

    def __init__(self, case: Case, brought: Brought, package: Path, threads: int = 1) -> None:
        self.case, self.brought = case, brought
        self.full = FrameGenerator(package, brought.folder, threads=threads)
        self.warp = FrameGenerator(package, brought.folder, threads=threads, paint=False)
        self.out = Measured(case, brought)
        for name, motion_D in case.motions.items():
            self.out.truth[name] = over_grey(into_frame(case.frames[name], brought.matrix_23))
            self.out.drawn[name] = on_grey(self.full.draw(motion_D))

    def places(self, name: str) -> dict[str, list[tuple[slice, slice]]]:
        """Boxes of the regions under a motion."""
        return boxes(self.case.points[name], self.brought.matrix_23, SIZE)

    def frames(self) -> None:
        """Scores of the static picture, the bare warp and the whole, in the regions that a motion
        changes: an exact copy of what stands still would drown what moves."""
        static = on_grey(self.warp.draw(self.case.motions["rest"])).copy()
        for name, motion_D in self.case.motions.items():
            if name == "rest":
                continue
            pictures = {
                "static": static,
                "warp": on_grey(self.warp.draw(motion_D)),
                "full": self.out.drawn[name],
            }
            found = scores(self.out.truth[name], pictures, self.places(name))
            self.out.scores[name] = {
                key: value
                for key, value in found.items()
                if found["static", key[1], "psnr"] < STILL
            }

    def turns(self) -> None:
        """The one-layer warp, by the rig's flow and by the import's own, beside the frame."""
        portrait = self.case.frames["rest"]
        own = into_frame(portrait, self.brought.matrix_23)
        for name in TURNED:
            if name not in self.case.flows:
                continue
            baseline = one_layer(portrait, self.case.flows[name])
            motion_D = clean_motion(self.case.motions[name])
            known = one_skin(own, known_flow(self.full.geometry, motion_D))
            flat = over_grey(into_frame(baseline, self.brought.matrix_23))
            box = self.places(name)["face"][0]
            truth = self.out.truth[name][box]
            pictures = flat, over_grey(known), self.out.drawn[name]
            true, same, full = (psnr(picture[box], truth) for picture in pictures)
            self.out.turns[name] = true, same, full

    def whole(self) -> None:
        """Folds and bent hair in turns."""
        hair = self.brought.masks["hair_front"] + self.brought.masks["hair_back"]
        self.out.held = held(
            self.full, self.brought.portrait, hair, self.brought.matrix_23, self.case.flows
        )

    def detail(self) -> None:
        """Skin and hair at rest against the user's own picture."""
        labels = self._labels("rest")
        for what, names in (("skin", SKIN), ("hair", HAIR)):
            seen = np.isin(labels, [LABEL_INDEX[name] for name in names]).astype(np.uint8)
            inner = cv.erode(seen, np.ones((7, 7), np.uint8)) > 0
            if inner.sum() > 1500:
                portrait = self.brought.portrait.astype(np.float32)
                self.out.detail[what] = detail_kept(self.out.drawn["rest"], portrait, inner)

    def gaps(self) -> None:
        """What stays open of lids and lips that should be shut."""
        self._gap("lids", SHUT_EYES, ("rest",))
        for name in CLOSING:
            self._gap("lips", name, OPEN_MOUTH)

    def _gap(self, what: str, name: str, opens: tuple[str, ...]) -> None:
        known = [each for each in opens if each in self.case.frames]
        if name not in self.case.frames or not known:
            return
        shut = self._labels(name)
        if float(gaps.opening(shut, what).sum()) > 0.02 * SIZE:
            return  # the rig's own are not shut
        open_labels = self._labels(known[0])
        found = gaps.gap(
            self.out.drawn[name], self.out.truth[name], self.out.truth[known[0]],
            gaps.opening(open_labels, what), gaps.lines(shut),
        )  # fmt: skip
        if found is not None:
            self.out.gaps.setdefault(what, []).append(found)

    def _labels(self, name: str) -> Any:
        return labels_in_frame(self.case.labels[name], self.brought.matrix_23)


def hours(
    generator: FrameGenerator, motions: list[Float32Array], minutes: float, stride: int, fps: int
) -> tuple[int, int]:
    """Draw a long session, every `stride`-th frame of it; how many frames were drawn, and at how
    many of the motions the last pixels differ from the first."""
    first = [generator.draw(motion_D).copy() for motion_D in motions]
    count = round(minutes * 60 * fps / stride)
    for k in range(count):
        at = k / max(count - 1, 1) * (len(motions) - 1) * 37.0  # ever other mixes of neighbours
        low = int(at) % len(motions)
        mix = at - int(at)
        motion_D = (1 - mix) * motions[low] + mix * motions[(low + 1) % len(motions)]
        motion_D[MOTION_INDEX["breath"]] = np.sin(0.1 * k)
        generator.draw(motion_D.astype(np.float32))
    differ = sum(
        not np.array_equal(before, generator.draw(motion_D))
        for before, motion_D in zip(first, motions, strict=True)
    )
    return count + 2 * len(motions), differ
