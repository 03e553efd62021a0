"""The engine: what a picture shows, live and offline, with stand-ins for both models."""

from __future__ import annotations

import numpy as np
import pytest

from app.session_contract import Activity, Background
from inference.compositor import Compositor
from inference.contract import AUDIO_RATE, MOODS, MOTION_INDEX, MOTION_SIZE, Controls, MotionTrack
from inference.direction import direction_of, parse_direction
from inference.engine import Engine
from inference.motion_history import MotionHistory
from tests.simulated import JAW, YAW, SimulatedFrames, SimulatedMotion, mouth_openness, tone


def make_engine(delay_steps: int = 2) -> Engine:
    compositor = Compositor(256, 256, Background("green"))
    return Engine(SimulatedMotion(delay_steps), SimulatedFrames(), compositor, keep_s=4.0)


def track(times: list[float], **channels: list[float]) -> MotionTrack:
    motion_TD = np.zeros((len(times), MOTION_SIZE), np.float32)
    for name, values in channels.items():
        motion_TD[:, MOTION_INDEX[name]] = values
    nothing_T = np.zeros(len(times), np.float32)
    viseme_TV = np.zeros((len(times), 15), np.float32)
    return MotionTrack(np.array(times), motion_TD, nothing_T, nothing_T, viseme_TV)


@pytest.mark.parametrize("delay_steps", [0, 1, 4])
@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_offline_mouth_and_sound_agree_at_every_rate_and_delay(delay_steps: int, fps: int) -> None:
    engine = make_engine(delay_steps)
    sound_N = tone(1.5, 0.5, 1.0).astype(np.float32)
    engine.hear(np.concatenate((sound_N, np.zeros(AUDIO_RATE, np.float32))))
    jaw_F = np.array([engine.moment(k / fps).motion_D[JAW] for k in range(round(1.5 * fps))])
    open_F = np.flatnonzero(jaw_F > 0.5) / fps
    # A step of 20 ms ends when its sound has been heard, so up to one step on either side.
    assert 0.5 - 1e-6 <= open_F[0] <= 0.5 + 0.02 + 1 / fps
    assert 1.0 - 0.02 - 1 / fps <= open_F[-1] <= 1.0 + 0.02


def test_offline_motion_runs_straight_between_steps_and_is_held_beyond() -> None:
    history = MotionHistory(delay_s=0.1, keep_s=2.0)
    assert history.between(0.5).motion_D.shape == (MOTION_SIZE,)
    history.add(track([0.02, 0.04, 0.06], jawOpen=[0.0, 1.0, 0.0]))
    for time_s, jaw in ((0.0, 0), (0.02, 0), (0.03, 0.5), (0.04, 1), (0.055, 0.25), (1, 0)):
        assert history.between(time_s).motion_D[JAW] == pytest.approx(jaw, abs=1e-5)
    assert history.between(0.03).audio_time == pytest.approx(0.03 - 0.1)


def test_live_the_mouth_is_never_guessed_and_the_head_glides_one_step_at_most() -> None:
    history = MotionHistory(delay_s=0.0, keep_s=2.0)
    history.add(track([0.02, 0.04], jawOpen=[0.2, 0.6], headYaw=[0.10, 0.12]))
    for now_s, yaw in ((0.04, 0.12), (0.05, 0.13), (0.06, 0.14), (9.0, 0.14), (0.0, 0.12)):
        moment = history.carried_on(now_s)
        assert moment.motion_D[JAW] == np.float32(0.6)
        assert moment.motion_D[YAW] == pytest.approx(yaw, abs=1e-5)
        assert moment.audio_time == pytest.approx(0.04)


def test_live_a_saccade_does_not_overshoot() -> None:
    history = MotionHistory(delay_s=0.0, keep_s=2.0)
    history.add(track([0.02, 0.04], eyeLookUpLeft=[0.0, 0.9]))
    assert history.carried_on(0.06).motion_D[MOTION_INDEX["eyeLookUpLeft"]] == np.float32(0.9)


def test_live_shows_the_newest_motion_and_says_what_sound_that_is() -> None:
    engine = make_engine(delay_steps=2)
    assert engine.frame().activity == "idle"
    engine.hear(tone(0.5).astype(np.float32))
    picture = engine.frame()
    assert mouth_openness(picture.rgb) > 0.9
    assert picture.audio_time == pytest.approx(0.5 - 0.04)
    assert engine.heard_s == pytest.approx(0.5)
    assert not engine.ready(0.5)
    assert engine.ready(0.46)


def test_pieces_give_the_same_moments_as_the_whole() -> None:
    sound_N = tone(1.0, 0.2, 0.7).astype(np.float32)
    whole, pieces = make_engine(), make_engine()
    whole.hear(sound_N)
    rng = np.random.default_rng(1)
    at = 0
    while at < len(sound_N):
        step = int(rng.integers(1, 700))
        pieces.hear(sound_N[at : at + step])
        at += step
    for time_s in np.arange(0, 0.9, 0.013):
        np.testing.assert_array_equal(whole.moment(time_s).motion_D, pieces.moment(time_s).motion_D)


