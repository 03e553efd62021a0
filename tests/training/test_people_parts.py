"""Random people without drawing them: splits, motions, pictures' wear, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.contract import MOTION_INDEX, MOTION_SIZE, PersonareError

pytest.importorskip("cv2")
pytest.importorskip("scipy")
pytest.importorskip("moderngl")
pytest.importorskip("torch")

import torch

from training.people.camera import Grade, Wear, compose
from training.people.draw import draw_figure
from training.people.identity import IDENTITY_NAMES, identity_vector
from training.people.labels import LABEL_INDEX, LABELS, soft_masks
from training.people.motions import Performances, portrait_motion, target_motion
from training.people.reader import MASKS, PeoplePairs
from training.people.sample import Sample, over_picture
from training.people.shards import Shard, write_shard
from training.people.split import (
    HELD_OUT_HAIR,
    HELD_OUT_VARIANTS,
    LOCK_HAIR,
    LOOKS,
    MESH_HAIR,
    VARIANTS,
    seed_of,
)


def test_nothing_held_out_is_in_training() -> None:
    assert not set(HELD_OUT_HAIR) & {*MESH_HAIR, *LOCK_HAIR}
    for look in LOOKS:
        assert not set(HELD_OUT_VARIANTS[look]) & set(VARIANTS[look])
        for index in range(40):
            train = draw_figure("train", look, index)
            assert train.hair.style not in HELD_OUT_HAIR
            assert train.hair.back not in HELD_OUT_HAIR
            assert train.variant in VARIANTS[look]
            assert draw_figure("test-hair", look, index).hair.style in HELD_OUT_HAIR
            assert draw_figure("test-look", look, index).variant in HELD_OUT_VARIANTS[look]


def test_seeds_of_splits_and_looks_differ() -> None:
    seeds = {
        tuple(seed_of(split, look, index).generate_state(2))
        for split in ("train", "test-people", "test-hair", "test-look")
        for look in LOOKS
        for index in range(20)
    }
    assert len(seeds) == 4 * len(LOOKS) * 20


def test_the_same_index_is_the_same_figure() -> None:
    assert draw_figure("train", "drawn", 5) == draw_figure("train", "drawn", 5)
    assert draw_figure("train", "drawn", 5) != draw_figure("train", "drawn", 6)


def test_identity_tells_people_apart_and_names_every_value() -> None:
    first, second = (identity_vector(draw_figure("train", "toon", k)) for k in (1, 2))
    assert first.shape == (len(IDENTITY_NAMES),)
    assert np.abs(first - second).max() > 0.1
    assert first[IDENTITY_NAMES.index("bend/nose")] == draw_figure("train", "toon", 1).bend.nose


def test_motions_stay_in_range_and_turn_from_the_portraits_pose() -> None:
    rng = np.random.default_rng(0)
    natural = Performances(None)
    kinds = set()
    yaw = MOTION_INDEX["headYaw"]
    for _ in range(200):
        source_D = portrait_motion(rng)
        assert np.degrees(np.abs(source_D[yaw : yaw + 3])).max() <= 12.001
        motion_D, kind = target_motion(source_D, rng, natural)
        kinds.add(kind)
        assert motion_D.shape == (MOTION_SIZE,)
        assert np.isfinite(motion_D).all()
        assert motion_D[:52].min() >= 0
        assert motion_D[:52].max() <= 1
        assert np.degrees(np.abs(motion_D[yaw] - source_D[yaw])) < 30
    assert kinds == {"natural", "spoken", "named", "single", "wild", "turned"}


def test_performances_must_exist(tmp_path: Path) -> None:
    with pytest.raises(PersonareError):
        Performances(tmp_path)


def test_grading_is_the_same_on_layers_and_whole() -> None:
    rng = np.random.default_rng(1)
    rgba = rng.integers(0, 256, (8, 8, 4)).astype(np.uint8)
    rgba[..., 3] = 255
    behind = np.zeros((8, 8, 3), np.float32)
    grade = Grade((1.1, 1.0, 0.9), 1.1, 0.8)
    whole = compose(rgba, behind, grade)
    alone = np.rint(grade.apply(rgba[..., :3] / np.float32(255)) * 255)
    assert np.abs(whole - alone).max() <= 1


def test_wear_is_repeatable_and_wears() -> None:
    picture = np.full((32, 32, 3), 120, np.uint8)
    wear = Wear(blur=1.0, noise=0.05, quality=70, seed=3)
    first, second = wear.apply(picture), wear.apply(picture)
    assert np.array_equal(first, second)
    assert np.std(first) > 2
    assert np.array_equal(Wear().apply(picture), picture)


def test_soft_masks_count_quarters_of_a_pixel() -> None:
    labels = np.zeros((4, 4), np.uint8)
    labels[0, 0] = labels[0, 1] = labels[3, 3] = LABEL_INDEX["lips"]
    (lips,) = soft_masks(labels, ("lips",))
    np.testing.assert_allclose(lips, [[0.5, 0.0], [0.0, 0.25]])
    assert soft_masks(labels, LABELS).sum(0).min() == 1


def fake_sample(size: int = 8, targets: int = 2, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)

    def picture(channels: int) -> np.ndarray:
        return rng.integers(0, 256, (size, size, channels)).astype(np.uint8)

    half, marks = size // 2, 5
    arrays = {
        "motion_D": np.zeros(MOTION_SIZE, np.float32),
        "rest_HW3": rng.normal(size=(half, half, 3)).astype(np.float16),
        "weight_HW": np.full((half, half), 255, np.uint8),
        "landmarks_L5": np.zeros((marks, 5), np.float32),
        "landmarks_seen_L": np.ones(marks, bool),
        "camera_44": np.eye(4, dtype=np.float32),
        "pivot_3": np.zeros(3, np.float32),
        "pupil_distance": np.float32(0.6),
        "identity": np.zeros(3, np.float32),
        "targets_motion": rng.random((targets, MOTION_SIZE)).astype(np.float32),
        "targets_landmarks_L5": np.zeros((targets, marks, 5), np.float32),
        "targets_landmarks_seen_L": np.ones((targets, marks), bool),
    }
    for name in ("flow", "inverse"):
        arrays[f"targets_{name}_HW2"] = rng.normal(size=(targets, half, half, 2)).astype(np.float16)
    for name in ("visible", "inverse_visible"):
        arrays[f"targets_{name}_HW"] = rng.random((targets, half, half)) < 0.5
    labels = rng.integers(0, len(LABELS), (2 * size, 2 * size)).astype(np.uint8)
    pictures = {"behind": picture(3), "source": picture(3), "clean": picture(4), "labels": labels}
    for k in range(targets):
        pictures |= {f"target_{k}": picture(4), f"target_{k}_labels": labels}
    return Sample(pictures, arrays, {"look": "drawn", "kinds": ["spoken"] * targets})


def test_shards_give_back_what_was_written_and_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / f"people-train-drawn-{k}.zip" for k in range(2)]
    for path in paths:
        assert write_shard(path, [fake_sample(seed=1), fake_sample(seed=2)]) == 2
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert not list(tmp_path.glob("*.part"))
    shard, wanted = Shard(paths[0]), fake_sample(seed=2)
    for name, picture in wanted.pictures.items():
        assert np.array_equal(shard.picture(1, name), picture)
    for name, values in wanted.arrays.items():
        assert np.array_equal(shard.arrays(1)[name], values)
    shard.close()


def test_the_reader_joins_portraits_and_targets(tmp_path: Path) -> None:
    write_shard(tmp_path / "people-train-drawn-0000000.zip", [fake_sample(targets=2)])
    write_shard(tmp_path / "people-train-drawn-0000032.zip", [fake_sample(targets=3, seed=4)])
    pairs = PeoplePairs(tmp_path)
    assert len(pairs) == 5
    assert list(pairs.of_shard(1)) == [2, 3, 4]
    item, sample = pairs[3], fake_sample(targets=3, seed=4)
    over = over_picture(sample.pictures["target_1"], sample.pictures["behind"])
    torch.testing.assert_close(
        item["target_3HW"], torch.from_numpy(over).permute(2, 0, 1).float() / 255
    )
    assert item["target_masks_KHW"].shape == (len(MASKS), 8, 8)
    flow = torch.from_numpy(sample.arrays["targets_flow_HW2"][1].astype(np.float32))
    torch.testing.assert_close(item["flow_2HW"], flow.permute(2, 0, 1))
    assert pairs.facts(3)["kind"] == "spoken"
    pairs.close()


def test_a_broken_shard_is_told(tmp_path: Path) -> None:
    path = tmp_path / "people-train-photo-0000000.zip"
    path.write_bytes(b"not a shard")
    with pytest.raises(PersonareError):
        Shard(path)
