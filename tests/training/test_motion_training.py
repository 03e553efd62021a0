"""The network, its adaptation, its idle life, training and export, on tiny data."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.audio_features import MEL_BANDS
from inference.contract import AUDIO_RATE, MOTION_INDEX, VISEMES, Float32Array
from inference.motion_generator import MotionGenerator
from training.evaluate.mouth_score import place, score
from training.motion.conversations import VoicePool, make_example, write_shard
from training.motion.export import write_package
from training.motion.generator import Generator, MouthSettings
from training.motion.life import NOISE_SIZE, STATE_SIZE, Life
from training.motion.network import HearingNet
from training.motion.normaliser import FEATURE_SIZE, Normaliser, normalise
from training.motion.train import batches, loss_of, train
from training.speech.corpus import Clip, Corpus
from training.teacher.mouth import MOUTH, motion_columns, mouth_track

WORD = [
    (0.0, 0.3, "SIL"), (0.3, 0.45, "M"), (0.45, 0.7, "AA"), (0.7, 0.85, "SZ"), (0.85, 1.1, "EH"),
    (1.1, 1.2, "PB"), (1.2, 1.4, "UU"), (1.4, 2.0, "SIL"),
]  # fmt: skip


def voice(rng: np.random.Generator) -> Float32Array:
    """A buzz while WORD speaks, of a colour per phone; silence elsewhere."""
    t = np.arange(2 * AUDIO_RATE) / AUDIO_RATE
    out = np.zeros(len(t))
    for i, (start, end, name) in enumerate(WORD):
        inside = (t >= start) & (t < end)
        if name != "SIL":
            buzz = np.sin(2 * np.pi * (200 + 300 * i) * t) + 0.5 * np.sin(2 * np.pi * 120 * t)
            out[inside] = buzz[inside] * (0.05 if name in ("M", "PB") else 0.3)
    return (out + 1e-3 * rng.standard_normal(len(t))).astype(np.float32)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> VoicePool:
    corpus = Corpus(tmp_path_factory.mktemp("corpus"))
    for i in range(3):
        clip = Clip(f"a-{i}", "a", "en-us", "synthetic", "", 2.0, list(WORD))
        corpus.add(clip, voice(np.random.default_rng(i)))
    return VoicePool(corpus)


def test_the_normaliser_forgets_gain() -> None:
    normaliser = Normaliser()
    mel = torch.randn(1, 600, MEL_BANDS, generator=torch.Generator().manual_seed(0)) - 8
    mel[:, ::40] -= 8
    loud, soft = normalise(normaliser, mel), normalise(normaliser, mel - 3)
    assert loud.shape == (1, 300, FEATURE_SIZE)
    early = (loud - soft)[:, 5].abs().mean()
    late = (loud - soft)[:, -1].abs().mean()
    assert late < 0.1 * early + 0.02


def test_a_step_of_the_network_is_its_whole() -> None:
    torch.manual_seed(0)
    net = HearingNet().eval()
    mine, theirs = torch.randn(2, 12, FEATURE_SIZE), torch.randn(2, 12, FEATURE_SIZE)
    with torch.inference_mode():
        heads, listening = net(mine, theirs)
        state = net.initial(2)
        for t in range(12):
            head, heard, state = net.step(mine[:, t], theirs[:, t], state)
            assert torch.allclose(head, heads[:, t], atol=1e-5)
            assert torch.allclose(heard, listening[:, t], atol=1e-5)
    assert sum(p.numel() for p in net.parameters()) < 1_500_000


def live(life: Life, talk: float, hear: float, steps: int, batch: int = 16) -> Float32Array:
    generator = torch.Generator().manual_seed(1)
    state = life.initial(batch)
    activity = torch.tensor([[talk, hear, 0.0]]).repeat(batch, 1)
    controls = torch.full((batch, 2), 0.5)
    out = []
    with torch.inference_mode():
        for _ in range(steps):
            noise = torch.rand(batch, NOISE_SIZE, generator=generator)
            motion, state = life(activity, controls, noise, state)
            out.append(motion.numpy())
    assert state.shape == (batch, STATE_SIZE)
    return np.stack(out, 1)


def test_blinks_and_gaze_have_published_rates() -> None:
    life = Life()
    rates, away = {}, {}
    for name, talk, hear in (("rest", 0.0, 0.0), ("talk", 1.0, 0.0), ("listen", 0.0, 1.0)):
        motion = live(life, talk, hear, 1000, batch=32)
        shut = motion[..., MOTION_INDEX["eyeBlinkLeft"]] > 0.5
        rates[name] = (shut[:, 1:] & ~shut[:, :-1]).sum() / len(shut) * 3
        sideways = [motion[..., MOTION_INDEX[f"eyeLook{w}Left"]] for w in ("In", "Out")]
        away[name] = float((sum(sideways) * 30 > 4).mean())
    assert 13 < rates["rest"] < 21  # 17 (Bentivoglio et al. 1997)
    assert 20 < rates["talk"] < 32  # 26
    assert away["listen"] < away["talk"]  # Lee, Badler and Badler 2002


def nod_share(life: Life, pauses: bool) -> float:
    """Share of listeners whose head dips within a second and a half of the 120th step."""
    batch, generator = 64, torch.Generator().manual_seed(3)
    state, pitch = life.initial(batch), []
    with torch.inference_mode():
        for step in range(200):
            hear = 0.0 if pauses and step >= 120 else 1.0
            activity = torch.tensor([[0.0, hear, 0.0]]).repeat(batch, 1)
            noise = torch.rand(batch, NOISE_SIZE, generator=generator)
            motion, state = life(activity, torch.full((batch, 2), 0.5), noise, state)
            pitch.append(motion[:, MOTION_INDEX["headPitch"]].numpy())
    window = np.degrees(np.stack(pitch, 1))[:, 130:195]
    return float((np.ptp(window, axis=1) > 2.2).mean())


def test_nods_answer_pauses_of_the_other() -> None:
    life = Life()
    assert nod_share(life, pauses=True) > nod_share(life, pauses=False) + 0.15


def test_an_example_is_complete(pool: VoicePool) -> None:
    for seed in range(6):
        example = make_example(pool, np.random.default_rng(seed), 4.0)
        assert example.self_FM.shape == example.other_FM.shape == (400, MEL_BANDS)
        assert example.mouth_TK.shape == (201, len(MOUTH))
        assert np.isfinite(example.self_FM).all()
        assert example.mouth_TK[example.speaking_T == 0].max(initial=0) < 0.5
        assert example.viseme_T.max() < len(VISEMES)


def test_training_learns_and_the_export_agrees(pool: VoicePool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    write_shard(pool, tmp_path / "shard-0000.npz", seed=0, count=8)
    batch = next(batches(tmp_path, np.random.default_rng(0)))

    def loss(net: HearingNet) -> float:
        with torch.inference_mode():
            return float(loss_of(*net(batch["self"], batch["other"]), batch))

    before = loss(HearingNet())
    # A clock that ticks once a step: as many steps on any machine.
    ticks = map(float, itertools.count())
    net = train(
        tmp_path, tmp_path / "run", minutes=1.0, rate=3e-3, seed=0, clock=lambda: next(ticks)
    )
    assert loss(net) < 0.8 * before
    assert (tmp_path / "run/hearing.pt").exists()
    package = tmp_path / "motion-tiny"
    write_package(Generator(net, MouthSettings()).eval(), package, 20.0, {})
    manifest = json.loads((package / "model.json").read_text())
    assert manifest["kind"] == "motion"
    generator = MotionGenerator(package)
    assert generator.delay_s == 0.02
    track = generator.push(voice(np.random.default_rng(9)))
    assert len(track) == 100
    assert np.isfinite(track.motion_TD).all()


def test_the_score_knows_a_perfect_a_late_and_a_still_mouth() -> None:
    phones = [
        (0.0, 0.3, "SIL"), (0.3, 0.45, "T"), (0.45, 0.7, "AA"), (0.7, 0.85, "S"), (0.85, 1.1, "EH"),
        (1.1, 1.2, "P"), (1.2, 1.4, "UW"), (1.4, 1.5, "K"), (1.5, 2.0, "SIL"),
    ]  # fmt: skip
    known = {"T": "TD", "S": "SZ", "P": "PB", "UW": "UU", "K": "K"}
    ours = [(a, b, known.get(n, n)) for a, b, n in phones]
    time_T = np.arange(100) * 0.02
    motion_TD = np.zeros((100, 61), np.float32)
    for i, name in enumerate(MOUTH):
        motion_TD[:, motion_columns(name)] = mouth_track(ours, time_T)[:, i : i + 1]
    visemes = np.tile(np.eye(15, dtype=np.float32)[0], (100, 1))
    perfect = score([place(phones, 2.0, time_T, motion_TD, visemes)])
    late = score([place(phones, 2.0, time_T + 0.1, motion_TD, visemes)])
    still = score([place(phones, 2.0, time_T, motion_TD * 0, visemes)])
    assert perfect.openness > 0.85
    assert perfect.closed_lips == 1.0
    assert perfect.closed_tongue == 0.0
    assert late.lag_ms - perfect.lag_ms == pytest.approx(100, abs=10)
    assert late.openness < perfect.openness
    assert still.openness == 0.0
