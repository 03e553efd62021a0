"""The camera program and its client: pace, exact pixels, stalls, deaths, refusals."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from app.camera_program import device as camera_device
from app.camera_program.living import LivingLoop
from app.camera_program.pace import Pace
from app.devices import frame_ring
from app.devices.contracts import CameraFrame
from app.devices.frame_ring import FrameRing
from app.devices.virtual_camera import VirtualCamera
from app.session_contract import OutputFormat
from inference.contract import PersonareError
from tests.realtime.waiting import wait_for

HERE = Path(__file__).parent
OUTPUT = OutputFormat(64, 32, 50)
SHARED_MEMORY = Path("/dev/shm")


def picture(value: int, noise: bool = False) -> np.ndarray:
    frame = np.full((48, 64), value, np.uint8)
    if noise:
        frame[1:] = np.random.default_rng(value).integers(0, 256, (47, 64), np.uint8)
    return frame


class TestPace:
    def test_every_period_gets_one_picture_whatever_the_jitter(self) -> None:
        random, pace, now = np.random.default_rng(0), Pace(30, 0.0), 0.0
        new = repeated = 0
        for k in range(3000):
            arrival = k / 30 + 0.012 + random.uniform(-0.008, 0.008)
            while pace.closes < arrival:
                now = pace.closes
                pace.sent_repeated(now)
                repeated += 1
            now = max(arrival, pace.opens)
            pace.sent_new(now)
            new += 1
        assert new == 3000
        assert repeated <= 2
        assert now == pytest.approx(2999 / 30 + 0.012, abs=0.03)

    def test_without_news_it_keeps_the_rate(self) -> None:
        pace, sent = Pace(25, 0.0), []
        for _ in range(100):
            sent.append(pace.closes)
            pace.sent_repeated(pace.closes)
        assert np.allclose(np.diff(sent), 0.04)

    def test_after_a_suspend_there_is_no_burst(self) -> None:
        pace = Pace(25, 0.0)
        pace.sent_repeated(1000.0)
        assert pace.closes > 1000.0


class TestLivingLoop:
    def test_it_goes_back_and_forth_after_a_cross_fade(self) -> None:
        loop = LivingLoop(capacity=10)
        for value in range(20):
            loop.remember(np.full(6, 10 * (value % 10), np.uint8), neutral=value >= 10)
        last = np.full(6, 250, np.uint8)
        loop.start(last)
        shown = [int(loop.next(last)[0]) for _ in range(40)]
        steps = np.abs(np.diff(shown))
        assert shown[0] > 150, "it begins near the last picture"
        assert shown[5:12] == [30, 20, 10, 0, 10, 20, 30]
        assert steps[6:].max() == 10
        assert max(shown[6:]) == 90

    def test_without_neutral_pictures_the_last_one_stays(self) -> None:
        loop, last = LivingLoop(4), np.full(6, 7, np.uint8)
        loop.remember(last, neutral=False)
        loop.start(last)
        assert np.array_equal(loop.next(last), last)


class Fake:
    """The camera program on a stand-in for pyvirtualcam."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "camera.log"
        self.camera = VirtualCamera("fake", OUTPUT)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def sent(self) -> list[tuple[float, int, int]]:
        rows = [line.split() for line in self.lines() if line[0].isdigit()]
        return [(float(row[0]), int(row[1]), int(row[2])) for row in rows if len(row) == 3]

    def refuse(self, reason: str | None) -> None:
        file = Path(f"{self.log}.refuse")
        if reason is None:
            file.unlink()
        else:
            file.write_text(reason)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE / "fake_camera"))
    monkeypatch.setenv("FAKE_CAMERA_LOG", str(tmp_path / "camera.log"))
    fake = Fake(tmp_path)
    yield fake
    fake.camera.close()
    assert not list(SHARED_MEMORY.glob("personare-camera-*")), "shared memory left behind"


def feed(camera: VirtualCamera, values: range, neutral: bool = False) -> None:
    for value in values:
        camera.send(CameraFrame(picture(value, noise=True), neutral, time.perf_counter() - 0.04))
        time.sleep(0.02)


