"""Catalog, microphone and file source on a stand-in for PortAudio; refusals and their remedies."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from app.devices import catalog, portaudio
from app.devices.file_source import FileSource
from app.devices.loopback import carries_others
from app.devices.microphone import Microphone
from app.devices.pulse import PulseSource
from app.realtime.clock import VirtualClock
from inference.contract import PersonareError
from tests.realtime.fake_sounddevice import FakeSoundDevice

NEVER = Event()


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    fake = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(portaudio, "_PORTAUDIO", portaudio.PortAudio())
    return fake


class TestCatalog:
    def test_keys_do_not_depend_on_the_order(self, sound: FakeSoundDevice) -> None:
        sound.present.append(sound.device("Headset", 1, 16_000, api=1))
        before = {info.name: info.key for info in catalog.microphones()}
        assert before == {"USB Mic": "CoreSound/USB Mic", "Headset": "Other API/Headset"}
        sound.present.reverse()
        assert {info.name: info.key for info in catalog.microphones()} == before
        assert catalog.find_input("CoreSound/USB Mic").index == 2

    def test_what_is_plugged_in_later_is_seen_while_no_stream_is_open(
        self, sound: FakeSoundDevice
    ) -> None:
        clock = VirtualClock()
        catalog.microphones()
        sound.present.append(sound.device("Headset", 1, 16_000))
        microphone = Microphone("CoreSound/Headset", clock)
        microphone.open(NEVER)
        count = sound.initialised
        sound.present.append(sound.device("Third", 1, 16_000))
        assert len(catalog.microphones()) == 2, "an open stream must not be killed"
        assert sound.initialised == count
        microphone.close()
        assert len(catalog.microphones()) == 3

    def test_loopbacks_come_first_among_the_others(self, sound: FakeSoundDevice) -> None:
        sound.present.append(sound.device("Speakers [Loopback]", 2, 48_000))
        assert [info.name for info in catalog.loopbacks()] == ["Speakers [Loopback]", "USB Mic"]
        assert [info.name for info in catalog.microphones()] == ["USB Mic"]

    @pytest.mark.parametrize(
        "name", ["Speakers [Loopback]", "Stereo Mix (Realtek)", "BlackHole 2ch", "Monitor of Hall"]
    )
    def test_names_of_loopbacks(self, name: str) -> None:
        assert carries_others(name)
        assert not carries_others("Studio Microphone")

    def test_the_default_is_never_a_monitor(
        self, sound: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sound.present = [sound.device("pulse", 32, 44_100)]
        monkeypatch.setattr(FakeSoundDevice, "query_hostapis", lambda self: [{"name": "ALSA"}])
        sources = [PulseSource("out.monitor", "Monitor of Out", 48_000, True, True)]
        monkeypatch.setattr(catalog, "pulse_sources", lambda: sources)
        with pytest.raises(PersonareError, match="No microphone"):
            catalog.find_input("")
        sources.append(PulseSource("mic", "Mic", 32_000, False, False))
        endpoint = catalog.find_input("")
        assert (endpoint.name, endpoint.rate) == ("Mic", 32_000)
        assert endpoint.environment == {"PULSE_SOURCE": "mic"}

    def test_nothing_plugged_in(self, sound: FakeSoundDevice) -> None:
        sound.present = []
        with pytest.raises(PersonareError) as error:
            catalog.find_input("")
        assert error.value.remedy

    def test_without_portaudio_the_remedy_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(portaudio, "_PORTAUDIO", portaudio.PortAudio())
        monkeypatch.setitem(sys.modules, "sounddevice", None)
        with pytest.raises(PersonareError) as error:
            catalog.microphones()
        assert "apt-get install libportaudio2" in error.value.remedy


class TestMicrophone:
    def open(self, sound: FakeSoundDevice) -> tuple[Microphone, VirtualClock]:
        clock = VirtualClock()
        microphone = Microphone("", clock)
        microphone.open(NEVER)
        return microphone, clock

    def test_blocks_become_mono_sound_with_its_capture_time(self, sound: FakeSoundDevice) -> None:
        microphone, clock = self.open(sound)
        assert sound.streams[0].options["blocksize"] == 441
        time_N = np.arange(44_100) / 44_100
        wave_N = np.sin(2 * np.pi * 500 * time_N).astype(np.float32)
        heard = []
        for k in range(100):
            clock.advance(0.01)
            block_NC = np.stack([wave_N[441 * k : 441 * (k + 1)], np.zeros(441, np.float32)], 1)
            sound.streams[0].push(block_NC, age=0.013)
            heard.append(microphone.read())
        sound_N = np.concatenate([h.samples_N for h in heard])
        expected_N = 0.5 * np.sin(2 * np.pi * 500 * np.arange(len(sound_N)) / 16_000)
        assert np.abs(sound_N - expected_N)[100:].max() < 0.01
        # Captured 3 ms before the block came, less what the resampler still holds.
        assert clock.now() - heard[-1].end_time == pytest.approx(0.003, abs=0.0025)
        assert microphone.fault() is None

    def test_nonsense_times_and_xruns_do_no_harm(self, sound: FakeSoundDevice) -> None:
        microphone, clock = self.open(sound)
        for age in (-1e9, 0.0, 1e9, 0.0004):
            clock.advance(0.01)
            sound.streams[0].push(np.zeros((441, 2), np.float32), age, status="input overflow")
            got = microphone.read()
            assert clock.now() - 0.25 < got.end_time <= clock.now()
        assert microphone.xruns == 4

    def test_a_stream_that_ends_or_dries_up_is_a_fault(self, sound: FakeSoundDevice) -> None:
        microphone, clock = self.open(sound)
        clock.advance(3.0)
        assert microphone.fault() is None, "sound servers need their time at first"
        sound.streams[0].push(np.zeros((441, 2), np.float32))
        clock.advance(0.5)
        assert microphone.fault() is None
        clock.advance(1.0)
        assert "no sound" in str(microphone.fault())
        sound.streams[0].active = False
        assert "gone" in str(microphone.fault())
        microphone.close()
        assert sound.streams[0].closed
        assert microphone.fault() is None

    def test_a_refusal_has_a_remedy(self, sound: FakeSoundDevice) -> None:
        sound.refusal = "Device unavailable"
        with pytest.raises(PersonareError) as error:
            Microphone("", VirtualClock()).open(NEVER)
        assert "USB Mic" in str(error.value)
        assert "PaErrorCode" not in str(error.value)
        assert "Close other programs" in error.value.remedy
        sound.refusal = "Permission denied"
        with pytest.raises(PersonareError) as error:
            Microphone("", VirtualClock()).open(NEVER)
        assert "privacy" in error.value.remedy


class TestFileSource:
    def make(self, seconds: float, loop: bool = False) -> tuple[FileSource, VirtualClock]:
        clock = VirtualClock()
        ramp_N = np.arange(int(seconds * 16_000), dtype=np.float32)
        source = FileSource(Path("speech.wav"), clock, lambda path: ramp_N, loop)
        source.open(NEVER)
        return source, clock

    def test_it_plays_in_real_time_and_ends_in_silence(self) -> None:
        source, clock = self.make(1.0)
        start = clock.now()
        heard = []
        for _ in range(100):
            sound = source.read()
            heard.append(sound.samples_N)
            assert clock.now() - sound.end_time < 0.0101
            clock.advance(0.013)
        total_N = np.concatenate(heard)
        assert len(total_N) == pytest.approx((clock.now() - start) * 16_000, abs=400)
        assert np.array_equal(total_N[:16_000], np.arange(16_000))
        assert not total_N[16_000:].any()
        assert source.finished

    def test_a_loop_never_ends(self) -> None:
        source, clock = self.make(0.5, loop=True)
        source.read()
        clock.advance(1.2)
        assert source.read().samples_N[8_000] == 0
        assert not source.finished

    def test_an_empty_file_is_refused(self) -> None:
        with pytest.raises(PersonareError, match="no sound"):
            self.make(0.0)
