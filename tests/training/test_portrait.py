"""Training of the portrait reader on tiny data: samples, losses, a few steps, the export."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from inference.portrait_place import Place, other_side
from training.portrait import train as training
from training.portrait.backdrops import Backdrops
from training.portrait.data import masks_of, shard_path
from training.portrait.evaluate import Score, groups
from training.portrait.export import LEVEL, level_parts, load, write_graph
from training.portrait.geometry import Bump, Look, template_of
from training.portrait.losses import PART_WEIGHTS, batch_of, finder_loss, portrait_loss
from training.portrait.network import FinderNetwork, PortraitNetwork, expected
from training.portrait.samples import Sampler, read_people
from training.portrait.wear import worn

NAMES = (
    "chin", "crown", "nose_tip", "pupil_left", "pupil_right", "mouth_left", "mouth_right",
    "eye_left_inner", "eye_left_outer", "eye_right_inner", "eye_right_outer", "collar",
)  # fmt: skip
PLACES = np.array(
    [[0, 60], [0, -60], [0, 10], [22, -10], [-22, -10], [15, 35], [-15, 35], [12, -9], [32, -9],
     [-12, -9], [-32, -9], [0, 95]], np.float32,
)  # fmt: skip


def write_people(folder: Path, count: int = 6) -> None:
    """A shard of round faces with eyes."""
    rng = np.random.default_rng(0)
    rgba = np.zeros((count, 256, 256, 4), np.uint8)
    masks = np.zeros((count, 256, 256, 4), np.uint8)
    points = np.zeros((count, len(NAMES), 2), np.float32)
    for k in range(count):
        middle = rng.uniform(110, 146, 2)
        x, y = (int(v) for v in middle)
        colour = [int(v) for v in rng.integers(80, 230, 3)]
        cv2.ellipse(rgba[k], (x, y), (45, 60), 0, 0, 360, (*colour, 255), -1)
        cv2.ellipse(masks[k], (x, y), (45, 60), 0, 0, 360, (255, 0, 0, 0), -1)
        for side in (-22, 22):
            cv2.circle(rgba[k], (x + side, y - 10), 6, (0, 0, 0, 255), -1)
        points[k] = PLACES + np.array([x, y])
    with shard_path(folder, "train", "drawn", 0).open("wb") as file:
        np.savez(file, rgba=rgba, masks=masks, points=points, names=np.array(NAMES))


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    folder = tmp_path_factory.mktemp("people")
    write_people(folder)
    rng = np.random.default_rng(3)
    return Sampler(read_people(folder, "train"), Backdrops(rng, 4, []), rng)


def test_points_go_where_the_crop_shows_them(sampler: Sampler) -> None:
    for _ in range(12):
        crop = sampler.crop(128, plain=True)
        for name in ("pupil_left", "pupil_right"):
            x, y = np.rint(crop.points[NAMES.index(name)]).astype(int)
            assert crop.rgb[y, x].max() < 0.2  # the black of the eye, mirrored or not
    x, y = np.rint(crop.points[NAMES.index("nose_tip")]).astype(int)
    assert crop.parts[y, x].tolist() == [0, 1, 0, 0, 0]


def test_bends_move_points_and_pixels_alike() -> None:
    bumps = (Bump(60.0, 50.0, 15.0, 0.3, 0.5),)
    look = Look(
        np.array([[1.2, 0.1, 3], [-0.1, 1.3, 5]], np.float32), bumps, ((0.05, 0.02, 1.0, 2.0, 1.0),)
    )
    x, y = look.maps(128)
    there = np.array([[x[50, 60], y[50, 60]], [x[90, 30], y[90, 30]]])
    np.testing.assert_allclose(look.points(there), [[60, 50], [30, 90]], atol=0.02)


def test_the_template_has_size_one() -> None:
    head = np.array([not n.startswith("collar") for n in NAMES])
    template = template_of(np.stack([PLACES * 2 + 7, PLACES - 3]), head)
    assert np.sqrt((template[head] ** 2).sum(1).mean()) == pytest.approx(1)
    assert template[head].mean(0) == pytest.approx([0, 0], abs=1e-5)
    assert template[NAMES.index("collar"), 1] > 1


def test_samples_of_every_kind_are_sound(sampler: Sampler) -> None:
    for frame in (False, True) * 8:
        crop = sampler.crop(96, frame)
        assert crop.rgb.shape == (96, 96, 3)
        assert 0 <= crop.rgb.min() <= crop.rgb.max() <= 1
        np.testing.assert_allclose(crop.parts.sum(2), 1, atol=0.02)
        assert np.isfinite(crop.points).all()
    faces = 0
    for _ in range(12):
        rgb, places = sampler.scene(96)
        faces += len(places)
        assert rgb.shape == (96, 96, 3)
        assert all(3 < place.size < 80 for place in places)
    assert faces > 4


def test_wear_keeps_a_picture_a_picture() -> None:
    rng = np.random.default_rng(5)
    picture = rng.random((64, 64, 3)).astype(np.float32)
    for _ in range(60):
        out = worn(picture, rng)
        assert out.shape == picture.shape
        assert out.dtype == np.float32
        assert 0 <= out.min() <= out.max() <= 1


def test_labels_become_masks() -> None:
    labels = np.zeros((4, 4), np.uint8)
    labels[:2, :2] = 3  # face
    labels[:2, 2:] = 15  # hair_front
    labels[2, 0] = 1  # a quarter of a pixel of clothes
    masks = masks_of(labels)
    assert masks[0, 0].tolist() == [255, 0, 0, 0]
    assert masks[0, 1].tolist() == [0, 0, 255, 0]
    assert masks[1, 0].tolist() == [0, 64, 0, 0]


def test_the_right_answer_costs_least(sampler: Sampler) -> None:
    crops = [sampler.crop(64, plain=True) for _ in range(2)]
    batch = batch_of(crops)
    weight = torch.ones(len(NAMES))

    def answer(shift: float) -> torch.Tensor:
        at = (batch.points + shift - 1.5) / 4
        grid = torch.arange(16)
        heat = -0.5 * (
            (grid[None, None, :, None] - at[..., 1, None, None]) ** 2
            + (grid[None, None, None] - at[..., 0, None, None]) ** 2
        )
        sure = torch.cat([torch.where(batch.inside, 8.0, -8.0), torch.zeros(2, len(NAMES))], 1)
        parts = torch.log(batch.parts.clamp_min(1e-4))
        return portrait_loss((heat, sure, parts), batch, weight)[0]

    assert answer(0) < answer(3) < answer(9)
    inner = batch.points[:, :11]
    heat = torch.full((2, 11, 16, 16), -50.0)
    at = ((inner - 1.5) / 4).round().long().clamp(0, 15)
    for b in range(2):
        for point in range(11):
            heat[b, point, at[b, point, 1], at[b, point, 0]] = 50
    assert float((expected(heat) - inner).abs().max()) <= 2.01


def test_the_finder_is_rewarded_for_faces() -> None:
    place = Place(40.0, 30.0, 20.0, 0.3)
    good = torch.zeros(1, 6, 8, 8)
    good[:, 0] = -8
    good[0, 0, 3, 5] = 8
    good[0, 1, 3, 5], good[0, 2, 3, 5] = 40.5 / 8 - 0.5 - 5, 30.5 / 8 - 0.5 - 3
    good[:, 3] = float(np.log(20 / 32))
    good[:, 4], good[:, 5] = float(np.cos(0.3)), float(np.sin(0.3))
    right, _ = finder_loss(good, [[place]], 64)
    wrong, _ = finder_loss(good, [[Place(12.0, 50.0, 20.0, 0.3)]], 64)
    none, _ = finder_loss(good, [[]], 64)
    assert right < 0.5 * wrong
    assert right < none


@pytest.mark.parametrize("network", ["portrait", "finder"])
def test_a_network_learns_and_is_exported(network: str, tmp_path: Path) -> None:
    write_people(tmp_path)
    given = argparse.Namespace(
        network=network, data=tmp_path, textures=[], out=tmp_path / "net.pt", start=None,
        minutes=5, steps=3, batch=2, rate=1e-3, backdrops=3, seed=1, cartoons=0.0,
    )  # fmt: skip
    training.train(given)
    net, kept = load(given.out)
    assert kept["names"] == NAMES
    outputs = ["heat", "sure", "parts"] if network == "portrait" else ["faces"]
    write_graph(net, outputs, tmp_path / "net.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), options)
    picture = np.random.default_rng(2).normal(0, 0.5, (1, 3, 64, 96)).astype(np.float32)
    with torch.no_grad():
        true = net(torch.from_numpy(picture))
    true = true if isinstance(true, tuple) else (true,)
    for ours, theirs in zip(session.run(outputs, {"picture": picture}), true, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=0.05 * float(theirs.abs().max()))
    size = (tmp_path / "net.onnx").stat().st_size
    assert size < 1.2 * sum(p.numel() for p in net.parameters())  # a byte for each weight


def test_parts_that_counted_more_are_levelled_at_export() -> None:
    net = PortraitNetwork(2).eval()
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = net(picture)[2]
        level_parts(net)
        moved = (before - net(picture)[2]).mean((0, 2, 3))
    true = LEVEL * np.log(PART_WEIGHTS)
    np.testing.assert_allclose(moved.numpy(), true, atol=1e-5)


def test_networks_take_other_sizes() -> None:
    heat, sure, parts = PortraitNetwork(7)(torch.zeros(2, 3, 64, 96))
    assert (heat.shape, sure.shape, parts.shape) == ((2, 7, 16, 24), (2, 14), (2, 5, 32, 48))
    assert FinderNetwork()(torch.zeros(1, 3, 64, 96)).shape == (1, 6, 8, 12)


def test_scores_are_joined() -> None:
    one = Score(1, 2, [1.0], [2.0], [3.0], {"skin": [(5.0, 10.0)]})
    two = Score(1, 1, [3.0], [2.0], [], {"skin": [(5.0, 6.0)]})
    both = Score().join([one, two])
    assert both.row()[:2] == ["2 of 3", "2.00"]
    assert both.iou("skin") == pytest.approx(10 / 16)
    which = groups(NAMES)
    assert which["inner"].sum() == 9
    assert which["body"].sum() == 1
    assert other_side(NAMES[3]) == NAMES[4]