def test_activity_hangs_over_short_gaps() -> None:
    engine = make_engine(0)
    seen = []
    silence_N = np.zeros(320, np.float32)
    loud_N = np.full(320, 0.5, np.float32)
    for k in range(150):
        voice_N = loud_N if k < 20 or 30 <= k < 50 else silence_N
        other_N = loud_N if k >= 80 else silence_N
        engine.hear(voice_N, other_N)
        seen.append(engine.moment().activity)
    assert seen[25] == Activity.SPEAKING  # a gap of 0.2 s
    assert seen[75] == Activity.IDLE
    assert seen[100] == Activity.LISTENING
    assert set(seen) == {"speaking", "idle", "listening"}


def test_i420_is_made_once_and_only_when_wanted() -> None:
    picture = make_engine().frame()
    first = picture.i420
    assert picture.i420 is first
    assert first.shape == (384, 256)


def test_everything_can_be_changed_while_it_runs() -> None:
    engine = make_engine()
    other = SimulatedFrames()
    engine.set_frames(other)
    engine.set_compositor(Compositor(128, 128, Background("green")))
    engine.set_background(Background("color", (255, 255, 255)))
    engine.set_controls(Controls(liveliness=0.9))
    picture = engine.frame()
    assert other.drawn == 1
    assert picture.rgb.shape == (128, 128, 3)
    assert picture.rgb[0, 0, 2] > 200


def test_reset_begins_a_new_performance_that_its_seed_repeats() -> None:
    engine = make_engine()
    sound_N = tone(0.3).astype(np.float32)

    def performance(seed: int) -> bytes:
        engine.reset(seed)
        assert engine.heard_s == 0.0
        return engine.hear(sound_N).motion_TD.tobytes()

    first = performance(1)
    assert performance(1) == first
    assert performance(2) != first


def test_without_pictures_only_the_motion_can_be_asked() -> None:
    engine = Engine(SimulatedMotion())
    assert engine.moment().motion_D.shape == (MOTION_SIZE,)
    with pytest.raises(RuntimeError):
        engine.frame()


class StyledMotion(SimulatedMotion):
    """Writes into its motion which style each step was made with."""

    def push(self, self_N: np.ndarray, other_N: np.ndarray | None = None) -> MotionTrack:
        made = super().push(self_N, other_N)
        made.motion_TD[:, MOTION_INDEX["breath"]] = self.controls.warmth
        made.motion_TD[:, MOTION_INDEX["headZ"]] = MOODS.index(self.controls.mood)
        made.motion_TD[:, MOTION_INDEX["headX"]] = len(self.cues)
        return made


def styles(block: int) -> np.ndarray:
    """Warmth, mood and cues begun, of every step of 6 s under a direction."""
    motion = StyledMotion(0)
    engine = Engine(motion, keep_s=10.0)
    engine.set_controls(Controls(warmth=0.4))
    engine.direct(direction_of("be sad for 1.01 seconds, then nod and wink, at 0:04.5 warmer"))
    sound_N = np.zeros(6 * AUDIO_RATE, np.float32)
    tracks = [engine.hear(sound_N[at : at + block]) for at in range(0, len(sound_N), block)]
    assert motion.cues == ["nod", "wink"]
    return np.concatenate([made.motion_TD for made in tracks])[:, _STYLE]


_STYLE = [MOTION_INDEX[name] for name in ("breath", "headZ", "headX")]


def test_a_direction_is_performed_in_audio_time_however_the_sound_is_cut() -> None:
    whole_T3 = styles(6 * AUDIO_RATE)
    assert len(whole_T3) == 300
    sad, neutral = MOODS.index("sad"), MOODS.index("neutral")
    assert (whole_T3[:50, 1] == sad).all()
    assert (whole_T3[51:, 1] == neutral).all(), "1.01 s end within step 51"
    assert (whole_T3[:50, 2] == 0).all()
    assert (whole_T3[51:, 2] == 2).all()
    np.testing.assert_allclose(whole_T3[:225, 0], 0.4, atol=1e-6)
    np.testing.assert_allclose(whole_T3[225:, 0], 0.65, atol=1e-6)
    for block in (160, 48, 4800, 333):
        np.testing.assert_array_equal(styles(block), whole_T3)


def test_cues_and_controls_reach_the_model_once_and_survive_a_reset() -> None:
    motion = StyledMotion()
    engine = Engine(motion)
    engine.cue("smile")
    assert motion.cues == [], "not before the next step"
    engine.hear(np.zeros(320, np.float32))
    engine.hear(np.zeros(320, np.float32))
    assert motion.cues == ["smile"]
    with pytest.raises(ValueError, match="unknown cue"):
        engine.cue("dance")
    with pytest.raises(ValueError, match="not understood"):
        engine.direct(parse_direction("dance"))
    engine.set_controls(Controls(mood="happy"))
    engine.direct(direction_of("be angry for a minute"))
    engine.hear(np.zeros(320, np.float32))
    assert (engine.controls.mood, motion.controls.mood) == ("angry", "angry")
    engine.reset()
    engine.hear(np.zeros(320, np.float32))
    assert engine.controls == Controls(mood="happy")
    assert engine.direction == ""
