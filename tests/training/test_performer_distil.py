"""Hindsight, moments of windows, and the student distilled from the Base."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

import training.motion.distil as distil_module
from tests.training.performer_fakes import random_inputs, tiny_student, write_shard
from training.evaluate.frechet import frechet, window_features
from training.motion.base import Base
from training.motion.distil import Pool, aim, distil, fades, pushes
from training.motion.hindsight import ANSWER, asked_answers, brows, nods, whole_saccades
from training.motion.moments import WINDOW, Matcher, carry, features, moments, squared_distance
from training.motion.performance import (
    CONTROL_SIZE,
    CONTROLS,
    HEARD,
    HEARD_SIZE,
    PERFORMANCE_INDEX,
    PERFORMANCE_SIZE,
)
from training.motion.performance_data import Shards
from training.motion.student import NOISE_SIZE, rollout

NOD, BROW = CONTROLS.index("nod"), CONTROLS.index("raise_brows")
PITCH = PERFORMANCE_INDEX["headPitch"]


def still(batch: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nobody speaks, nothing is asked for, nothing moves."""
    sizes = (HEARD_SIZE, CONTROL_SIZE, PERFORMANCE_SIZE)
    heard, controls, motion = (np.zeros((batch, length, n), np.float32) for n in sizes)
    return heard, controls, motion


def dip(motion_TP: np.ndarray, at: int, degrees: float) -> None:
    phase = np.linspace(0, np.pi, 12)
    motion_TP[at : at + 12, PITCH] -= np.radians(degrees) * np.sin(phase) ** 2


def test_a_listeners_nod_was_asked_for_and_a_speakers_was_not() -> None:
    heard, controls, motion = still(4, 200)
    for row in range(4):
        dip(motion[row], 80, 4.0)
    heard[1, :, HEARD.index("selfSpeaking")] = 1
    controls[2, 70:110, NOD] = np.linspace(1, 0, 40)
    motion[3, 100:, [PERFORMANCE_INDEX["browInnerUp"]]] = 0.2
    motion[3, 100:, PERFORMANCE_INDEX["browOuterUpLeft"]] = 0.2
    motion[3, 100:, PERFORMANCE_INDEX["browOuterUpRight"]] = 0.2
    assert [np.flatnonzero(row).tolist() for row in nods(motion)[:3]] == [[81]] * 3
    assert np.flatnonzero(brows(motion)[3]).tolist() == [99]
    asked = asked_answers(heard, controls, motion, 0)
    clock = asked[0, :, NOD]
    begin = int(np.flatnonzero(clock)[0])
    assert 79 <= begin <= 81
    assert clock[begin] == pytest.approx(ANSWER)
    assert np.allclose(np.diff(clock[begin : begin + 20]), -0.025, atol=1e-6)
    assert (asked[1] == 0).all()
    assert np.array_equal(asked[2], controls[2])
    assert asked[3, 97:100, BROW].max() == pytest.approx(ANSWER)


def test_slow_sway_is_no_nod() -> None:
    motion = still(1, 400)[2]
    motion[0, :, PITCH] = np.radians(6) * np.sin(np.arange(400) / 25)
    assert not nods(motion).any()


def test_saccades_are_whole_and_end_where_they_ended() -> None:
    motion = still(2, 60)[2]
    yaw = PERFORMANCE_INDEX["gazeYaw"]
    motion[0, 20:, yaw], motion[0, 21:, yaw] = 0.1, 0.3
    motion[1, :, yaw] = np.linspace(0, 0.5, 60)
    motion[:, 30:, PERFORMANCE_INDEX["headYaw"]] = 0.01
    made = whole_saccades(motion)
    assert np.allclose(made[0, 18:23, yaw], [0, 0, 0.3, 0.3, 0.3], atol=1e-6)
    assert np.allclose(made[1], motion[1], atol=1e-6), "slow gaze stays"
    rest = [i for i in range(PERFORMANCE_SIZE) if i != yaw]
    assert np.allclose(made[..., rest], motion[..., rest], atol=1e-6)


def test_shards_tell_of_answers_as_asked_for(tmp_path: Path) -> None:
    heard, controls, motion = still(3, 200)
    for row in range(3):
        dip(motion[row], 80, 4.0)
    np.savez(tmp_path / "a.npz", heard_BTH=heard, controls_BTC=controls, performance_BTP=motion)
    crops = Shards(tmp_path, holdout=3).whole(2)
    assert (crops.controls_BTC[:, 79:100, NOD] > 0).any(1).all()


def test_features_are_those_of_the_frechet_distance_and_have_gradients() -> None:
    rng = np.random.default_rng(0)
    motion = 0.02 * np.cumsum(rng.standard_normal((6, WINDOW, PERFORMANCE_SIZE)), 1)
    heard, controls = rng.random((6, WINDOW, HEARD_SIZE)), rng.random((6, WINDOW, CONTROL_SIZE))
    given = [torch.from_numpy(x.astype(np.float32)) for x in (motion, heard, controls)]
    given[0].requires_grad_()
    found = features(*given)
    known = window_features(motion.astype(np.float32), heard.astype(np.float32))
    channels = known.shape[1] - 7
    third = channels // 3
    close = torch.from_numpy(known).float()
    assert torch.allclose(found[:, :third], close[:, :third], atol=1e-3)
    assert torch.allclose(found[:, 2 * third : channels], close[:, 2 * third : channels], atol=1e-2)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert given[0].grad is not None
    assert torch.isfinite(given[0].grad).all()


