"""Folds of maps and bends of lines, on layers and maps whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inference.contract import Float32Array
from inference.frame_generator_layers import GRID, Layer, cell_centres
from inference.frame_generator_light import Placed
from training.imported import turned_whole
from training.imported.turned_whole import Held, bend, folds, held_rows, segments

BOX = np.array([0, 0, 512, 512], np.float32)


@pytest.fixture
def layer() -> Layer:
    """A layer that covers the frame's left half."""
    image = np.zeros((512, 512, 4), np.uint8)
    image[:, :256] = 255
    grid = np.zeros((GRID, GRID), np.float32)
    return Layer(
        "head", image, (0, 0), BOX, np.zeros((3, GRID, GRID), np.float32), grid,
        np.zeros((0, 3, GRID, GRID), np.float32), np.zeros(0, np.int64), True,
    )  # fmt: skip


def test_a_map_that_stands_still_neither_folds_nor_stretches(layer: Layer) -> None:
    assert folds([Placed(layer, BOX, cell_centres(BOX))]) == (0.0, 0.0)


def test_a_fold_counts_with_the_share_of_what_shows_it(layer: Layer) -> None:
    source = cell_centres(BOX)
    source[0, :, 8:24] = source[0, :, 8:24][:, ::-1].copy()  # a quarter of the frame runs backwards
    folded, _ = folds([Placed(layer, BOX, source)])
    assert folded == pytest.approx(0.5, abs=0.12)
    whole = replace(layer, image=np.full((512, 512, 4), 255, np.uint8))
    hidden = [Placed(layer, BOX, source), Placed(whole, BOX, cell_centres(BOX))]
    assert folds(hidden) == (0.0, 0.0)


def test_a_smear_is_a_stretch(layer: Layer) -> None:
    source = cell_centres(BOX)
    source[1] = 200 + source[1] / 5
    folded, stretched = folds([Placed(layer, BOX, source)])
    assert folded == 0
    assert stretched > 0.9


def test_segments_lie_in_the_hair_along_its_strands() -> None:
    rows, columns = np.mgrid[:512, :512]
    strands = 128 + 100 * np.sin((columns - rows) * 0.5)  # falling to the right
    portrait = np.repeat(strands.astype(np.uint8)[..., None], 3, 2)
    hair = ((columns > 100) & (columns < 300)).astype(np.float32)
    lines = segments(portrait, hair)
    assert len(lines) > 50
    assert lines[..., 0].min() >= 99
    assert lines[..., 0].max() <= 301
    way = np.abs(lines[:, -1] - lines[:, 0])
    assert np.median(np.abs(way[:, 0] - way[:, 1])) < 2
    assert np.linalg.norm(way, axis=1) == pytest.approx(turned_whole.LENGTH, abs=0.1)


def test_hair_without_strands_falls() -> None:
    lines = segments(np.full((512, 512, 3), 90, np.uint8), np.ones((512, 512), np.float32))
    assert np.ptp(lines[..., 0], axis=1).max() < 1e-3


def test_a_bend_is_the_distance_from_the_chord_however_it_lies() -> None:
    straight = np.stack([np.linspace(0, 48, 13)] * 2, -1)[None].astype(np.float32)
    bent = straight.copy()
    bent[0, 6] += np.array([-1.5, 1.5]) * np.sqrt(2)
    assert bend(straight) == pytest.approx(0, abs=1e-4)
    assert bend(bent) == pytest.approx(3.0, abs=1e-3)


def _held(bends: Float32Array, true_bends: Float32Array | None, folded: float) -> Held:
    known = {} if true_bends is None else {"yaw 10": true_bends}
    return Held({"yaw 10": folded}, {"yaw 10": 0.0}, {"yaw 10": bends}, known)


def test_rows_judge_the_hair_that_the_rig_keeps_straight() -> None:
    bends = np.array([0.5, 9.0], np.float32)
    round_head = _held(bends, np.array([0.4, 8.0], np.float32), 0.0)
    folds_row, hair_row = held_rows([("one", round_head)])
    assert folds_row.met
    assert hair_row.met
    bent = _held(bends, np.array([0.4, 0.3], np.float32), 0.01)
    folds_row, hair_row = held_rows([("one", round_head), ("two", bent)])
    assert folds_row.met is False
    assert "two, yaw 10" in folds_row.measured
    assert hair_row.met is False
    assert list(held_rows([("one", _held(bends, None, 0.0))]))[1].met is None
    assert list(held_rows([])) == []


def test_truth_is_carried_in_the_pictures_pixels() -> None:
    matrix = np.array([[0.5, 0, 10], [0, 0.5, 20]], np.float32)  # the frame shows it half as large
    flow = np.zeros((256, 256, 2), np.float32)
    flow[..., 0] = 8
    lines = np.array([[[100.0, 100.0], [100.0, 148.0]]], np.float32)
    moved = turned_whole._truly_carried(flow, matrix, lines)
    assert moved == pytest.approx(lines + np.array([4.0, 0.0]), abs=1e-3)
    assert cv2.invertAffineTransform(matrix)[0, 0] == pytest.approx(2)
