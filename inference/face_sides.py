"""Fits one head to the portrait and to pictures from the side at once, so that depth is measured.

All pictures share the identity of the linear model; each has its own pose and expression. What the
model still misses in the pictures from the side is read as a smooth field of depth over the
portrait (`inference.face_relief`). How the head stands in the room stays as the portrait tells it:
pictures taken by another camera, of another day, say nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from inference.contract import PersonareError
from inference.face_fit import STEPS, FaceFit, Marks, Solver, finished, fit_face, usable
from inference.face_model import FaceModel
from inference.face_points import Landmarks
from inference.face_relief import relief_of
from inference.face_view import told_of

TRUNK: Final = ("neck_", "throat", "collar", "shoulder_")
"""Points that do not turn with the head: from the side they are left out."""
LOOSE: Final = 2.0
"""Errors of a reader's points from the side, in what their confidence says: of 18 held-out people
the noses were 4 to 7 pixels off, the jaws 8 to 12."""
WORSE: Final = (1.1, 0.7)
"""What the portrait's points may miss by with the others, in what they miss by alone, and pixels
more."""
STRANGE: Final = (1.0, 1.8)
"""What the points from the side may miss by, in what the portrait's miss by, and pixels more."""
_LEAST: Final = 0.06
"""Confidence that is never made less: below 0.05 points do not count at all."""


@dataclass(frozen=True, slots=True)
class SidesFit:
    """The portrait's fit, and how it met the pictures."""

    fit: FaceFit
    alone: float
    """RMS miss of the portrait's points in pixels when it is fitted alone."""
    missed: tuple[float, ...]
    """RMS miss of the believed points of each other picture, before the relief."""

    @property
    def fits(self) -> bool:
        """Whether all pictures may show one head."""
        portrait = self.fit.error < WORSE[0] * self.alone + WORSE[1]
        return portrait and max(self.missed) < STRANGE[0] * self.alone + STRANGE[1]


class _Together:
    """Solvers of several pictures that share the identity; the portrait's has run alone."""

    def __init__(self, model: FaceModel, portrait: Solver, sides: Sequence[Marks]) -> None:
        self.sides = [Solver(model, side) for side in sides]
        self.all = (portrait, *self.sides)
        for side in self.sides:
            side.identity_K = portrait.identity_K.copy()
            for _ in range(4):
                side.step(pose_only=True)

    def run(self) -> None:
        """Gauss-Newton on everything."""
        for _ in range(STEPS):
            self._step()
            for one in self.all:
                one.weigh()

    def _step(self) -> None:
        first = self.all[0]
        shared, own = len(first.identity_K), 6 + len(first.expression_E)
        normal = np.zeros((shared + own * len(self.all),) * 2)
        right = np.zeros(len(normal))
        rows = []
        for k, one in enumerate(self.all):
            at = shared + k * own
            row = np.r_[at : at + 6, :shared, at + 6 : at + own]
            part, value = one.equations(pose_only=False)
            normal[np.ix_(row, row)] += part
            right[row] += value
            rows.append(row)
        more = len(self.sides)  # every picture brought the identity's prior: it counts once
        normal[:shared, :shared] -= more * np.eye(shared)
        right[:shared] += more * first.identity_K
        change = np.linalg.solve(normal, right)
        for one, row in zip(self.all, rows, strict=True):
            one.change(change[row])


def fit_sides(
    model: FaceModel,
    landmarks: Landmarks,
    sides: Sequence[Landmarks],
    moves: Collection[str] | None = None,
) -> SidesFit:
    """Fit the portrait's marks together with those of pictures from the side, each in pixels of its
    own frame; `moves` as for `inference.face_fit.fit_face`.

    Raises:
        PersonareError: as `fit_face`, of any of the pictures.
    """
    marks = usable(model, landmarks)
    portrait = Solver(model, marks)
    portrait.run()
    alone = finished(model, marks, portrait, moves=())
    others = [usable(model, _head(side)) for side in sides]
    both = _Together(model, portrait, others)
    both.run()
    missed = [_missed(one) for one in both.sides]
    flat = finished(model, marks, portrait, moves=())
    relief = relief_of(model, flat, portrait, both.sides, missed)
    fit = finished(model, marks, portrait, moves, relief)
    fit = replace(fit, told_T=told_of(model, alone))
    return SidesFit(fit, alone.error, tuple(missed))


def fit_head(
    model: FaceModel,
    landmarks: Landmarks,
    sides: Sequence[Landmarks] = (),
    moves: Collection[str] | None = None,
) -> FaceFit:
    """The portrait's fit, with the depth that pictures from the side tell; without any, or where
    they show another head, `fit_face`'s.

    Raises:
        PersonareError: as `fit_face`, of the portrait.
    """
    try:
        found = fit_sides(model, landmarks, sides, moves) if sides else None
    except PersonareError:  # of the portrait alone, it will come again
        found = None
    if found is not None and found.fits:
        return found.fit
    return fit_face(model, landmarks, moves)


def _head(side: Landmarks) -> Landmarks:
    """The points of the head, those of a network trusted less."""
    return replace(
        side,
        marks={
            name: mark if mark.by == "hand" else replace(mark, confidence=_trust(mark.confidence))
            for name, mark in side.marks.items()
            if not name.startswith(TRUNK)
        },
    )


def _trust(confidence: float) -> float:
    return max(confidence / LOOSE**2, min(confidence, _LEAST))


def _missed(one: Solver) -> float:
    """RMS miss of the believed points in pixels."""
    return float(np.sqrt((one.miss_M2**2).sum(1) @ one.weight_M / one.weight_M.sum()))
