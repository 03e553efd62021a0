"""Depth from pictures of a head from the side: measured, and not believed of another head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import face_camera as camera
from inference.contract import Float32Array, PersonareError
from inference.face_fit import fit_face
from inference.face_model import FaceModel, load_face_model
from inference.face_points import Landmarks, Mark
from inference.face_sides import fit_head, fit_sides
from inference.face_view import INNER, told_of

MODEL = Path(__file__).parent.parent / "assets" / "face" / "face-model.npz"
MOVES = ("eyeBlinkLeft", "jawOpen")


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model(MODEL)


def somebody(model: FaceModel, seed: int, deep: float = 1.0) -> Float32Array:
    """The named points (L, 3) of a random head whose face is `deep` times as deep."""
    rng = np.random.default_rng(seed)
    head = model.head(rng.normal(0, 0.8, len(model.shapes_KN3)).astype(np.float32))
    points = model.at_landmarks(head) - head[model.pivot]
    points[:, 2] *= deep
    return np.asarray(points, np.float32)


def seen(model: FaceModel, points_L3: Any, yaw: float, noise: float = 0.3) -> Landmarks:
    """Its marks, turned by some degrees, in the frame."""
    turned = points_L3 @ camera.rotation([0.0, np.radians(yaw), 0.0]).T
    places = camera.project(turned + np.array([0.0, -1.6, -camera.DISTANCE - 1.0]))
    places = places + np.random.default_rng(7).normal(0, noise, places.shape)
    marks = {n: Mark(float(x), float(y)) for n, (x, y) in zip(model.landmarks, places, strict=True)}
    return Landmarks(marks, (camera.SIZE, camera.SIZE))


def depth_error(model: FaceModel, points_N3: Any, truth_L3: Any) -> float:
    """Mean error of the inner face's depth in pixels."""
    inner = [name.startswith(INNER) for name in model.landmarks]
    ours, true = model.at_landmarks(points_N3)[inner, 2], truth_L3[inner, 2]
    away = (ours - ours.mean()) - (true - true.mean())
    return float(np.abs(away).mean()) * camera.FOCAL / camera.DISTANCE


def test_a_side_tells_the_depth_that_the_portrait_hides(model: FaceModel) -> None:
    alone, with_side = [], []
    for seed in range(2):
        truth = somebody(model, seed, deep=1.35)
        portrait = seen(model, truth, 0.0)
        sides = [seen(model, truth, 26.0)]
        found = fit_sides(model, portrait, sides, moves=())
        assert found.fits
        alone.append(depth_error(model, fit_face(model, portrait, ()).points_N3, truth))
        with_side.append(depth_error(model, found.fit.points_N3, truth))
        both = fit_sides(model, portrait, [*sides, seen(model, truth, -26.0)], moves=())
        assert depth_error(model, both.fit.points_N3, truth) < alone[-1]
    assert np.mean(with_side) < 0.75 * np.mean(alone)


def test_the_portraits_points_are_met_and_its_view_is_kept(model: FaceModel) -> None:
    truth = somebody(model, 1, deep=1.3)
    portrait = seen(model, truth, 5.0)
    alone = fit_face(model, portrait, ())
    fit = fit_sides(model, portrait, [seen(model, truth, -25.0)], moves=()).fit
    places = model.at_landmarks(fit.places_N2)
    marked = np.array([[portrait.marks[n].x, portrait.marks[n].y] for n in model.landmarks])
    assert np.median(np.linalg.norm(places - marked, axis=1)) < 1.0
    told, kept = told_of(model, alone), told_of(model, fit)
    assert told is not None
    assert kept is not None
    assert np.array_equal(told, kept)  # what side pictures say nothing of


def test_without_sides_nothing_changes(model: FaceModel) -> None:
    portrait = seen(model, somebody(model, 2), 3.0)
    plain, same = fit_face(model, portrait, MOVES), fit_head(model, portrait, (), MOVES)
    assert np.array_equal(plain.points_N3, same.points_N3)
    assert np.array_equal(plain.bases_LN3, same.bases_LN3)


def test_another_head_is_not_believed(model: FaceModel) -> None:
    portrait = seen(model, somebody(model, 3), 0.0)
    other = somebody(model, 4)
    other[:, 1] *= 0.8
    side, alone = seen(model, other, 26.0), fit_face(model, portrait, ())
    assert not fit_sides(model, portrait, [side], moves=()).fits
    assert np.array_equal(fit_head(model, portrait, [side], ()).points_N3, alone.points_N3)
    few = replace(side, marks=dict(list(side.marks.items())[:3]))
    assert np.array_equal(fit_head(model, portrait, [few], ()).points_N3, alone.points_N3)
    with pytest.raises(PersonareError):
        fit_head(model, few, [side])