class TestProgram:
    def test_pictures_arrive_whole_in_order_and_at_once(self, fake: Fake) -> None:
        fake.camera.open(Event())
        feed(fake.camera, range(100, 150))
        wait_for(lambda: fake.sent()[-1][1] == 149)
        sums = {zlib.crc32(picture(v, noise=True)): v for v in range(100, 150)}
        order = [sums[crc] for _, value, crc in fake.sent() if value >= 100]
        assert order == sorted(order)
        assert len(set(order)) >= 15, "a busy machine skips some"
        when, delay = fake.camera.handed_over()
        assert 0.04 <= delay < 0.3
        assert when <= time.perf_counter()
        fake.camera.close()
        assert fake.lines()[0] == "open 64 32 50.0 I420 fake"
        assert fake.lines()[-1] == "closed"

    def test_pictures_of_another_size_are_left_out(self, fake: Fake) -> None:
        fake.camera.open(Event())
        fake.camera.send(CameraFrame(np.zeros((24, 32), np.uint8)))
        feed(fake.camera, range(100, 105))
        wait_for(lambda: fake.sent()[-1][1] == 104)

    def test_while_the_application_stalls_the_camera_goes_on_living(self, fake: Fake) -> None:
        fake.camera.open(Event())
        feed(fake.camera, range(100, 125), neutral=True)
        time.sleep(1.2)
        rows = fake.sent()
        gaps = np.diff([when for when, _, _ in rows])
        assert np.median(gaps) == pytest.approx(0.02, abs=0.004)
        assert len({value for _, value, _ in rows[-25:]}) > 5, "more than one picture is shown"
        feed(fake.camera, range(200, 203))
        wait_for(lambda: fake.sent()[-1][1] == 202)

    def test_before_the_first_picture_there_is_a_dark_one(self, fake: Fake) -> None:
        fake.camera.open(Event())
        wait_for(lambda: len(fake.sent()) > 3)
        assert {value for _, value, _ in fake.sent()} == {40}

    def test_killed_it_is_noticed_and_can_be_opened_again(self, fake: Fake) -> None:
        fake.camera.open(Event())
        feed(fake.camera, range(100, 105))
        os.kill(fake.camera.process_id, signal.SIGKILL)
        wait_for(lambda: fake.camera.fault() is not None)
        assert "ended unexpectedly" in str(fake.camera.fault())
        fake.camera.send(CameraFrame(picture(9)))  # nobody is there: nothing happens
        fake.camera.close()
        fake.camera.open(Event())
        assert fake.camera.fault() is None
        feed(fake.camera, range(110, 115))
        wait_for(lambda: fake.sent()[-1][1] == 114)

    def test_a_hanging_program_is_noticed_and_ended(
        self, fake: Fake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.devices.virtual_camera._SILENT_SECONDS", 1.3)
        monkeypatch.setattr("app.devices.virtual_camera._QUIT_SECONDS", 0.2)
        fake.camera.open(Event())
        process = fake.camera.process_id
        os.kill(process, signal.SIGSTOP)
        wait_for(lambda: fake.camera.fault() is not None)
        assert "hangs" in str(fake.camera.fault())
        for _ in range(1000):
            fake.camera.send(CameraFrame(picture(9)))  # never waits
        fake.camera.close()
        assert not Path(f"/proc/{process}").exists()

    def test_a_refusal_names_every_backends_reason(self, fake: Fake) -> None:
        fake.refuse("'one' backend: not installed\n'two' backend: no device")
        with pytest.raises(PersonareError) as refusal:
            fake.camera.open(Event())
        assert refusal.value.remedy
        assert fake.camera.reasons == ["'one' backend: not installed", "'two' backend: no device"]
        fake.refuse(None)
        fake.camera.open(Event())

    def test_a_camera_that_breaks_is_reported(self, fake: Fake) -> None:
        fake.camera.open(Event())
        Path(f"{fake.log}.break").touch()
        wait_for(lambda: fake.camera.fault() is not None)
        assert "device gone" in str(fake.camera.fault())

    def test_when_the_application_dies_it_goes_on_for_a_while_and_ends(
        self, fake: Fake, tmp_path: Path
    ) -> None:
        code = (
            "import sys, time, numpy as np; from threading import Event\n"
            "from app.devices.contracts import CameraFrame\n"
            "from app.devices.virtual_camera import VirtualCamera, camera_command\n"
            "from app.session_contract import OutputFormat\n"
            "words = [*camera_command(), '--orphan-seconds', '0.7']\n"
            "camera = VirtualCamera('x', OutputFormat(64, 32, 50), command=words)\n"
            "camera.open(Event())\n"
            "for v in range(30):\n"
            "    camera.send(CameraFrame(np.full((48, 64), 100 + v, np.uint8), True))\n"
            "    time.sleep(0.02)\n"
            "print(camera.process_id, flush=True); time.sleep(60)\n"
        )
        app = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=HERE.parents[1]
        )
        with app:
            program = int(app.stdout.readline())
            app.kill()
        died = time.perf_counter()
        wait_for(lambda: not Path(f"/proc/{program}").exists())
        after = [when for when, _, _ in fake.sent() if when > died]
        assert 0.4 < after[-1] - died < 1.5
        assert np.median(np.diff(after)) == pytest.approx(0.02, abs=0.004)
        assert fake.lines()[-1] == "closed"

    @pytest.mark.skipif(sys.platform != "linux", reason="v4l2loopback is for Linux")
    def test_without_a_driver_no_program_is_started(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.devices.catalog._VIRTUAL_CAMERAS", Path("/nonexistent"))
        for key in ("", "/dev/video-none"):
            camera = VirtualCamera(key, OUTPUT, command=["/nonexistent/personare-camera"])
            with pytest.raises(PersonareError, match="no virtual camera") as error:
                camera.open(Event())
            assert "v4l2loopback-dkms" in error.value.remedy

    def test_a_program_that_cannot_be_started(self) -> None:
        camera = VirtualCamera("x", OUTPUT, command=["/nonexistent/personare-camera"])
        with pytest.raises(PersonareError, match="could not be started"):
            camera.open(Event())
        assert not list(SHARED_MEMORY.glob("personare-camera-*"))


class TestRefusals:
    """The words for what pyvirtualcam says, for the systems it says it on."""

    def test_no_driver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(camera_device, "linux_devices", list)
        message, remedy = camera_device.explain("", ["'v4l2loopback' backend: none"])
        assert "not loaded" in message
        assert "v4l2loopback-dkms" in remedy
        assert "exclusive_caps=1" in remedy

    def test_permission_denied(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        node = tmp_path / "video9"
        node.touch()
        monkeypatch.setattr(camera_device, "linux_devices", lambda: [str(node)])
        monkeypatch.setattr(camera_device, "_may_use", lambda path: False)
        message, remedy = camera_device.explain(str(node), ["Permission denied"])
        assert "may not use" in message
        assert "usermod -aG video" in remedy

    def test_an_ordinary_camera(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        node = tmp_path / "video0"
        node.touch()
        monkeypatch.setattr(camera_device, "linux_devices", list)
        assert "not a virtual camera" in camera_device.explain(str(node), [])[0]

    @pytest.mark.parametrize(("platform", "word"), [("win32", "OBS"), ("darwin", "extension")])
    def test_other_systems(self, platform: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", platform)
        assert word in camera_device.explain("", [])[1]


class TestSharedMemory:
    def test_a_full_memory_is_told_and_nothing_is_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(PersonareError, match="No space left") as error:
            FrameRing(OUTPUT)
        assert "Free" in error.value.remedy
        assert not list(SHARED_MEMORY.glob("personare-camera-*"))

    def test_without_shared_memory_a_temporary_file_serves(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(frame_ring, "_MEMORY", tmp_path / "missing")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        ring = FrameRing(OUTPUT)
        assert ring.path.parent == tmp_path
        assert ring.put(picture(1), neutral=False) == 1
        ring.close()
        assert not ring.path.exists()

    def test_a_picture_of_another_size_is_refused(self) -> None:
        ring = FrameRing(OUTPUT)
        with pytest.raises(ValueError, match="bytes"):
            ring.put(np.zeros((3, 3), np.uint8), neutral=False)
        ring.close()
