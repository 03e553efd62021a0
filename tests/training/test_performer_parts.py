"""Parts under the trainings and the graph: memories, sharpening, the loop, the branch."""

from __future__ import annotations

import math
import shutil
import warnings
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from tests.training.performer_fakes import random_inputs, tiny_student, write_shard
from training.motion.base import Sharpen
from training.motion.branch import STATE, STUDENT, branch
from training.motion.loop import Learner, run
from training.motion.memory import scan
from training.motion.mixture import GROUPS
from training.motion.performance import (
    CONTROL_SIZE,
    CONTROLS,
    HEARD,
    HEARD_SIZE,
    PERFORMANCE,
    PERFORMANCE_INDEX,
)
from training.motion.performance_data import Shards
from training.motion.student import NOISE_SIZE, Student, rollout
from training.motion.student_step import PerformerStep, example_inputs
from training.motion.student_train import slips


class Performed(torch.nn.Module):
    """The part of the performer that `branch` knows: the student's step, by its name."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.performance = PerformerStep(student)

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        shown, state = self.performance(*given)
        return 2 * shown, state


def test_a_branch_skips_every_other_student_step_and_changes_no_bit(tmp_path: Path) -> None:
    step = Performed(tiny_student()).eval()
    plain, halved = tmp_path / "plain.onnx", tmp_path / "halved.onnx"
    names = ["heard", "controls", "noise", STATE]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            step, example_inputs(step.performance), str(plain), input_names=names,
            output_names=["performance_shown", "performance_next"], opset_version=17, dynamo=False,
        )  # fmt: skip
    shutil.copy(plain, halved)
    branch(halved)
    inside = [n for n in onnx.load(str(halved)).graph.node if n.name.startswith(STUDENT)]
    assert not inside
    one, two = (
        onnxruntime.InferenceSession(str(f), providers=["CPUExecutionProvider"])
        for f in (plain, halved)
    )
    heard, controls, noise = (x.numpy() for x in random_inputs(1, 30))
    first = second = step.performance.initial().numpy()
    for t in range(30):
        given = dict(zip(names[:3], (heard[:, t], controls[:, t], noise[:, t]), strict=True))
        shown, first = one.run(None, {**given, STATE: first})
        again, second = two.run(None, {**given, STATE: second})
        assert np.array_equal(shown, again)
        assert np.array_equal(first, second)
    with pytest.raises(ValueError, match="uses of the student"):
        branch(halved)


def test_memories_in_pieces_are_those_of_one_step_after_another() -> None:
    rng = torch.Generator().manual_seed(0)
    gate = torch.rand(2, 75, 5, generator=rng).requires_grad_()
    candidate = torch.randn(2, 75, 5, generator=rng).requires_grad_()
    weight = torch.randn(2, 75, 5, generator=rng)
    hidden = scan(gate, candidate)
    found = torch.autograd.grad((hidden * weight).sum(), (gate, candidate))
    now, steps = torch.zeros(2, 5), []
    for t in range(75):
        now = now + gate[:, t] * (candidate[:, t] - now)
        steps.append(now)
    plain = torch.stack(steps, 1)
    assert torch.allclose(hidden, plain, atol=1e-5)
    wanted = torch.autograd.grad((plain * weight).sum(), (gate, candidate))
    for a, b in zip(found, wanted, strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_eyes_that_are_away_come_back_sooner_unless_asked_to_look_away() -> None:
    """One component looks back at the camera, all others stay."""
    student = tiny_student()
    outs = cast(torch.nn.Linear, student.outs[0])
    columns = [PERFORMANCE_INDEX[n] for n in GROUPS[0][2]]
    components = sum(GROUPS[0][:2])
    with torch.no_grad():
        outs.weight.zero_()
        outs.bias.zero_()
        outs.bias[:components] = -50.0
        outs.bias[0], outs.bias[components - 1] = 0.0, -1.0
        student.pull.weight.zero_()
        student.pull.bias.fill_(-50.0)
        outs.bias[3 * components :] = -50.0
    state = student.initial(400)
    state[:, columns[0]] = 15 / 30 / PERFORMANCE["gazeYaw"]
    heard = torch.zeros(400, HEARD_SIZE)
    heard[:, HEARD.index("otherSpeaking")] = 1.0
    controls = torch.zeros(400, CONTROL_SIZE)
    noise = torch.rand(400, NOISE_SIZE, generator=torch.Generator().manual_seed(0))

    def returns(heard: torch.Tensor, controls: torch.Tensor) -> float:
        with torch.inference_mode():
            after = student(heard, controls, noise, state)[1]
        return float((after[:, columns[0]].abs() < 1).float().mean())

    by_itself = 1 / (1 + math.e)
    listening, idle = returns(heard, controls), returns(torch.zeros_like(heard), controls)
    assert listening > idle + 0.1 > by_itself + 0.1
    controls[:, CONTROLS.index("look_away")] = 0.5
    assert abs(returns(heard, controls) - by_itself) < 0.07


def test_brows_rise_by_themselves_only_while_speaking_or_when_asked() -> None:
    """One component in two hundred raises the brows."""
    student = tiny_student()
    group, names = 2, GROUPS[2][2]
    outs = cast(torch.nn.Linear, student.outs[group])
    components = sum(GROUPS[group][:2])
    with torch.no_grad():
        student.pull.weight.zero_()
        student.pull.bias.fill_(-50.0)
        outs.weight.zero_()
        outs.bias.zero_()
        outs.bias[2:components] = -50.0
        outs.bias[1] = -math.log(200)
        outs.bias[components + len(names)] = 3.0
        outs.bias[components * (1 + len(names)) :] = -50.0
    count = 6000
    noise = torch.rand(count, NOISE_SIZE, generator=torch.Generator().manual_seed(0))

    def rises(own: float, brows: float) -> float:
        heard, controls = torch.zeros(count, HEARD_SIZE), torch.zeros(count, CONTROL_SIZE)
        heard[:, HEARD.index("selfSpeaking")] = own
        controls[:, CONTROLS.index("raise_brows")] = brows
        with torch.inference_mode():
            made = student(heard, controls, noise, student.initial(count))[0]
        return float((made[:, PERFORMANCE_INDEX["browInnerUp"]] > 0.2).float().mean())

    assert rises(0.0, 0.0) == 0
    assert 0.003 < rises(1.0, 0.0) < 0.007
    assert 0.003 < rises(0.0, 0.5) < 0.007


def test_no_channel_changes_faster_than_it_may() -> None:
    student = tiny_student()
    student.fastest.fill_(0.05)
    heard, controls, noise = random_inputs(8, 40)
    steps, _ = rollout(student, heard, controls, noise, student.initial(8))
    # Not of pairs: at the end of its range one side may stop while the other goes on.
    alone = [PERFORMANCE_INDEX[name] for name in ("side", "breath", "headYaw", "articulation")]
    moved = steps.detach()[..., alone].diff(dim=1).abs().amax((0, 1))
    assert moved.max() < 0.0501
    assert moved.max() > 0.0499


def test_slips_rest_before_they_go_back() -> None:
    torch.manual_seed(0)
    offsets, leaps = slips(40, 300)
    head, lid = PERFORMANCE_INDEX["headYaw"], PERFORMANCE_INDEX["blinkLeft"]
    out = offsets[:, 1:, head] != 0
    resting = out & (offsets[:, 1:, head] == offsets[:, :-1, head])
    going = out & (offsets[:, 1:, head].abs() < offsets[:, :-1, head].abs())
    assert resting.float().mean() > 0.001
    assert going.float().mean() > 0.001
    assert not (resting & (leaps[:, 1:, head] != 0)).any()
    away = (offsets[..., lid] != 0).float().mean()
    assert away < (offsets[..., head].abs() > 0.1).float().mean()


def test_sharpening_is_undone_and_weighs_movement(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.npz")
    data = Shards(tmp_path).crops(4, 60, np.random.default_rng(0)).encoded_BTP
    space = Sharpen()
    space.fit(data)
    sharp = space(data)
    assert torch.allclose(space.back(sharp), data, atol=1e-3)
    head = PERFORMANCE_INDEX["headYaw"]

    def moving(x_BTP: torch.Tensor) -> float:
        return float(x_BTP[:, 1:, head].diff(dim=1).std() / x_BTP[:, 1:, head].std())

    assert moving(sharp) > 2 * moving(data)


def test_a_learner_keeps_the_mean_of_its_weights_and_a_run_its_time() -> None:
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 1)
    learner = Learner(network, [torch.optim.SGD(network.parameters(), 0.3)], 9.0, 0.9, True)
    given = torch.randn(64, 3)
    wanted = given.sum(1, keepdim=True)
    told: list[float] = []
    saves: list[int] = []

    def iterate(part: float) -> dict[str, float]:
        told.append(learner.step((network(given) - wanted).square().mean(), part))
        return {"loss": told[-1]}

    run(60.0, iterate, lambda: saves.append(len(told)), iterations=40)
    assert len(told) == 40
    assert saves == [40]
    assert told[-1] < 0.2 * told[0]
    assert not torch.equal(learner.mean.weight, network.weight)
    run(1e-6, iterate, lambda: None)
    assert len(told) <= 41
