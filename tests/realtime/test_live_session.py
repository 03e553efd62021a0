"""Whole sessions on simulated devices and stand-in models: start, faults, changes, stop.

These run in real time on machines that may be busy; rates and delays are tested exactly, on virtual
time, in test_live_session_loop.py.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from app.devices.simulated import SimulatedCamera, SimulatedInput
from app.live_session import LiveChoices, LiveSession
from app.live_session.parts import RETRY_SECONDS, KeptPart
from app.realtime.clock import VirtualClock
from app.session_contract import Activity, Background, OutputFormat, PartState, Session
from inference.contract import Controls, PersonareError
from tests.realtime.stand_ins import World
from tests.realtime.waiting import Bystander, wait_for

OUTPUT = OutputFormat(64, 32, 50)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make(world: World) -> Iterator[Callable[..., LiveSession]]:
    sessions: list[LiveSession] = []

    def start(**choices: object) -> LiveSession:
        choices.setdefault("output", OUTPUT)
        session = LiveSession(world.makers(), LiveChoices(**choices))  # type: ignore[arg-type]
        session.start()
        sessions.append(session)
        return session

    yield start
    for session in sessions:
        begin = time.perf_counter()
        session.stop()
        assert time.perf_counter() - begin < 4.0
        session.stop()


@pytest.fixture
def bystander() -> Iterator[Bystander]:
    with Bystander() as thread:
        yield thread


def pictures_go_on(world: World, key: str = "cam") -> None:
    count = len(world.cameras[key].arrivals)
    wait_for(lambda: len(world.cameras[key].arrivals) > count + 5)


class TestSession:
    def test_it_fulfils_the_contract(self, world: World) -> None:
        session: Session = LiveSession(world.makers())
        assert session.status().microphone.state is PartState.STARTING
        assert session.latest_frame() is None
        session.stop()

    def test_sound_becomes_pictures_at_the_camera(
        self, world: World, make, bystander: Bystander
    ) -> None:
        session = make(microphone="mic", camera="cam", character="ada", provider="cpu")
        # 50 asked for, stand-in models: nearly what a loop gets that does nothing.
        wait_for(lambda: session.status().fps > 0.8 * bystander.fps)
        # A block, a step, a turn: 50 ms at most, and what the machine is late itself.
        wait_for(lambda: 0 < session.status().latency_ms < 50 + 4 * bystander.late_ms)
        wait_for(lambda: session.status().activity is Activity.SPEAKING)
        wait_for(lambda: session.status().microphone_level_db > -25)
        status = session.status()
        assert status.microphone_level_db < -21
        assert status.other_level_db == -100
        assert (status.character, status.provider) == ("ada", "cpu")
        for part in (status.microphone, status.camera, status.engine):
            assert part.state is PartState.ON
        assert status.other.state is PartState.OFF
        number, rgb = session.latest_frame()
        assert rgb.shape == (32, 64, 3)
        wait_for(lambda: session.latest_frame()[0] > number)

    def test_the_microphone_goes_and_comes_back(self, world: World, make) -> None:
        world.inputs["mic"] = SimulatedInput(world.clock)
        session = make(microphone="mic", camera="cam")
        wait_for(lambda: session.status().activity is Activity.SPEAKING)
        world.inputs["mic"].present = False
        wait_for(lambda: session.status().microphone.state is PartState.RECOVERING)
        assert session.status().microphone.remedy
        wait_for(lambda: session.status().activity is Activity.IDLE)
        pictures_go_on(world)
        world.inputs["mic"].present = True
        wait_for(lambda: session.status().activity is Activity.SPEAKING)
        assert session.status().microphone.state is PartState.ON

    def test_a_camera_that_refuses_and_then_does_not(self, world: World, make) -> None:
        camera = SimulatedCamera(world.clock)
        camera.refusal = PersonareError("There is no camera.", remedy="Load v4l2loopback.")
        world.cameras["cam"] = camera
        session = make(microphone="mic", camera="cam")
        wait_for(lambda: session.status().camera.state is PartState.FAILED)
        assert session.status().camera.remedy == "Load v4l2loopback."
        wait_for(lambda: session.latest_frame() is not None)
        camera.refusal = None
        wait_for(lambda: session.status().camera.state is PartState.ON)
        camera.refusal = PersonareError("It broke.")
        wait_for(lambda: session.status().camera.state is PartState.RECOVERING)
        camera.refusal = None
        wait_for(lambda: session.status().camera.state is PartState.ON)
        pictures_go_on(world)

    def test_an_engine_that_dies_is_started_again(
        self, world: World, make, caplog: pytest.LogCaptureFixture
    ) -> None:
        session = make(microphone="mic", camera="cam")
        wait_for(lambda: session.status().fps > 2)
        world.performers[0].fail_with = RuntimeError("cosmic ray")
        wait_for(lambda: session.status().engine.state is PartState.RECOVERING)
        assert "cosmic ray" in session.status().engine.message
        world.performers[0].fail_with = None
        wait_for(lambda: session.status().engine.state is PartState.ON)
        pictures_go_on(world)
        assert session.restarts["engine"] >= 1
        assert any(record.exc_info for record in caplog.records), "the log has the details"

    def test_a_failing_model_is_told_while_pictures_go_on(self, world: World, make) -> None:
        session = make(microphone="mic", camera="cam")
        wait_for(lambda: session.status().engine.state is PartState.ON)
        world.reports[0]("The frame generator failed.")
        assert session.status().engine.state is PartState.RECOVERING
        pictures_go_on(world)
        world.reports[0]("")
        assert session.status().engine.state is PartState.ON

    def test_an_unknown_character_leaves_the_old_one_on_stage(self, world: World, make) -> None:
        session = make(character="ada")
        wait_for(lambda: session.status().character == "ada")
        session.set_character("nobody")
        wait_for(lambda: session.status().engine.message)
        status = session.status()
        assert (status.character, status.engine.state) == ("ada", PartState.ON)
        assert status.engine.remedy
        session.set_character("grace")
        wait_for(lambda: session.status().character == "grace")
        assert session.status().engine.message == ""

    def test_a_session_that_starts_with_an_unknown_character(self, world: World, make) -> None:
        session = make(character="nobody")
        wait_for(lambda: session.status().engine.state is PartState.FAILED)
        session.set_character("ada")
        wait_for(lambda: session.status().engine.state is PartState.ON)

    def test_the_size_is_fixed_while_the_camera_is_on(
        self, world: World, make, bystander: Bystander
    ) -> None:
        session = make(camera="cam")
        wait_for(lambda: session.status().camera.state is PartState.ON)
        session.set_output(OutputFormat(32, 16, 25))
        assert "cannot change" in session.status().camera.message
        session.set_camera(None)
        wait_for(lambda: session.status().camera.state is PartState.OFF)
        session.set_output(OutputFormat(32, 16, 25))
        wait_for(session.latest_frame)
        wait_for(lambda: session.latest_frame()[1].shape == (16, 32, 3))
        session.set_camera("cam")
        wait_for(lambda: 0.4 * bystander.fps < session.status().fps < 26)
        wait_for(lambda: world.cameras["cam"].newest.i420.shape == (24, 32))

    def test_wishes_reach_the_stage(self, world: World, make) -> None:
        session = make()
        wait_for(lambda: world.performers)
        session.set_controls(Controls(0.9, 0.1))
        session.set_background(Background("green"))
        session.set_provider("cuda")
        wait_for(lambda: len(world.performers) == 2)
        wait_for(lambda: session.status().provider == "cuda")

    def test_the_quality_changes_while_the_camera_is_on(self, world: World, make) -> None:
        session = make(camera="cam", quality="eco")
        wait_for(lambda: session.status().engine.state is PartState.ON)
        pictures_go_on(world)
        session.set_quality("high")
        wait_for(lambda: session.status().engine.message == "High is slow here.")
        assert session.status().engine.state is PartState.ON
        session.set_quality("broken")
        wait_for(lambda: "no quality 'broken'" in session.status().engine.message)
        pictures_go_on(world)
        session.set_quality("standard")
        wait_for(lambda: session.status().engine.message == "")
        session.set_quality("broken")
        session.set_provider("cuda")  # the stage is set anew, with the last quality that worked
        wait_for(lambda: len(world.stages) == 2)
        assert [stage.quality for stage in world.stages] == ["standard", "standard"]
        assert world.cameras["cam"].opened == 1

    def test_moods_cues_and_directions_reach_the_performer(self, world: World, make) -> None:
        session = make()
        session.cue("nod")  # nobody is there yet: nothing to do, and no fault
        session.direct("nod")
        wait_for(lambda: session.status().engine.state is PartState.ON)
        performer = world.performers[0]
        assert {"happy", "nod"} < session.status().knows
        session.cue("smile")
        assert performer.cues[-1] == "smile"
        session.set_controls(Controls(mood="sad"))
        wait_for(lambda: session.status().controls.mood == "sad")
        session.direct("nod, then look happy")
        assert session.status().direction == "nod, then look happy"
        session.direct("nodd")
        assert "nodd" in session.status().engine.message
        assert "'nod'" in session.status().engine.remedy
        session.direct("wink")
        assert "does not know wink" in session.status().engine.message
        assert session.status().direction == "nod, then look happy", "what runs goes on"
        session.direct("")
        assert session.status().direction == ""
        assert session.status().engine.message == ""

    def test_the_motion_model_changes_while_the_camera_is_on(self, world: World, make) -> None:
        session = make(camera="cam", motion_model="rich")
        wait_for(lambda: session.status().motion_model == "rich")
        pictures_go_on(world)
        session.set_controls(Controls(warmth=0.8, mood="sad"))
        wait_for(lambda: session.status().controls.mood == "sad")
        session.direct("nod, then look happy")
        for name, said in (("nothing", "no motion model 'nothing'"), ("cracked", "bad graph")):
            session.set_motion_model(name)
            wait_for(lambda said=said: said in session.status().engine.message)
            status = session.status()
            assert (status.motion_model, status.engine.state) == ("rich", PartState.ON)
            assert status.engine.remedy
            assert (status.controls.mood, status.direction) == ("sad", "nod, then look happy")
        session.set_motion_model("plain")
        wait_for(lambda: session.status().motion_model == "plain")
        wait_for(lambda: session.status().engine.message == "")
        status = session.status()
        assert status.knows == {"liveliness", "warmth"}
        assert status.controls == Controls(warmth=0.8), "a mood it does not know ends"
        assert status.direction == ""
        pictures_go_on(world)
        assert world.cameras["cam"].opened == 1
        assert len(world.performers) == 1, "nothing else was loaded again"
        session.set_provider("cuda")
        wait_for(lambda: len(world.performers) == 2)
        wait_for(lambda: session.status().motion_model == "plain")

    def test_devices_are_listed_in_the_background(self, world: World, make) -> None:
        session = make()
        wait_for(session.microphones)
        assert [info.key for info in session.loopbacks()] == ["loop"]
        assert [info.name for info in session.cameras()] == ["Camera"]

    def test_a_second_choice_wins_over_the_first(self, world: World, make) -> None:
        session = make(microphone="a")
        session.set_microphone("b")
        wait_for(lambda: session.status().microphone.name == "b")
        wait_for(lambda: session.status().microphone.state is PartState.ON)
        session.set_microphone(None)
        wait_for(lambda: session.status().microphone.state is PartState.OFF)
        wait_for(lambda: session.status().activity is Activity.IDLE)


def test_an_opening_that_takes_long_does_not_delay_the_stop(world: World) -> None:
    class SlowCamera(SimulatedCamera):
        def open(self, stop: Event) -> None:
            assert stop.wait(30)
            raise PersonareError("not needed")

    world.make_camera = lambda key, output: SlowCamera(world.clock)
    session = LiveSession(world.makers(), LiveChoices(camera="cam", output=OUTPUT))
    session.start()
    wait_for(lambda: session.status().camera.state is PartState.STARTING)
    begin = time.perf_counter()
    session.stop()
    assert time.perf_counter() - begin < 4.0


def test_waits_between_attempts_grow() -> None:
    clock, attempts = VirtualClock(), []

    class Absent(SimulatedInput):
        def open(self, stop: Event) -> None:
            attempts.append(clock.now())
            super().open(stop)

    device = Absent(clock)
    device.present = False
    part: KeptPart[SimulatedInput] = KeptPart("mic", clock)
    part.choose(lambda: device)
    for _ in range(1000):
        part.step()
        clock.advance(0.01)
    assert np.allclose(np.diff(attempts)[:4], (*RETRY_SECONDS[:3], 3.0), atol=0.02)
    assert part.status.state is PartState.FAILED
    device.present = True
    for _ in range(400):
        part.step()
        clock.advance(0.01)
    assert part.status.state is PartState.ON


def test_a_part_that_must_not_retry_does_not(tmp_path: Path) -> None:
    clock, device = VirtualClock(), SimulatedInput(VirtualClock())
    device.present = False
    part: KeptPart[SimulatedInput] = KeptPart("recorder", clock, retry=False)
    part.choose(lambda: device)
    for _ in range(500):
        part.step()
        clock.advance(0.1)
    device.present = True
    part.step()
    assert part.status.state is PartState.FAILED


@pytest.mark.slow
def test_soak_everything_fails_now_and_then_and_the_camera_never_stops(
    world: World, make, caplog: pytest.LogCaptureFixture, bystander: Bystander
) -> None:
    caplog.set_level(logging.CRITICAL)
    random = np.random.default_rng(7)
    world.inputs = {key: SimulatedInput(world.clock, name=key) for key in ("mic", "loop")}
    before = threading.active_count()
    session = make(microphone="mic", other="loop", camera="cam")
    wait_for(lambda: session.status().fps > 2)
    begin = time.perf_counter()
    while time.perf_counter() - begin < 8.0:
        match int(random.integers(0, 7)):
            case 0:
                world.inputs["mic"].present ^= True
            case 1:
                world.inputs["loop"].frozen ^= True
            case 2:
                session.set_microphone(random.choice(["mic", "other-mic"]))
            case 3:
                world.performers[-1].fail_with = RuntimeError("soak")
                time.sleep(0.05)
                world.performers[-1].fail_with = None
            case 4:
                session.set_character(str(random.choice(["ada", "nobody", "grace"])))
            case 5:
                session.set_provider("cpu")
            case 6:
                session.set_other(random.choice(["loop", None]))  # type: ignore[arg-type]
        session.status()
        time.sleep(float(random.uniform(0.02, 0.2)))
    world.inputs["mic"].present = True
    session.set_microphone("mic")
    wait_for(lambda: session.status().activity is Activity.SPEAKING)
    wait_for(lambda: session.status().engine.state is PartState.ON)
    arrivals = np.array(world.cameras["cam"].arrivals)
    fps, late_s = bystander.fps, bystander.late_ms / 1000
    # An engine that died is back in 0.4 s; the rest is what a bystander is late.
    gaps = np.diff(arrivals)
    assert np.median(gaps) < 0.022 + 2 * late_s
    assert gaps.max() < 1.0 + 20 * late_s
    assert len(arrivals) > 0.3 * fps * (arrivals[-1] - arrivals[0])
    assert threading.active_count() - before <= 9, "threads do not pile up"