def test_the_carrying_map_brings_one_gaussian_onto_the_other() -> None:
    rng = torch.Generator().manual_seed(0)
    own = torch.randn(5000, 3, generator=rng) * torch.tensor([1.0, 2.0, 0.5])
    aim_ = torch.randn(5000, 3, generator=rng) @ torch.randn(3, 3, generator=rng) + 1.0
    first, second = moments(own), moments(aim_)
    wanted = frechet(own.double().numpy(), aim_.double().numpy())
    assert squared_distance(first, second) == pytest.approx(wanted, rel=1e-3)
    moved = second.mean + (own - first.mean) @ carry(first, second)
    assert squared_distance(moments(moved), second) < 0.01 * wanted


def test_matching_goes_towards_what_is_wanted() -> None:
    rng = torch.Generator().manual_seed(0)
    wanted = torch.randn(3000, 4, generator=rng) + 2.0
    where = torch.arange(3000) % 3
    matcher = Matcher(wanted, where, remembered=500)
    place = torch.zeros(4, requires_grad=True)
    stepper = torch.optim.Adam([place], 0.05)
    for _ in range(150):
        found = torch.randn(90, 4, generator=rng) + place
        matcher.remember(found, where[:90])
        told = matcher.look()
        loss = matcher.loss(found, where[:90])
        stepper.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        stepper.step()
    assert (place.detach() - 2).abs().max() < 0.3
    assert max(told.values()) < 0.2


def test_making_steps_again_gives_the_same_and_gradients_of_one_step() -> None:
    student = tiny_student()
    heard, controls, _ = random_inputs(2, 20)
    noise = torch.rand(2, 20, NOISE_SIZE, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        _, begun = rollout(student, heard, controls, noise, student.initial(2))
        steps, _ = rollout(student, heard, controls, noise, begun)
    made = student.again(heard, controls, noise, begun, steps)
    assert torch.allclose(made @ student.encoding, steps, atol=1e-4)
    made[:, -1].sum().backward()  # type: ignore[no-untyped-call]
    assert student.calm.grad is not None
    assert student.calm.grad.abs().sum() > 0
    gaze, head = (cast(torch.nn.Linear, student.outs[i]).weight.grad for i in (0, 8))
    assert gaze is None or not gaze.any(), "when to look is left to the likelihood"
    assert head is not None
    assert head.any()


def test_a_push_on_a_later_step_reaches_those_before_as_far_as_the_channel_remembers() -> None:
    steps = torch.zeros(1, 4, PERFORMANCE_SIZE, requires_grad=True)
    left = torch.full((PERFORMANCE_SIZE,), 0.5)
    push = pushes(steps[0, 3, 0] * 8, steps, left)
    assert push[0, :, 0].tolist() == [1.0, 2.0, 4.0, 8.0]
    slow = torch.cumsum(torch.randn(4, 500, PERFORMANCE_SIZE), 1)
    assert (fades(slow) > 0.9).all()
    assert (fades(torch.randn(4, 500, PERFORMANCE_SIZE)) < 0.7).all()


def test_a_lower_floor_leaves_wide_components_as_they_are() -> None:
    student = tiny_student()
    with torch.no_grad():
        student.floor.fill_(0.03)
        for out in student.outs:
            out.bias.fill_(5.0)  # type: ignore[operator]
    joined = torch.zeros(1, 24)
    before = student._mixture(0, joined, None, torch.zeros(1, PERFORMANCE_SIZE)).log_spreads
    student.lower_floor(0.004)
    after = student._mixture(0, joined, None, torch.zeros(1, PERFORMANCE_SIZE)).log_spreads
    assert torch.allclose(before, after, atol=1e-2)
    assert float(student.floor) == pytest.approx(0.004)


def test_distilling_carries_its_pool_and_changes_the_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "a.npz", batch=12, length=3 * WINDOW)
    shards = Shards(tmp_path, holdout=3)
    for name, value in (("POOL", 4), ("LENGTH", 2 * WINDOW), ("_LOOK_EVERY", 1)):
        monkeypatch.setattr(distil_module, name, value)
    monkeypatch.setattr(distil_module, "_anchor", lambda s, rng: s.crops(2, 20, rng))
    wanted = aim(Base((8, 8, 16, 16)), shards, 4, np.random.default_rng(0))
    assert wanted.features_NF.shape[0] == len(wanted.states_N) == 4 * 3
    student = tiny_student()
    pool = Pool(shards, np.random.default_rng(0), student)
    first, second = pool.advance(student), pool.advance(student)
    assert first.steps.shape == (4, WINDOW, PERFORMANCE_SIZE)
    assert not torch.equal(first.state, second.state)
    weights = [p.detach().clone() for p in student.parameters()]
    made = distil(shards, wanted, student, tmp_path, 1, iterations=4, warm_up=1)
    assert any(not torch.equal(a, b) for a, b in zip(weights, made.parameters(), strict=True))
    assert (tmp_path / "student.pt").exists()
