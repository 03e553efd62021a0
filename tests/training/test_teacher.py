"""The teacher on a tiny corpus of synthetic phones: repeatable, within the studies, prompt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.contract import AUDIO_RATE, CUES, MOODS
from training.evaluate.published import BLINKS, LOOKS
from training.motion.heard import Heard
from training.motion.performance import (
    CONTROL_SIZE,
    CUE_SECONDS,
    HEARD_SIZE,
    PERFORMANCE,
    PERFORMANCE_INDEX,
    PERFORMANCE_SIZE,
)
from training.speech.corpus import Clip, Corpus
from training.teacher import check, shards
from training.teacher.clip_facts import VoiceBook, clip_facts
from training.teacher.conversation import Conversation, converse
from training.teacher.direction import Direction, direct, steady
from training.teacher.hearing import hear, heard_track
from training.teacher.performer import perform
from training.teacher.shapes import RATE, add_bump, follow, glide, wander

torch = pytest.importorskip("torch")
SECONDS = 240.0
STEPS = int(SECONDS * RATE)


def add_clip(corpus: Corpus, name: str, voice: str, rng: np.random.Generator) -> Clip:
    """A sentence of hums and hisses: vowels with pitch and one stressed, a pause in the middle."""
    phones, now = [(0.0, 0.1, "SIL")], 0.1
    pieces = [np.zeros(AUDIO_RATE // 10)]
    stressed = int(rng.integers(1, 8))
    for i in range(9):
        for sound in ("SZ", "AA" if i % 2 else "IH"):
            length = 0.08 if sound == "SZ" else 0.22 if i == stressed else 0.1
            n = int(length * AUDIO_RATE)
            if sound == "SZ":
                pieces.append(0.01 * rng.standard_normal(n))
            else:
                hertz = 150.0 if i == stressed else 120.0
                gain = 0.3 if i == stressed else 0.1
                pieces.append(gain * np.sign(np.sin(2 * np.pi * hertz * np.arange(n) / AUDIO_RATE)))
            phones.append((now, now + n / AUDIO_RATE, sound))
            now += n / AUDIO_RATE
        if i == 4:
            pieces.append(np.zeros(AUDIO_RATE // 4))
            phones.append((now, now + 0.25, "SIL"))
            now += 0.25
    clip = Clip(name, voice, "en", "synthetic", "", now, phones)
    corpus.add(clip, np.concatenate(pieces).astype(np.float32))
    return clip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    corpus = Corpus(Path(tmp_path_factory.mktemp("corpus")))
    rng = np.random.default_rng(0)
    for voice in ("one", "two", "three"):
        for i in range(4):
            add_clip(corpus, f"{voice}-{i}", voice, rng)
    return corpus


@pytest.fixture(scope="module")
def book(corpus: Corpus) -> VoiceBook:
    return VoiceBook(corpus)


@pytest.fixture(scope="module")
def conversation(book: VoiceBook) -> Conversation:
    return converse(book, np.random.default_rng(4), SECONDS)


def cues_every(seconds: float, names: tuple[str, ...] = CUES) -> list[tuple[float, str]]:
    times = np.arange(4.0, SECONDS - 4, seconds)
    return [(float(t), names[i % len(names)]) for i, t in enumerate(times)]


def channel(performance_TP: np.ndarray, name: str) -> np.ndarray:
    return performance_TP[:, PERFORMANCE_INDEX[name]].astype(np.float64)


def test_accents_and_phrases_are_found(corpus: Corpus) -> None:
    clip = next(iter(corpus.clips()))
    facts = clip_facts(corpus, clip)
    assert facts.duration == pytest.approx(clip.duration - 0.1, abs=1e-3)
    assert len(facts.phrases_P2) == 2
    longest = max(
        (p for p in facts.phones if p[2] != "SIL" and p[2] != "SZ"), key=lambda p: p[1] - p[0]
    )
    strongest = facts.accents_A2[facts.accents_A2[:, 1].argmax(), 0]
    assert longest[0] <= strongest <= longest[1]
    short = facts.head(0.3)
    assert short.duration >= 0.3
    assert short.phones[-1][1] == pytest.approx(short.duration)


def test_conversations_take_turns(book: VoiceBook) -> None:
    both, mine, yours, overlap = 0.0, 0.0, 0.0, []
    for seed in range(4):
        talk = converse(book, np.random.default_rng(seed), 600.0)
        a, b = talk.me.speaking_S, talk.you.speaking_S
        mine, yours = mine + a.mean() / 4, yours + b.mean() / 4
        both += (a * b).mean() / 4
        turns = np.concatenate([talk.me.turns_N2, talk.you.turns_N2])
        turns = turns[turns[:, 0].argsort()]
        overlap += (turns[1:, 0] - turns[:-1, 1]).tolist()
    assert 0.15 < mine < 0.6
    assert 0.15 < yours < 0.6
    assert both < 0.05
    # Stivers et al. 2009: the usual gap is between 0 and 0.5 s.
    assert 0.0 < np.median(overlap) < 0.5


def test_same_seed_same_performance(conversation: Conversation) -> None:
    direction = direct(np.random.default_rng(1), SECONDS)
    first, again, other = (
        perform(conversation, direction, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.005


def test_ranges_and_smoothness(conversation: Conversation) -> None:
    direction = direct(np.random.default_rng(2), SECONDS)
    values_TP = perform(conversation, direction, np.random.default_rng(3))
    assert values_TP.shape == (STEPS, PERFORMANCE_SIZE)
    assert values_TP.dtype == np.float32
    assert np.isfinite(values_TP).all()
    signed = ("gazeYaw", "gazePitch", "side", "articulation", "breath")
    for name in PERFORMANCE:
        low = -1.0 if name in signed or name.startswith("head") else 0.0
        track = channel(values_TP, name)
        assert low <= track.min()
        assert track.max() <= 1.0
        assert track.std() > 1e-4, f"{name} never moves"
    for name in ("headYaw", "headPitch", "headRoll"):
        assert np.abs(channel(values_TP, name)).max() < 0.45
        # Even a shake asked for turns the head by less than 200 degrees a second.
        assert np.abs(np.diff(channel(values_TP, name))).max() * RATE < np.radians(200)


@pytest.mark.parametrize("mood", MOODS)
def test_cues_are_prompt(conversation: Conversation, mood: str) -> None:
    cues = cues_every(3.5)
    direction = steady(STEPS, 0.3, 0.5, {mood: 1.0}, cues)
    values_TP = perform(conversation, direction, np.random.default_rng(8))
    for time, name in cues:
        after = values_TP[int(time * RATE) : int((time + 2.0) * RATE)]
        soon = after[: int(0.44 * RATE)]
        if name == "nod":
            assert np.degrees(np.ptp(channel(after, "headPitch"))) >= 6
            assert np.degrees(np.ptp(channel(soon, "headPitch"))) > 3
        elif name == "shake":
            assert np.degrees(np.ptp(channel(after, "headYaw"))) >= 6
            assert np.degrees(np.ptp(channel(soon, "headYaw"))) > 2
        elif name == "smile":
            assert 0.5 * (channel(soon, "smileLeft") + channel(soon, "smileRight")).max() > 0.25
        elif name == "raise_brows":
            assert channel(soon, "browOuterUpLeft").max() > 0.25
        elif name == "look_away":
            yaw = 30 * channel(after, "gazeYaw") + np.degrees(channel(after, "headYaw"))
            pitch = 25 * channel(after, "gazePitch") + np.degrees(channel(after, "headPitch"))
            away = np.hypot(yaw, pitch)
            assert away[: int(0.4 * RATE)].max() >= 14
            assert (away > 11).mean() * 2.0 > 0.8
        else:
            eyes = np.stack([channel(soon, "blinkLeft"), channel(soon, "blinkRight")])
            assert eyes.max() > 0.9
            assert eyes.min(0).max() < 0.35


def test_the_clock_of_a_cue() -> None:
    controls = steady(200, cues=[(2.0, "smile")]).controls()
    clock = controls[:, CONTROL_SIZE - len(CUES) + CUES.index("smile")]
    assert controls.shape == (200, CONTROL_SIZE)
    assert clock[49] == 0
    assert clock[50] == 1
    assert clock[50 + int(CUE_SECONDS * RATE)] == 0
    np.testing.assert_allclose(np.diff(clock[50:90]), -1 / (CUE_SECONDS * RATE), atol=1e-6)
    np.testing.assert_allclose(controls[:, 2 : 2 + len(MOODS)].sum(1), 1)


def test_random_controls_keep_to_their_ranges() -> None:
    direction = direct(np.random.default_rng(0), 400.0)
    controls = direction.controls()
    assert controls.min() >= 0
    assert controls.max() <= 1
    np.testing.assert_allclose(controls[:, 2 : 2 + len(MOODS)].sum(1), 1, atol=1e-5)
    assert {name for _, name in direction.cues} == set(CUES)


def test_rates_are_those_of_the_studies(book: VoiceBook) -> None:
    tally = check.Tally()
    rng = np.random.default_rng(3)
    for _ in range(3):
        tally.add(check.measure(converse(book, rng, 600.0), steady(600 * RATE), rng))
    for state, study in BLINKS.items():
        assert study.holds(tally.blink_rate(state)), state
    for key, study in LOOKS.items():
        assert study.holds(float(np.mean(tally.looks[key]))), key
    assert 4 < tally.answers_a_minute() < 12
    assert tally.near / tally.answers > 0.6


def test_liveliness_and_warmth_show(conversation: Conversation) -> None:
    def act(liveliness: float, warmth: float) -> np.ndarray:
        direction: Direction = steady(STEPS, liveliness, warmth)
        return perform(conversation, direction, np.random.default_rng(1))

    still, lively, cold, warm = act(0.0, 0.5), act(1.0, 0.5), act(0.5, 0.0), act(0.5, 1.0)
    assert channel(lively, "headPitch").std() > 1.3 * channel(still, "headPitch").std()
    assert channel(still, "headPitch").std() > 0.003
    assert channel(warm, "smileLeft").mean() > channel(cold, "smileLeft").mean() + 0.1


def test_heard_is_that_of_the_graph(conversation: Conversation) -> None:
    speaking, level, pitch = (
        track[:1500].astype(np.float64)
        for track in (conversation.me.speaking_S, conversation.me.level_S, conversation.me.pitch_S)
    )
    wanted = Heard().track(*(torch.tensor(t[None]).float() for t in (speaking, level, pitch)))
    np.testing.assert_allclose(heard_track(speaking, level, pitch), wanted[0].numpy(), atol=1e-3)


def test_heard_follows_who_speaks(conversation: Conversation) -> None:
    heard_TH = hear(conversation, np.random.default_rng(0))
    assert heard_TH.shape == (STEPS, HEARD_SIZE)
    for column, side in ((0, conversation.me), (4, conversation.you)):
        true = side.speaking_S[::2] > 0.5
        found = heard_TH[:, column] > 0.5
        assert (true == found).mean() > 0.9
        assert not (true == found).all()
        assert np.abs(heard_TH[~found, column + 1]).max() == 0


def test_shards(book: VoiceBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "_BLOCKS", 2)
    for name in ("a.npz", "b.npz"):
        shards.write_shard(book, tmp_path / name, 7, windows=3)
    with np.load(tmp_path / "a.npz") as first, np.load(tmp_path / "b.npz") as again:
        assert first["heard_BTH"].shape == (3, shards.STEPS, HEARD_SIZE)
        assert first["controls_BTC"].shape == (3, shards.STEPS, CONTROL_SIZE)
        assert first["performance_BTP"].shape == (3, shards.STEPS, PERFORMANCE_SIZE)
        for name in first:
            assert first[name].dtype == np.float16
            np.testing.assert_array_equal(first[name], again[name])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_curves() -> None:
    track = np.zeros(100)
    add_bump(track, 1.0, 0.4, 0.4, 0.4, 2.0)
    assert track[25] == 0
    assert 1.9 < track.max() <= 2.0
    assert track[56:].max() == 0
    steps = glide(100, 1.0, [(1.0, 0.4, 3.0), (2.0, 0.4, -1.0)])
    assert (steps[0], steps[45], steps[99]) == (1.0, 3.0, -1.0)
    late = follow(np.where(np.arange(100) < 50, 0.0, 1.0), 10.0)
    assert np.all(np.diff(late) >= 0)
    assert late[-1] > 0.99
    noise = wander(np.random.default_rng(0), 200_000, 2.0)
    assert noise.std() == pytest.approx(1.0, abs=0.1)
