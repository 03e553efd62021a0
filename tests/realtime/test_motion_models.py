"""The bundled motion models behind a live stage: changed while they perform, and missing ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app import composition, paths
from app.composition import OnnxStage
from app.live_session import LiveChoices
from app.live_session.makers import StageChoices
from app.media.sound_file import read_speech
from app.models.motion_choices import in_full, in_short, motion_choices
from app.realtime.clock import VirtualClock
from app.session_contract import Background, OutputFormat
from inference.contract import MOTION_INDEX, STEP_SAMPLES, Controls, PersonareError
from tests.realtime.waiting import wait_for
from tests.simulated import SimulatedFrames

CHOICES = motion_choices()
NAMES = [choice.name for choice in CHOICES]
HEAD = [MOTION_INDEX[f"head{axis}"] for axis in ("Yaw", "Pitch", "Roll")]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> Iterator[object]:
    monkeypatch.setattr(composition, "make_frames", lambda *rest: SimulatedFrames())

    def stage(motion_model: str = "") -> OnnxStage:
        choices = StageChoices(
            "", "cpu", OutputFormat(64, 32, 30), Background(), Controls(), motion_model
        )
        return OnnxStage(choices, "", VirtualClock(), told.append)

    return stage


def perform(stage: OnnxStage, sound_N: np.ndarray, block: int = 160) -> tuple[list, list]:
    """Times and motions of the steps made, heard in blocks."""
    times, motions = [], []
    for at in range(0, len(sound_N), block):
        track = stage.performer.hear(sound_N[at : at + block])
        times += track.time_T.tolist()
        motions += list(track.motion_TD)
    return times, motions


def test_what_is_installed_is_described_for_people() -> None:
    assert CHOICES[0].is_default
    by_name = {choice.name: choice for choice in CHOICES}
    assert by_name["motion-first-light"].title == "First light"
    assert in_short(by_name["motion-first-light"].knows) == "no moods, no cues"
    assert in_full(by_name["motion-first-light"].knows) == "liveliness, warmth"
    assert in_short(by_name["motion-performer"].knows) == "moods and cues"
    assert "cues: nod, shake, smile, raise brows" in in_full(by_name["motion-performer"].knows)
    assert in_short(frozenset({"neutral", "wink"})) == "cues"


@pytest.mark.parametrize(("first", "second"), [NAMES[:2], NAMES[1::-1]])
def test_models_change_in_the_middle_of_speech(
    make, told: list[str], first: str, second: str
) -> None:
    speech = read_speech(paths.sample_speech())
    stage = make(first)
    assert (stage.motion_model, stage.notice) == (first, ("", ""))
    times, motions = perform(stage, speech[: 3 * 16_000 + 100])
    with pytest.raises(PersonareError, match="no motion model"):
        stage.set_motion_model("motion-gone")
    assert stage.motion_model == first
    stage.set_motion_model(second)
    assert stage.motion_model == second
    assert stage.knows == {choice.name: choice for choice in CHOICES}[second].knows
    more = perform(stage, speech[3 * 16_000 + 100 : 6 * 16_000])
    times, motion_TD = times + more[0], np.stack(motions + more[1])
    assert np.allclose(np.diff(times), 0.02, atol=1e-6)
    steps = np.abs(np.diff(motion_TD[:, HEAD], axis=0)).max(axis=1)
    change = 3 * 16_000 // STEP_SAMPLES
    assert steps[change : change + 12].max() < 0.03, "the head glides over"
    assert motion_TD[200:, MOTION_INDEX["jawOpen"]].max() > 0.1, "it speaks on within a second"
    assert told == []


def test_the_default_by_its_name_is_no_change(make) -> None:
    stage = make()
    before = stage._motion._inner
    stage.set_motion_model(NAMES[0])
    assert not stage._motion._successors
    assert stage._motion._inner is before


def test_a_model_that_was_removed_is_replaced_by_the_default(make) -> None:
    stage = make("motion-gone")
    assert stage.motion_model == NAMES[0]
    message, remedy = stage.notice
    assert message == "There is no motion model 'motion-gone'."
    assert "Preferences" in remedy
    assert perform(stage, np.zeros(3200, np.float32))[0]


ACTORS = [choice.name for choice in CHOICES if {"nod", "smile", "happy"} <= choice.knows]


@pytest.mark.skipif(not ACTORS, reason="no installed motion model knows cues")
def test_a_direction_is_seen_in_a_live_session(make) -> None:
    del make  # no pictures are drawn
    choices = LiveChoices(
        microphone=None,
        output=OutputFormat(64, 32, 30),
        direction="wait 1 second; nod twice, then smile broadly",
        motion_model=ACTORS[0],
    )
    session = composition.make_session(choices)
    session.start()
    moments: dict[float, np.ndarray] = {}

    def look() -> bool:
        newest = session._slot.get()
        if newest is not None:
            moment = newest[1].picture.moment  # type: ignore[attr-defined]
            moments[moment.audio_time] = moment.motion_D
        return bool(moments) and session.status().direction == ""

    try:
        wait_for(lambda: session.status().direction != "", 60)
        wait_for(look, 60)
        status = session.status()
        assert status.motion_model == ACTORS[0]
        assert status.engine.message == ""
        assert status.controls == Controls(), "the broad smile's mood went back"
    finally:
        session.stop()
    began = min(moments)
    time_P = np.array(sorted(moments)) - began
    motion_PD = np.stack([moments[time] for time in sorted(moments)])
    before, nods, smiles = time_P < 0.9, (time_P > 1.0) & (time_P < 3.4), time_P > 3.8
    pitch_P = np.degrees(motion_PD[:, MOTION_INDEX["headPitch"]])
    smile_P = motion_PD[:, MOTION_INDEX["mouthSmileLeft"]]
    assert np.ptp(pitch_P[nods]) > np.ptp(pitch_P[before]) + 3
    assert smile_P[smiles].max() > smile_P[before].max() + 0.25
