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
from training.motion.articulation import Articulation, MouthSettings
from training.motion.augment_features import bend, hide, warp_matrices
from training.motion.average import average
from training.motion.conversations import PHONE_GRID_S, VoicePool, make_example, write_shard
from training.motion.echo_path import FEATURE_SIZE as ECHO_FEATURES
from training.motion.echo_path import EchoPath
from training.motion.export import write_package
from training.motion.generator import Generator
from training.motion.hearing_targets import segments_of, targets_of
from training.motion.life import NOISE_SIZE, STATE_SIZE, Life
from training.motion.network import HEADS, HearingNet
from training.motion.normaliser import FEATURE_SIZE, SELF_FEATURES, Ears
from training.motion.normaliser import hear as hear_whole
from training.motion.train import batches, loss_of, train
from training.speech.corpus import Clip, Corpus
from training.speech.phones import PHONES
from training.teacher.mouth import MOUTH, aperture, motion_columns, mouth_track, openness_track

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
    mel = torch.randn(1, 600, MEL_BANDS, generator=torch.Generator().manual_seed(0)) - 8
    mel[:, ::40] -= 8
    quiet = torch.full_like(mel, -18.4)
    (loud, _), (soft, _) = hear_whole(Ears(), mel, quiet), hear_whole(Ears(), mel - 3, quiet)
    assert loud.shape == (1, 300, SELF_FEATURES)
    difference = (loud - soft)[..., :FEATURE_SIZE].abs().mean(2)[0]
    assert difference[-1] < 0.1 * difference[5] + 0.02


