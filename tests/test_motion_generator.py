"""The bundled motion generator: causal, streaming, repeatable, alive, quiet when it should be."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
import soxr

from inference.contract import (
    AUDIO_RATE,
    MOTION_INDEX,
    MOTION_RATE,
    MOTION_SIZE,
    STEP_SAMPLES,
    Controls,
    Float32Array,
    MotionTrack,
    PersonareError,
)
from inference.motion_generator import MotionGenerator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "assets/models/motion-performer"


def read(name: str) -> Float32Array:
    with wave.open(str(ROOT / "assets/speech" / name)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return (pcm / 32768).astype(np.float32)


HELLO = read("hello.wav")
OTHER = read("other.wav")


@pytest.fixture(scope="module")
def generator() -> MotionGenerator:
    return MotionGenerator(PACKAGE)


def column(track: MotionTrack, name: str) -> Float32Array:
    return track.motion_TD[:, MOTION_INDEX[name]]


def aperture(track: MotionTrack) -> Float32Array:
    def both(name: str) -> Float32Array:
        return (column(track, f"{name}Left") + column(track, f"{name}Right")) / 2

    opened = column(track, "jawOpen") - column(track, "mouthClose")
    opened = opened + 0.5 * both("mouthLowerDown") + 0.3 * both("mouthUpperUp")
    return np.maximum(0, opened - 0.3 * both("mouthPress"))


def perform(
    generator: MotionGenerator, self_N: Float32Array, other_N: Float32Array | None = None,
    seed: int = 0,
) -> MotionTrack:  # fmt: skip
    generator.reset(seed)
    generator.controls = Controls()
    return generator.push(self_N, other_N)


@pytest.fixture(scope="module")
def hello(generator: MotionGenerator) -> MotionTrack:
    return perform(generator, HELLO)


@pytest.fixture(scope="module")
def limit(hello: MotionTrack) -> float:
    """A mouth counts as open beyond 5% of what it opens in speech."""
    return 0.05 * float(np.percentile(aperture(hello), 90))


def test_a_step_every_twenty_milliseconds(generator: MotionGenerator) -> None:
    track = perform(generator, HELLO[: AUDIO_RATE + 100])
    assert len(track) == MOTION_RATE
    assert track.motion_TD.shape == (MOTION_RATE, MOTION_SIZE)
    np.testing.assert_allclose(track.time_T, np.arange(1, 51) * 0.02)
    np.testing.assert_allclose(track.viseme_TV.sum(1), 1, atol=1e-4)
    assert len(generator.push(HELLO[:STEP_SAMPLES])) == 1


@pytest.mark.parametrize("milliseconds", [3, 10, 300])
def test_streaming_equals_whole(generator: MotionGenerator, milliseconds: int) -> None:
    self_N, other_N = HELLO[: 3 * AUDIO_RATE], OTHER[: 3 * AUDIO_RATE]
    whole = perform(generator, self_N, other_N, seed=3)
    generator.reset(3)
    block = AUDIO_RATE * milliseconds // 1000
    tracks = [
        generator.push(self_N[i : i + block], other_N[i : i + block])
        for i in range(0, len(self_N), block)
    ]
    for name in ("motion_TD", "speaking_T", "listening_T", "viseme_TV", "time_T"):
        joined = np.concatenate([getattr(t, name) for t in tracks])
        np.testing.assert_allclose(joined, getattr(whole, name), atol=1e-4)


def test_nothing_depends_on_later_audio(generator: MotionGenerator) -> None:
    cut = 2 * AUDIO_RATE
    changed = HELLO[: 3 * AUDIO_RATE].copy()
    changed[cut:] = changed[cut:][::-1]
    before = perform(generator, HELLO[: 3 * AUDIO_RATE])
    after = perform(generator, changed)
    steps = cut // STEP_SAMPLES
    np.testing.assert_array_equal(before.motion_TD[:steps], after.motion_TD[:steps])
    assert np.abs(before.motion_TD[steps:] - after.motion_TD[steps:]).max() > 0.01


def test_a_seed_repeats_and_another_differs(generator: MotionGenerator) -> None:
    speech = HELLO[: 4 * AUDIO_RATE]
    first, again = (perform(generator, speech, seed=7) for _ in range(2))
    other = perform(generator, speech, seed=8)
    np.testing.assert_array_equal(first.motion_TD, again.motion_TD)
    assert np.abs(column(first, "headYaw") - column(other, "headYaw")).max() > 0.002
    # The words are the same in every performance, how widely they are spoken is not quite.
    jaws = column(first, "jawOpen"), column(other, "jawOpen")
    assert np.abs(jaws[0] - jaws[1]).max() < 0.1
    assert np.corrcoef(*jaws)[0, 1] > 0.95


def test_the_mouth_moves_with_speech_and_rests_in_pauses(hello: MotionTrack) -> None:
    track = hello
    opened = aperture(track)
    level = np.abs(HELLO[: len(track) * STEP_SAMPLES]).reshape(-1, STEP_SAMPLES).max(1)
    loud = level > 0.1
    silent = np.convolve(level < 0.005, np.ones(20), "full")[: len(level)] >= 20
    assert loud.sum() > 300
    assert silent.sum() > 50
    assert opened[loud].mean() > 0.1
    assert opened[silent].max() < 0.02
    assert track.speaking_T[loud].mean() > 0.8
    assert track.speaking_T[silent].mean() < 0.1
    assert column(track, "jawOpen").max() < 0.7


def test_it_hears_the_others_and_keeps_its_mouth_shut(
    generator: MotionGenerator, limit: float
) -> None:
    echo = np.concatenate([np.zeros(1600, np.float32), OTHER[:-1600] * np.float32(0.02)])
    for self_N in (np.zeros_like(OTHER), echo):
        track = perform(generator, self_N, OTHER)
        level = np.abs(OTHER[: len(track) * STEP_SAMPLES]).reshape(-1, STEP_SAMPLES).max(1)
        assert track.listening_T[level > 0.1].mean() > 0.8
        assert (aperture(track) > limit).mean() < 0.03


def quiet(kind: str, seconds: int = 20) -> Float32Array:
    rng = np.random.default_rng(2)
    t = np.arange(seconds * AUDIO_RATE) / AUDIO_RATE
    hiss = 3e-4 * rng.standard_normal(len(t))
    if kind == "silence":
        return np.zeros(len(t), np.float32)
    if kind == "hum":
        tones = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 9))
        return (0.01 * tones + hiss).astype(np.float32)
    clicks = np.zeros(len(t))
    for at in rng.integers(0, len(t) - 800, seconds * 6):
        clicks[at : at + 800] += rng.standard_normal(800) * np.exp(-np.arange(800) / 60)
    return (0.05 * clicks + hiss).astype(np.float32)


@pytest.mark.parametrize("kind", ["silence", "hum", "keyboard"])
def test_what_is_not_speech_keeps_the_mouth_shut(
    generator: MotionGenerator, limit: float, kind: str
) -> None:
    assert (aperture(perform(generator, quiet(kind))) > limit).mean() <= 0.01


def test_it_blinks_and_breathes_like_somebody(generator: MotionGenerator) -> None:
    minutes = 2
    track = perform(generator, np.zeros(minutes * 60 * AUDIO_RATE, np.float32), seed=4)
    shut = column(track, "eyeBlinkLeft") > 0.5
    blinks = int((shut[1:] & ~shut[:-1]).sum()) / minutes
    assert 8 <= blinks <= 30  # 17 at rest (Bentivoglio et al. 1997), give or take
    assert shut.mean() < 0.1
    rising = np.diff(np.sign(column(track, "breath"))) > 0
    assert 9 <= rising.sum() / minutes <= 20
    gaze = column(track, "eyeLookOutLeft") - column(track, "eyeLookInLeft")
    for values in (gaze, *(column(track, n) for n in ("headYaw", "headPitch", "breath"))):
        spans = values[: len(track) // 250 * 250].reshape(-1, 250)
        assert (np.ptp(spans, axis=1) > 1e-3).all()  # never frozen for five seconds
    halves = column(track, "headYaw").reshape(2, -1)
    assert abs(np.corrcoef(halves)[0, 1]) < 0.8  # no loop
    assert np.abs(column(track, "headYaw")).max() < np.radians(15)


def test_controls_change_the_performance(generator: MotionGenerator) -> None:
    quiet_N = np.zeros(40 * AUDIO_RATE, np.float32)
    moved, smiled = np.zeros(2), np.zeros(2)
    for value in (0, 1):
        for seed in (1, 2, 3):
            generator.reset(seed)
            generator.controls = Controls(liveliness=value, warmth=value)
            track = generator.push(quiet_N)
            moved[value] += np.abs(np.diff(column(track, "headYaw"))).mean()
            smiled[value] += column(track, "mouthSmileLeft").mean()
    assert moved[1] > 1.5 * moved[0] > 0
    assert smiled[1] > 1.25 * smiled[0] > 0


def test_it_nods_when_asked(generator: MotionGenerator) -> None:
    nods = []
    for asked in (False, True):
        generator.reset(5)
        generator.controls = Controls()
        generator.push(np.zeros(4 * AUDIO_RATE, np.float32))
        if asked:
            generator.cue("nod")
        track = generator.push(np.zeros(2 * AUDIO_RATE, np.float32))
        nods.append(float(np.ptp(column(track, "headPitch"))))
    assert nods[1] > nods[0] + np.radians(3)


def resampled(audio_N: Float32Array) -> Float32Array:
    """Telephone speech: 8 kHz and back."""
    low_N = soxr.resample(audio_N, AUDIO_RATE, AUDIO_RATE / 2)
    return soxr.resample(low_N, AUDIO_RATE / 2, AUDIO_RATE)[: len(audio_N)].astype(np.float32)


def test_a_telephone_and_an_offset_are_heard_through(
    generator: MotionGenerator, hello: MotionTrack
) -> None:
    for spoiled_N in (resampled(HELLO), HELLO + np.float32(0.3), np.clip(4 * HELLO, -0.4, 0.4)):
        track = perform(generator, spoiled_N.astype(np.float32))
        count = min(len(track), len(hello))
        assert np.corrcoef(aperture(track)[:count], aperture(hello)[:count])[0, 1] > 0.8


def test_streams_the_wrong_way_round_shut_the_mouth(
    generator: MotionGenerator, limit: float
) -> None:
    track = perform(generator, np.zeros_like(HELLO), HELLO)
    assert (aperture(track) > limit).mean() < 0.005
    assert track.listening_T.mean() > 0.3


def test_it_speaks_again_after_a_jump_in_time(
    generator: MotionGenerator, hello: MotionTrack
) -> None:
    """A machine that slept goes on in the middle of a word, at another level."""
    jumped_N = np.concatenate([HELLO[: 5 * AUDIO_RATE], 0.1 * HELLO[7 * AUDIO_RATE :]])
    track = perform(generator, jumped_N)
    after = aperture(track)[6 * MOTION_RATE :]
    expected = aperture(hello)[8 * MOTION_RATE :][: len(after)]
    assert np.corrcoef(after[: len(expected)], expected)[0, 1] > 0.8


@pytest.mark.parametrize("fault", ["nan", "clipped", "offset", "inf", "zero"])
def test_it_recovers_from_bad_audio_within_a_second(
    generator: MotionGenerator, hello: MotionTrack, fault: str
) -> None:
    rng = np.random.default_rng(0)
    bad = {
        "nan": np.full(AUDIO_RATE, np.nan),
        "inf": np.full(AUDIO_RATE, np.inf),
        "clipped": np.sign(rng.standard_normal(AUDIO_RATE)) * 9,
        "offset": np.full(AUDIO_RATE, 0.8),
        "zero": np.zeros(AUDIO_RATE),
    }[fault].astype(np.float32)
    track = perform(
        generator, np.concatenate([HELLO[: 4 * AUDIO_RATE], bad, HELLO[: 8 * AUDIO_RATE]])
    )
    assert np.isfinite(track.motion_TD).all()
    after = aperture(track)[6 * MOTION_RATE :]
    expected = aperture(hello)[MOTION_RATE:][: len(after)]
    assert np.corrcoef(after, expected)[0, 1] > 0.8


def test_a_missing_or_damaged_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersonareError):
        MotionGenerator(tmp_path / "nowhere")
    for file in PACKAGE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "step.onnx").open("ab") as graph:
        graph.write(b"x")
    with pytest.raises(PersonareError):
        MotionGenerator(tmp_path)


def test_streams_of_different_length_are_refused(generator: MotionGenerator) -> None:
    with pytest.raises(ValueError, match="samples"):
        generator.push(HELLO[:100], OTHER[:90])
