"""The recorder: lips in sync in the film, a full disk, places that cannot be written."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from app.composition import make_recorder
from app.devices.simulated import SimulatedInput
from app.live_session import LiveChoices, LiveSession
from app.session_contract import OutputFormat, PartState
from tests.realtime.stand_ins import World
from tests.realtime.waiting import wait_for

OUTPUT = OutputFormat(320, 180, 30)


def beeps(time_N: np.ndarray) -> np.ndarray:
    """A quarter of a second of tone in every half: at 0.25, 0.75, 1.25 ... seconds."""
    on_N = (time_N % 0.5) >= 0.25
    return np.asarray(0.5 * on_N * np.sin(2 * np.pi * 400 * time_N), np.float32)


@pytest.fixture
def session() -> Iterator[LiveSession]:
    world = World(draw_seconds=0.015)
    world.make_recorder = make_recorder
    world.inputs["mic"] = SimulatedInput(world.clock, beeps)
    session = LiveSession(world.makers(), LiveChoices(microphone="mic", output=OUTPUT))
    session.start()
    wait_for(lambda: session.status().microphone_level_db > -40)
    yield session
    session.stop()


def decode(path: Path, kind: str) -> list[av.VideoFrame | av.AudioFrame]:
    """All frames up to the end, or to where the file was cut off."""
    frames: list[av.VideoFrame | av.AudioFrame] = []
    with av.open(str(path)) as film, contextlib.suppress(av.error.InvalidDataError):
        for frame in film.decode(**{kind: 0}):
            frames.append(frame)  # noqa: PERF402 - those before an error count
    return frames


def read_film(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Times and brightness of the pictures, the sound, and its rate."""
    pictures = decode(path, "video")
    frames = decode(path, "audio")
    times = np.array([frame.time for frame in pictures])
    light = np.array([frame.to_ndarray(format="gray").mean() for frame in pictures])
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return times, light, sound, frames[0].sample_rate


def onsets(times: np.ndarray, level: np.ndarray) -> np.ndarray:
    loud = level > 0.5 * level.max()
    return times[1:][loud[1:] & ~loud[:-1]]


def test_mouth_and_voice_of_the_film_are_in_sync(session: LiveSession, tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "film.mp4"
    session.set_recording(str(target))
    wait_for(lambda: session.status().recorder.state is PartState.ON)
    time.sleep(3.2)
    session.set_recording(None)
    wait_for(lambda: session.status().recorder.state is PartState.OFF)
    wait_for(lambda: session._recorder._followed == session._recorder._generation)
    session.stop()
    times, light, sound, rate = read_film(target)
    assert 2.0 < len(sound) / rate < 6.0
    assert times[-1] == pytest.approx(len(sound) / rate, abs=0.4)
    assert np.diff(times).min() > 0
    envelope = np.abs(sound[: len(sound) // 480 * 480]).reshape(-1, 480).max(axis=1)
    heard = onsets(np.arange(len(envelope)) * 480 / rate, envelope)
    seen = onsets(times, light - light.min())
    pairs = [(s, heard[np.abs(heard - s).argmin()]) for s in seen]
    assert len(pairs) >= 4
    offsets = np.array([s - h for s, h in pairs])
    # A picture shows a whole step of 20 ms and stands for 33 ms.
    assert np.abs(np.median(offsets)) < 0.045
    assert np.abs(offsets).max() < 0.15


def test_a_full_disk_stops_the_film_and_what_was_written_plays(
    session: LiveSession, tmp_path: Path
) -> None:
    target = tmp_path / "film.mp4"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        session.set_recording(str(target))
        wait_for(lambda: session.status().recorder.state is PartState.FAILED, 60)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    status = session.status().recorder
    assert "full" in status.message
    assert status.remedy
    number = session.latest_frame()[0]
    wait_for(lambda: session.latest_frame()[0] > number + 3)
    session.stop()
    times, _, sound, rate = read_film(target)
    assert times[-1] > 0.5
    assert len(sound) / rate > 0.5


def test_a_place_that_cannot_be_written_is_told(session: LiveSession, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "film.mp4", tmp_path):
        session.set_recording(str(place))
        wait_for(lambda: session.status().recorder.state is PartState.FAILED)
        assert session.status().recorder.remedy
    session.set_recording(str(tmp_path / "good.mp4"))
    wait_for(lambda: session.status().recorder.state is PartState.ON)


def test_stopping_the_session_finishes_the_film(session: LiveSession, tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    session.set_recording(str(target))
    wait_for(lambda: session.status().recorder.state is PartState.ON)
    time.sleep(1.0)
    session.stop()
    times, *_ = read_film(target)
    assert times[-1] > 0.5
