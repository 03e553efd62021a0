"""Real capture: a private PulseAudio server with null sinks, a WAV played into one, PortAudio.

`speakers` is a null sink; its monitor is what the others say. `microphone` is a remapped monitor of
another null sink, which the server takes for a real input. Everything runs in processes of their
own, since PortAudio and ALSA read the environment once and may print to the terminal.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.realtime.pulse_probe import PROGRAMS, missing_programs, no_bridge
from tests.realtime.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.audio


class Server:
    """A PulseAudio daemon of our own, with its home, socket and configuration in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PULSE_", "DBUS_"))},
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "PULSE_RUNTIME_PATH": str(folder / "pulse"),
            "PULSE_SERVER": f"unix:{folder}/native",
        }
        (folder / "pulse").mkdir(mode=0o700, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        loads = (
            f"module-native-protocol-unix auth-anonymous=1 socket={self.folder}/native",
            "module-null-sink sink_name=voice rate=48000 sink_properties=device.description=Voice",
            "module-null-sink sink_name=speakers rate=44100 "
            "sink_properties=device.description=Speakers",
            "module-remap-source master=voice.monitor source_name=microphone "
            "source_properties=device.description=Microphone",
        )
        words = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        words += ["--disable-shm=yes", "--log-target=newfile:" + str(self.folder / "log")]
        self.process = subprocess.Popen(
            [PROGRAMS["pulseaudio"], *words, *(f"--load={load}" for load in loads)],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: self.run("pactl", "info").returncode == 0)

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [PROGRAMS[program], *words], env=self.environment, capture_output=True, check=False
        )

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(5)
            self.process = None


class Listener:
    """`pulse_probe.py` as a process: opens an input and reports what it hears."""

    def __init__(self, server: Server, key: str, out: Path) -> None:
        self.out = out
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.realtime.pulse_probe", key, str(out)],
            env=server.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.reports: list[dict[str, object]] = []

    def poll(self) -> list[dict[str, object]]:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            self.reports.append(json.loads(line))
        return self.reports

    def wait_state(self, state: str, seconds: float = 12.0) -> dict[str, object]:
        wait_for(lambda: self.poll() and self.reports[-1]["state"] == state, seconds)
        return self.reports[-1]

    def wait_sound(self, seconds: float = 12.0) -> None:
        before = self.poll()[-1]["samples"] if self.poll() else 0
        wait_for(lambda: self.poll() and int(self.reports[-1]["samples"]) > before + 8000, seconds)

    def end(self) -> np.ndarray:
        _, errors = self.process.communicate("", timeout=10)
        assert self.process.returncode == 0, errors
        return np.load(self.out)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if reason := missing_programs():
        pytest.skip(reason)
    # Sockets have short names only.
    folder = Path(shutil.os.path.realpath("/tmp")) / f"personare-pulse-{os.getpid()}"
    folder.mkdir(mode=0o700)
    server = Server(folder)
    try:
        server.start()
        if reason := no_bridge(server.environment):
            pytest.skip(reason)
        yield server
    finally:
        server.stop(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def chirps(path: Path, rate: int = 22_050, seconds: float = 2.0) -> np.ndarray:
    """A stereo WAV of rising tones with pauses; returns it as mono at 16 kHz."""

    def sound(at_rate: int) -> np.ndarray:
        time_N = np.arange(int(seconds * at_rate)) / at_rate
        phase_N = 2 * np.pi * (300 * time_N + 250 * time_N**2)
        return 0.4 * np.sin(phase_N) * ((time_N % 0.7) < 0.5)

    data_N = (sound(rate) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(data_N[:, None], 2, axis=1).tobytes())
    return sound(16_000)


def likeness(heard: np.ndarray, played: np.ndarray) -> float:
    """Largest normalised correlation of what was heard with what was played."""
    size = 1 << int(np.ceil(np.log2(len(heard) + len(played))))
    cross = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)), size)
    at = int(np.argmax(cross[: len(heard)]))
    piece = heard[at : at + len(played)]
    return float(cross[at] / (np.linalg.norm(piece) * np.linalg.norm(played[: len(piece)]) + 1e-9))


@pytest.mark.parametrize(("key", "sink"), [("", "voice"), ("pulse/speakers.monitor", "speakers")])
def test_what_is_played_is_heard(server: Server, tmp_path: Path, key: str, sink: str) -> None:
    played = chirps(tmp_path / "chirps.wav")
    listener = Listener(server, key, tmp_path / "heard.npy")
    listener.wait_state("on")
    listener.wait_sound()
    assert server.run("paplay", f"--device={sink}", str(tmp_path / "chirps.wav")).returncode == 0
    listener.wait_sound()
    heard = listener.end()
    assert likeness(heard, played) > 0.98
    ages_ms = np.array(
        [report["age_ms"] for report in listener.reports if report["samples"]], float
    )
    assert ages_ms[-1] < np.median(ages_ms) + 60, "sound does not pile up"
    assert np.median(ages_ms) < 350, "PulseAudio's null sinks alone are some 200 ms late"
    assert int(listener.reports[-1]["lost"]) == 0


def test_the_server_dies_and_comes_back(server: Server, tmp_path: Path) -> None:
    listener = Listener(server, "pulse/microphone", tmp_path / "heard.npy")
    listener.wait_state("on")
    listener.wait_sound()
    server.stop(signal.SIGKILL)
    told = listener.wait_state("recovering")
    assert told["message"]
    assert told["remedy"]
    server.start()
    listener.wait_state("on", 15)
    listener.wait_sound(15)
    listener.end()


def test_a_device_is_unplugged_and_plugged_in_again(server: Server, tmp_path: Path) -> None:
    listener = Listener(server, "pulse/microphone", tmp_path / "heard.npy")
    listener.wait_state("on")
    listener.wait_sound()
    server.run("pactl", "unload-module", "module-remap-source")
    told = listener.wait_state("recovering")
    assert "microphone" in str(told["message"]).lower()
    server.run(
        "pactl", "load-module", "module-remap-source", "master=voice.monitor",
        "source_name=microphone",
    )  # fmt: skip
    listener.wait_state("on")
    listener.wait_sound()
    listener.end()


def test_inputs_are_listed_with_lasting_keys(server: Server) -> None:
    code = (
        "import json; from app.devices import catalog;"
        "print(json.dumps([[(d.key, d.name, d.is_default) for d in get()] "
        "for get in (catalog.microphones, catalog.loopbacks)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=server.environment,
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    microphones, loopbacks = json.loads(done.stdout)
    assert [(key, name) for key, name, _ in microphones] == [("pulse/microphone", "Microphone")]
    assert {key for key, *_ in loopbacks[:2]} == {"pulse/voice.monitor", "pulse/speakers.monitor"}
    assert loopbacks[2][0] == "pulse/microphone"


def test_without_a_microphone_the_default_is_never_a_monitor(
    server: Server, tmp_path: Path
) -> None:
    server.run("pactl", "unload-module", "module-remap-source")
    listener = Listener(server, "", tmp_path / "heard.npy")
    told = listener.wait_state("failed")
    assert "No microphone" in str(told["message"])
    assert len(listener.end()) == 0
