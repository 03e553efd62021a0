"""Training the light, on tiny data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from inference.contract import MOTION_INDEX, MOTION_SIZE  # noqa: E402
from tests.training.repeatable import repeatable  # noqa: E402, F401
from training.frames import relight, strangers, train_relight  # noqa: E402
from training.frames.posed import JUDGED, Posed, load_posed, save_posed  # noqa: E402


def waves(phase: float) -> np.ndarray:
    """An opaque smooth picture, shifted across by `phase` pixels."""
    place = np.arange(JUDGED)
    line = 118 + 80 * np.sin((place[None, :] - phase) / 6) * np.cos(place[:, None] / 9)
    return np.dstack([np.repeat(line[..., None], 3, 2), np.full_like(line, 255)])


def tiny_posed(name: str, count: int = 4) -> Posed:
    """A truth that is lighter on one side than what is drawn."""
    motion = np.zeros((count, MOTION_SIZE), np.float32)
    motion[:, MOTION_INDEX["headYaw"]] = np.linspace(0.17, 0.35, count)
    drawn = np.stack([waves(0)] * count).astype(np.uint8)
    lighter = waves(0)
    lighter[:, JUDGED // 2 :, :3] += 25
    truth = np.stack([lighter] * count).astype(np.uint8)
    seen = drawn[:, ::2, ::2].copy()
    flow = np.zeros((count, 2, 64, 64), np.float16)
    return Posed(name, motion, seen, flow, drawn, truth, np.array([128, 128, 256, 256], np.float32))


def test_files_come_back(tmp_path: Path) -> None:
    posed = tiny_posed("photo-00001")
    again = load_posed(save_posed(posed, tmp_path))
    assert again.id == posed.id
    np.testing.assert_array_equal(again.truth_F, posed.truth_F)
    np.testing.assert_array_equal(again.face_4, posed.face_4)


def test_at_rest_there_is_no_light() -> None:
    net = relight.Relight()
    torch.nn.init.normal_(net.light.weight)
    still = torch.zeros(1, MOTION_SIZE)
    still[:, MOTION_INDEX["eyeBlinkLeft"]] = 1.0
    still[:, MOTION_INDEX["breath"]] = 1.0
    pictures = (torch.rand(1, 4, 64, 64), torch.zeros(1, 2, 64, 64))
    with torch.no_grad():
        assert float(net(*pictures, still).abs().max()) == 0.0
        still[:, MOTION_INDEX["headYaw"]] = -0.2
        assert 0.0 < float(net(*pictures, still).abs().max()) <= relight.BRIGHT


def test_light_is_added_to_what_is_there() -> None:
    picture = torch.from_numpy(waves(0)).permute(2, 0, 1)[None].float() / 255
    picture[:, :, :, :20] = 0
    out = relight.lit(picture, torch.full((1, 3, 64, 64), 0.1))
    assert float((out - picture)[:, :3, :, 20:].sub(0.1).abs().max()) < 1e-5
    assert float(out[..., :20].abs().max()) == 0.0


def test_mirroring_twice_changes_nothing_and_once_turns_the_other_way() -> None:
    motion = torch.rand(3, MOTION_SIZE)
    once = relight.mirrored_motion(motion)
    assert torch.equal(relight.mirrored_motion(once), motion)
    yaw, blink = MOTION_INDEX["headYaw"], MOTION_INDEX["eyeBlinkLeft"]
    assert torch.equal(once[:, yaw], -motion[:, yaw])
    assert torch.equal(once[:, blink], motion[:, MOTION_INDEX["eyeBlinkRight"]])
    batch = relight.batch_of(tiny_posed("photo-1"), slice(0, 2), mirrored=True)
    plain = relight.batch_of(tiny_posed("photo-1"), slice(0, 2))
    assert torch.equal(batch["drawn"].flip(3), plain["drawn"])


def test_training_learns_the_light(tmp_path: Path) -> None:
    people = strangers.Strangers(tmp_path, load_posed)
    for index in range(4):
        save_posed(tiny_posed(f"photo-{index:05d}"), tmp_path)
    save_posed(tiny_posed("toon-00011"), tmp_path)
    assert people.refresh() == 5
    assert [person.id for person in people.held] == ["toon-00011"]
    batches = train_relight.Batches(people.trained, [], 4, seed=0)
    net = relight.Relight((16, 16, 16))
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    gains = []
    for _ in range(40):
        optimiser.zero_grad()
        loss, before, after = relight.relight_loss(net, batches.draw())
        loss.backward()
        optimiser.step()
        gains.append(float(after - before))
    assert np.mean(gains[-5:]) > 3.0
    assert "toon" in train_relight.watch(net, people.held, "cpu")


def test_command_trains_and_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(2):
        save_posed(tiny_posed(f"photo-{index:05d}"), tmp_path / "posed")
    out = tmp_path / "light.pt"
    arguments = ["--strangers", str(tmp_path / "posed"), "--out", str(out), "--minutes", "0.02"]
    monkeypatch.setattr("sys.argv", ["train_relight", *arguments, "--batch", "4"])
    train_relight.main()
    state = torch.load(out, weights_only=True)["light"]
    relight.Relight().load_state_dict(state)
