"""The bundled models and characters, through the program as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app import paths
from app.cli.perform import synchronous_moments
from app.engine_builder import EngineChoices, build_engine, build_motion_engine
from app.media.sound_file import read_speech
from inference.contract import AUDIO_RATE, MOTION_INDEX, MOTION_SIZE, Controls
from tests.simulated import write_wav

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).resolve().parents[2]
JAW = MOTION_INDEX["jawOpen"]
SECONDS, FPS = 6.0, 25


def personare(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, without a screen."""
    return subprocess.run(
        [sys.executable, "-m", "app", *map(str, words)],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def environment() -> dict[str, str]:
    """As inherited, less every screen."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {k: v for k, v in os.environ.items() if k not in hidden} | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of the sample speech: phrases, and pauses between them."""
    speech_N = read_speech(paths.sample_speech())[: round(SECONDS * AUDIO_RATE)]
    return write_wav(tmp_path_factory.mktemp("voice") / "voice.wav", speech_N)


@pytest.fixture(scope="module")
def film(voice: Path) -> Path:
    out = voice.parent / "film.mp4"
    done = personare(
        "render", "--voice", voice, "--out", out, "--fps", FPS, folder=voice.parent
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return out


def pictures_of(path: Path) -> Any:
    """uint8 (frames, height, width, 3)."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_the_film_is_as_long_as_the_voice_and_large_enough(film: Path) -> None:
    with av.open(str(film)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == (512, 512)
        assert float(video.duration * video.time_base) == pytest.approx(SECONDS, abs=1 / FPS)
        assert float(audio.duration * audio.time_base) == pytest.approx(SECONDS, abs=1 / FPS)
        assert sum(1 for _ in container.decode(video=0)) == round(SECONDS * FPS)


def test_the_sound_is_the_voice_unshifted(film: Path, voice: Path) -> None:
    with av.open(str(film)) as container:
        frames = list(container.decode(audio=0))
        sound_N = np.concatenate([frame.to_ndarray()[0] for frame in frames])
        first_s = float(frames[0].pts * frames[0].time_base)
    speech_N = read_speech(voice)
    heard_N = sound_N[round(-min(first_s, 0) * 48_000) :: 3][: len(speech_N)]
    spectrum_N = np.fft.rfft(heard_N, 2 * len(speech_N)) * np.conj(
        np.fft.rfft(speech_N, 2 * len(speech_N))
    )
    match_N = np.fft.irfft(spectrum_N)
    lag = int(np.argmax(match_N))
    lag = lag - len(match_N) if lag > len(match_N) // 2 else lag
    assert abs(lag / AUDIO_RATE) < 0.01


def mouth_track(film: Path) -> Any:
    """How much the mouth's pixels differ from the rest pose, picture by picture."""
    engine = build_engine(EngineChoices(width=512, height=512)).engine
    rest_D = np.zeros(MOTION_SIZE, np.float32)
    open_D = rest_D.copy()
    open_D[JAW] = 0.5
    frames, compositor = engine.frames, engine.compositor
    assert frames is not None
    assert compositor is not None
    rest = compositor.compose(frames.draw(rest_D)).astype(np.int16)
    opened = compositor.compose(frames.draw(open_D)).astype(np.int16)
    change = np.abs(opened - rest).sum(axis=2)
    mouth = change > np.percentile(change, 99.7)
    return np.abs(pictures_of(film)[:, mouth].astype(np.int16) - rest[mouth]).mean(axis=(1, 2))


def test_the_mouth_in_the_pictures_follows_the_words_in_time(film: Path, voice: Path) -> None:
    engine, _ = build_motion_engine(Controls())
    speech_N = read_speech(voice)
    count = round(SECONDS * FPS)
    moments = synchronous_moments(engine, speech_N, None, FPS)
    jaw_F = np.array([moment.motion_D[JAW] for _, moment in moments])[:count]
    level_F = np.array(
        [np.sqrt(np.mean(np.square(speech_N[s : s + 1280]))) for s in range(0, len(speech_N), 640)]
    )[:count]
    seen_F = mouth_track(film)
    correlation = {
        lag: float(np.corrcoef(seen_F[5 + lag : count - 5 + lag], jaw_F[5 : count - 5])[0, 1])
        for lag in range(-4, 5)
    }
    best = max(correlation, key=lambda lag: correlation[lag])
    assert abs(best) <= 1, correlation
    assert correlation[best] > 0.5, correlation
    speech, pause = level_F > 0.05, level_F < 0.002
    assert jaw_F[speech].mean() > 4 * jaw_F[pause].mean()


def test_the_character_stays_alive(film: Path) -> None:
    step = np.abs(np.diff(pictures_of(film)[:, ::4, ::4].astype(np.int16), axis=0))
    assert (step.mean(axis=(1, 2, 3)) > 0).mean() > 0.95  # hardly ever the same picture twice


def test_ctrl_c_ends_the_program_cleanly_and_the_film_plays(voice: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "render", "--voice", str(voice), "--out", "a.mp4"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    film = tmp_path / "a.mp4"
    deadline = time.monotonic() + 60
    while not film.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert len(pictures_of(film)) >= 1


def test_the_live_loop_runs_without_screen_camera_or_microphone(tmp_path: Path) -> None:
    done = personare(
        "run", "--headless", "--mic", paths.sample_speech(), "--camera", "none",
        "--seconds", "2", "--record", "live.mp4", folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "pictures per second" in done.stdout
    pictures = pictures_of(tmp_path / "live.mp4")
    assert pictures.shape[1:] == (720, 1280, 3)
    assert len(pictures) >= 1  # a busy machine may be slow, but not silent


@pytest.mark.slow
def test_bench_prints_what_its_page_says(tmp_path: Path) -> None:
    done = personare("bench", "--json", "--seconds", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [key for key in report if f"`{key}`" not in page] == []
    assert report["fps"] > 5
    assert report["mouth_delay_ms"]["p50"] >= report["model_delay_ms"]
    assert 0 < report["first_frame_s"] < 60
    assert 50 < report["peak_memory_mb"] < 700
    assert report["reference_convolution"]["gflops"] > 0.1


def test_doctor_tells_the_truth_about_this_machine(tmp_path: Path) -> None:
    done = personare("doctor", "--json", folder=tmp_path)
    report = json.loads(done.stdout)
    states = {check["name"]: check["state"] for check in report["checks"]}
    for needed in ("system", "provider", "models", "characters", "motion", "films"):
        assert states[needed] == "ok", report
    assert states["display"] == "missing"
    assert report["ok"] is (done.returncode == 0)
    for check in report["checks"]:
        assert check["state"] == "ok" or check["remedy"], check


def test_a_camera_that_was_asked_for_and_is_not_there_is_a_failure(tmp_path: Path) -> None:
    done = personare(
        "run", "--headless", "--mic", "none", "--camera", "/dev/null", "--seconds", "1",
        folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "camera" in done.stderr.splitlines()[-2]
