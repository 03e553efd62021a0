"""Performances as data, the Base and the student on tiny networks, and the student in the graph."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from inference.contract import PersonareError
from tests.training.performer_fakes import random_inputs, tiny_student, write_shard
from training.motion.base import Base, sample
from training.motion.base_train import flow_loss, load_base, save_base
from training.motion.mixture import gaussian
from training.motion.performance import (
    CONTROL_SIZE,
    HEARD_SIZE,
    PERFORMANCE_INDEX,
    PERFORMANCE_SIZE,
)
from training.motion.performance_data import Shards, decode, encode, endless, limits
from training.motion.student import perform, rollout
from training.motion.student_step import PerformerStep, example_inputs
from training.motion.student_train import fit_scales, likelihood_loss, load_student, save_student


@pytest.fixture
def shards(tmp_path: Path) -> Shards:
    write_shard(tmp_path / "a.npz")
    return Shards(tmp_path, holdout=3)


def test_encoding_is_undone_and_keeps_ranges() -> None:
    low, high = limits()
    rng = torch.Generator().manual_seed(0)
    physical = low + (high - low) * torch.rand(50, PERFORMANCE_SIZE, generator=rng)
    assert torch.allclose(decode(encode(physical)), physical, atol=1e-5)
    wild = decode(100 * torch.randn(50, PERFORMANCE_SIZE, generator=rng))
    assert (wild >= low).all()
    assert (wild <= high).all()
    both = torch.zeros(1, PERFORMANCE_SIZE)
    both[0, PERFORMANCE_INDEX["blinkLeft"]] = both[0, PERFORMANCE_INDEX["blinkRight"]] = 1
    encoded = encode(both)[0]
    assert encoded[PERFORMANCE_INDEX["blinkLeft"]] > 1
    assert encoded[PERFORMANCE_INDEX["blinkRight"]] == 0


def test_eyes_on_the_camera_are_one_constant_however_the_head_turns() -> None:
    turned = torch.zeros(3, PERFORMANCE_SIZE)
    yaw = torch.tensor([-0.2, 0.0, 0.2])
    turned[:, PERFORMANCE_INDEX["headYaw"]] = yaw
    turned[:, PERFORMANCE_INDEX["gazeYaw"]] = -torch.rad2deg(yaw) / 30
    assert encode(turned)[:, PERFORMANCE_INDEX["gazeYaw"]].abs().max() < 1e-5


def test_shards_hold_out_refresh_and_crop(tmp_path: Path) -> None:
    with pytest.raises(PersonareError):
        Shards(tmp_path)
    write_shard(tmp_path / "a.npz")
    seen, kept = Shards(tmp_path, holdout=3), Shards(tmp_path, holdout=3, held_out=True)
    assert (len(seen), len(kept)) == (4, 2)
    write_shard(tmp_path / "b.npz", shift=0.3)
    (tmp_path / "half.npz").write_bytes(b"PK\x03\x04")
    assert seen.refresh() == 1
    assert seen.refresh() == 0
    assert seen.steps() == 8 * 120
    (tmp_path / "b.npz").unlink()
    seen.refresh()
    assert len(seen) == 4
    crops = seen.crops(5, 30, np.random.default_rng(0))
    assert crops.encoded_BTP.shape == (5, 30, PERFORMANCE_SIZE)
    assert crops.before_BP.shape == (5, PERFORMANCE_SIZE)
    whole = seen.whole(3)
    assert whole.heard_BTH.shape == (3, 120, HEARD_SIZE)


def test_wrong_shape_is_told(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        heard_BTH=np.zeros((2, 9, HEARD_SIZE + 1)),
        controls_BTC=np.zeros((2, 9, CONTROL_SIZE)),
        performance_BTP=np.zeros((2, 9, PERFORMANCE_SIZE)),
    )
    with pytest.raises(PersonareError, match="heard_BTH"):
        Shards(tmp_path)


def test_base_learns_and_samples_any_length(shards: Shards, tmp_path: Path) -> None:
    torch.manual_seed(0)
    base = Base((8, 8, 16, 16))
    batches = endless(shards, 4, 32, 0)
    rng = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(base.parameters(), 1e-2)
    losses = []
    for _ in range(25):
        loss = flow_loss(base, next(batches), rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.95 * np.mean(losses[:3])
    save_base(base, tmp_path / "base.pt")
    base = load_base(tmp_path / "base.pt")
    heard, controls, _ = random_inputs(2, 37)
    one = sample(base, heard, controls, seed=1, steps=4)
    assert one.shape == (2, 37, PERFORMANCE_SIZE)
    assert torch.equal(one, sample(base, heard, controls, seed=1, steps=4))
    assert not torch.allclose(one, sample(base, heard, controls, seed=2, steps=4))
    guided = sample(base, heard, controls, seed=1, steps=4, guidance=1.5)
    assert not torch.allclose(one, guided)


def test_gaussian_numbers_are_gaussian() -> None:
    uniform = torch.rand(20_000, 4, generator=torch.Generator().manual_seed(0))
    numbers = gaussian(uniform)
    assert torch.isfinite(gaussian(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))).all()
    assert numbers.mean(0).abs().max() < 0.03
    assert (numbers.std(0) - 1).abs().max() < 0.03
    assert (torch.corrcoef(numbers.T) - torch.eye(4)).abs().max() < 0.03


def test_training_whole_stretches_is_the_same_as_stepping() -> None:
    """The likelihood of the student's own rollout, means and all, agrees with its steps."""
    student = tiny_student()
    heard, controls, noise = random_inputs(2, 12)
    x = torch.randn(2, 9, 16, generator=torch.Generator().manual_seed(1))
    for memory in student.memories:
        whole = memory.track(x)  # type: ignore[operator]
        hidden, steps = torch.zeros(2, 16), []
        for t in range(9):
            step, hidden = memory(x[:, t], hidden)
            steps.append(step)
        assert torch.allclose(whole, torch.stack(steps, 1), atol=1e-5)
    made, state = rollout(student, heard, controls, noise, student.initial(2))
    assert made.shape == (2, 12, PERFORMANCE_SIZE)
    first, between = rollout(student, heard[:, :5], controls[:, :5], noise[:, :5],
                             student.initial(2))  # fmt: skip
    second, end = rollout(student, heard[:, 5:], controls[:, 5:], noise[:, 5:], between)
    assert torch.allclose(torch.cat([first, second], 1), made, atol=1e-5)
    assert torch.allclose(end, state, atol=1e-5)


