"""Opens an input the way a session does and reports on it: `python -m ... KEY OUT.npy`.

One JSON line whenever the state changes and every 100 ms; ends, and writes the sound heard, when
its standard input is closed.
"""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

PROGRAMS = {name: shutil.which(name) or "" for name in ("pulseaudio", "pactl", "paplay")}


def missing_programs() -> str:
    """Empty where a sound server can be started, else the reason."""
    missing = [name for name, path in PROGRAMS.items() if not path]
    if not missing:
        return ""
    return f"{', '.join(missing)} not installed (apt-get install pulseaudio pulseaudio-utils)"


def no_bridge(environment: dict[str, str]) -> str:
    """Empty where PortAudio reaches the running server, else the reason."""
    code = "import sounddevice as s; s.query_devices('pulse')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False
    )
    if not done.returncode:
        return ""
    return "PortAudio has no `pulse` device (apt-get install libportaudio2 libasound2-plugins)"


def main() -> None:
    """See the module."""
    microphone = importlib.import_module("app.devices.microphone")
    parts = importlib.import_module("app.live_session.parts")
    clock = importlib.import_module("app.realtime.clock").SystemClock()
    key, out = sys.argv[1], Path(sys.argv[2])
    part = parts.KeptPart("microphone", clock)
    part.choose(lambda: microphone.Microphone(key, clock))
    part.start()
    closed = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
    heard, count, lost, ages = [np.zeros(0, np.float32)], 0, 0, [0.0]
    while not closed.wait(0.01):
        device = part.device
        if device is not None:
            sound = device.read()
            if len(sound.samples_N):
                heard.append(sound.samples_N)
                count += len(sound.samples_N)
                ages.append(clock.now() - sound.end_time)
            lost += sound.lost
        if closed.is_set() or round(clock.now() * 100) % 5:
            continue
        status = part.status
        report = {
            "state": status.state.value,
            "message": status.message,
            "remedy": status.remedy,
            "samples": count,
            "lost": lost,
            "age_ms": 1000 * float(np.percentile(ages[-200:], 95)),
        }
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()
    part.stop()
    np.save(out, np.concatenate(heard))


if __name__ == "__main__":
    main()