def talk_of_others(steps: int, late: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-mel means of others who talk with pauses, and of their echo `late` steps later."""
    generator = torch.Generator().manual_seed(0)
    other = torch.randn(1, steps, MEL_BANDS, generator=generator) * 1.5 - 6
    other[:, torch.rand(steps, generator=generator) < 0.2] = -17
    path = torch.linspace(-1, -4, MEL_BANDS)
    echo = torch.nn.functional.pad(other, (0, 0, late, 0), value=-18.0)[:, :steps] + path
    return other, torch.logaddexp(echo, torch.full_like(echo, -14.0))


def test_the_echo_of_others_is_foretold_and_the_user_stands_out() -> None:
    steps, late, since = 300, 7, 200
    other, mic = talk_of_others(steps, late)
    mic[:, since:] = torch.logaddexp(mic[:, since:], torch.full((steps - since, MEL_BANDS), -5.0))
    path, heard = EchoPath(), []
    state = path.initial(1)
    with torch.inference_mode():
        for t in range(steps):
            features, state = path(mic[:, t], other[:, t], state)
            heard.append(features[0])
    features = torch.stack(heard)
    assert features.shape == (steps, ECHO_FEATURES)
    unexplained = features[:, :MEL_BANDS].mean(1) + 1  # 0: all that is heard is echo
    talking = other[0, :, 0].roll(late) > -12
    assert unexplained[100:since][talking[100:since]].abs().mean() < 0.25
    assert unexplained[since : since + 20].mean() > 0.8


def test_a_step_of_the_network_is_its_whole() -> None:
    torch.manual_seed(0)
    net = HearingNet().eval()
    mine, theirs = torch.randn(2, 30, SELF_FEATURES), torch.randn(2, 30, FEATURE_SIZE)
    with torch.inference_mode():
        heads, later, listening = net(mine, theirs)
        state = net.initial(2)
        for t in range(30):
            head, heard, state = net.step(mine[:, t], theirs[:, t], state)
            assert torch.allclose(head, heads[:, t], atol=1e-5)
            assert torch.allclose(heard[:, 0], listening[:, t], atol=1e-5)
    assert heads.shape[2] == sum(HEADS.values())
    assert later.shape[3] == len(PHONES)
    assert sum(p.numel() for p in net.parameters()) < 3_000_000


def test_bent_features_are_other_voices_and_hidden_ones_are_gone() -> None:
    generator = torch.Generator().manual_seed(0)
    ramp = torch.linspace(-12, -4, MEL_BANDS).repeat(8, 20, 1)
    still, higher = (
        ramp[:1] @ warp_matrices(torch.tensor([1.0])),
        ramp[:1] @ warp_matrices(torch.tensor([1.15])),
    )
    assert torch.allclose(still, ramp[:1], atol=1e-3)
    assert (higher - ramp[:1])[0, 0, 5:35].min() > 0
    first, second = bend(ramp, ramp, generator), bend(ramp, ramp, generator)
    assert first[0].shape == ramp.shape
    assert (first[0] - second[0]).abs().mean() > 0.1
    features = torch.ones(8, 100, SELF_FEATURES)
    hidden = hide(features, MEL_BANDS, 2, generator)
    assert features.min() == 1
    assert 0.01 < (hidden[..., : 2 * MEL_BANDS] == 0).float().mean() < 0.4
    assert (hidden[..., 2 * MEL_BANDS :] == 1).all()


def test_targets_are_those_of_the_time_a_step_is_seen() -> None:
    grid = np.zeros(410, np.uint8)
    for start, end, name in WORD:
        grid[round(start / PHONE_GRID_S) : round(end / PHONE_GRID_S)] = PHONES.index(name)
    assert segments_of(grid)[1][2] == "M"
    targets = targets_of(grid, 100)
    at = round(0.38 / 0.02) - 1  # drawn at 0.38 s, within the m
    assert targets["closure_T"][at] == 1
    assert VISEMES[int(targets["viseme_T"][at])] == "PP"
    assert targets["closure_T"].sum() == pytest.approx((0.15 + 0.1 + 0.04) / 0.02, abs=2)
    assert targets["openness_T"].max() > 0.9
    assert PHONES[int(targets["later_TL"][at - 2, 2])] == "SIL"  # 60 ms before
    assert targets["round_T"][round(1.3 / 0.02)] == 1


def test_openness_follows_the_phones_and_so_does_the_teacher() -> None:
    time_T = np.arange(0, 2, 0.01)
    asked = openness_track(WORD, time_T)
    assert asked[time_T < 0.2].max() < 0.01
    assert asked[np.abs(time_T - 0.58) < 0.03].min() > 0.95
    assert asked[np.abs(time_T - 1.15) < 0.01].max() < 0.15
    assert np.corrcoef(asked, aperture(mouth_track(WORD, time_T)))[0, 1] > 0.85


def test_lips_close_and_part_by_the_heads() -> None:
    part = Articulation(HearingNet(), MouthSettings())
    told = {name: torch.zeros(3, size) for name, size in HEADS.items()}
    told["closure"] = torch.tensor([[-6.0], [-6.0], [6.0]])
    told["openness"] = torch.tensor([[0.0], [1.0], [1.0]])
    even = torch.full((3, len(VISEMES)), 1 / len(VISEMES))
    mouth = part.shape(told, even, torch.zeros(3, 1)).detach().numpy()
    opened = aperture(mouth)
    assert opened[0] > 0.05  # n and s part the lips a little
    assert opened[1] > 2 * opened[0]
    assert opened[2] < 0.01
    louder = part.shape(told, even, torch.ones(3, 1)).detach().numpy()
    assert aperture(louder)[1] > 1.05 * opened[1]
    read = part.read(torch.tensor([[0.0, 0.3, *[0.1] * 7, *[0.0] * 6]]))
    assert read.argmax() != 1  # seven inner sounds are likelier than one closed
    assert read.sum() == pytest.approx(1)


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
        example = make_example(pool, np.random.default_rng(seed), 4.0, echoes=seed > 3)
        assert example.self_FM.shape == example.other_FM.shape == (400, MEL_BANDS)
        assert example.phone_P.shape == (810,)
        assert example.listening_T.shape == example.accent_T.shape == (201,)
        assert np.isfinite(example.self_FM).all()
        if seed > 3:
            assert example.listening_T.max() == 1


def test_voices_can_be_left_out(pool: VoicePool, tmp_path: Path) -> None:
    clips = [clip for found in pool.by_voice.values() for clip in found]
    assert {clip.voice for clip in clips} == {"a"}
    corpus = Corpus(tmp_path)
    corpus.add(
        Clip("b-0", "b", "en-us", "human", "", 2.0, list(WORD)), voice(np.random.default_rng(3))
    )
    assert VoicePool(corpus).voices == ["b"]
    assert len(VoicePool(corpus).audio(next(corpus.clips()))) == 2 * AUDIO_RATE
    both = VoicePool([corpus, Corpus(tmp_path / "none")], without=["c"])
    assert both.voices == ["b"]


def test_training_learns_and_the_export_agrees(pool: VoicePool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    write_shard(pool, tmp_path / "shard-0000.npz", seed=0, count=8)
    batch = next(batches([tmp_path], 0, augment=False))

    def loss(net: HearingNet) -> float:
        with torch.inference_mode():
            return float(loss_of(*net.eval()(batch["self"], batch["other"]), batch))

    before = loss(HearingNet(48, 48))
    # A clock that ticks every step: as many steps on any machine.
    ticks = map(float, itertools.count(0, 2))
    net = train([tmp_path], tmp_path / "run", 1.0, 5e-3, 0, clock=lambda: next(ticks), width=48)
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


def test_the_average_lies_between(tmp_path: Path) -> None:
    for name, value in (("a", 0.0), ("b", 4.0)):
        torch.save({"w": torch.full((3,), value)}, tmp_path / name)
    mean = average({tmp_path / "a": 1.0, tmp_path / "b": 3.0})
    assert torch.allclose(mean["w"], torch.full((3,), 3.0))