def test_scan_gradient() -> None:
    memory = tiny_student().memories[0].double()
    x = torch.randn(2, 5, 16, dtype=torch.float64, requires_grad=True)

    def loop(x_BTW: torch.Tensor) -> torch.Tensor:
        hidden, steps = torch.zeros(2, 16, dtype=torch.float64), []
        for t in range(5):
            step, hidden = memory(x_BTW[:, t], hidden)
            steps.append(step)
        return torch.stack(steps, 1)

    weight = torch.randn(2, 5, 16, dtype=torch.float64)
    (by_scan,) = torch.autograd.grad((memory.track(x) * weight).sum(), x)  # type: ignore[operator]
    (by_loop,) = torch.autograd.grad((loop(x) * weight).sum(), x)
    assert torch.allclose(by_scan, by_loop, atol=1e-5)


def test_student_learns_seeds_and_keeps_its_range(shards: Shards, tmp_path: Path) -> None:
    student = tiny_student()
    batches = endless(shards, 8, 64, 0)
    fit_scales(student, next(batches))
    optimiser = torch.optim.Adam(student.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        loss = likelihood_loss(student, next(batches))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.5
    save_student(student, tmp_path / "student.pt")
    student = load_student(tmp_path / "student.pt")
    heard, controls, _ = random_inputs(3, 40)
    one = perform(student, heard, controls, seed=1)
    assert torch.equal(one, perform(student, heard, controls, seed=1))
    assert not torch.allclose(one, perform(student, heard, controls, seed=2))
    low, high = limits()
    assert (one >= low - 1e-6).all()
    assert (one <= high + 1e-6).all()
    later = heard.clone()
    later[:, 20:] = 0
    assert torch.equal(one[:, :20], perform(student, later, controls, seed=1)[:, :20])


def test_performer_step_interpolates_and_clocks_cues() -> None:
    student = tiny_student()
    step = PerformerStep(student)
    heard, controls, noise = random_inputs(1, 40)
    controls[:, :, 9:] = 0
    controls[:, 4, 9] = 1.0
    state, shown = step.initial(), []
    with torch.inference_mode():
        for t in range(40):
            performance, state = step(heard[:, t], controls[:, t], noise[:, t], state)
            shown.append(performance)
            assert 0 <= state[0, 1] <= 1
        own, inner = [], student.initial(1)
        for t in range(0, 40, 2):
            style = controls[:, t].clone()
            style[:, 9] = max(0.0, 1 - (t - 4) / 80) if t >= 4 else 0.0
            made, inner = student(heard[:, t], style, noise[:, t], inner)
            own.append(made)
    for k, made in enumerate(own):
        assert torch.allclose(shown[2 * k + 1], made, atol=1e-4)
        if k:
            assert torch.allclose(shown[2 * k], 0.5 * (made + own[k - 1]), atol=1e-4)


def test_performer_step_runs_the_same_in_onnx(tmp_path: Path) -> None:
    step = PerformerStep(tiny_student()).eval()
    file = tmp_path / "step.onnx"
    names = ["heard", "controls", "noise", "state"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            step, example_inputs(step), str(file), input_names=names,
            output_names=["performance", "state_next"], opset_version=17, dynamo=False,
        )  # fmt: skip
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    heard, controls, noise = random_inputs(1, 60)
    ours, theirs = step.initial(), step.initial().numpy()
    for t in range(60):
        given = (heard[:, t], controls[:, t], noise[:, t])
        with torch.inference_mode():
            expected, ours = step(*given, ours)
        feed = dict(zip(names, [*(g.numpy() for g in given), theirs], strict=True))
        found, theirs = session.run(None, feed)
        assert np.abs(found - expected.numpy()).max() < 1e-4
