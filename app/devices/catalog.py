"""All inputs that can be chosen, under keys that stay the same when devices come and go.

Where PulseAudio or PipeWire runs, its own sources are listed, seen as soon as they are plugged in,
and recorded through PortAudio's `pulse` device; elsewhere PortAudio's devices are, whose list is
brought up to date whenever no stream is open.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.devices.loopback import carries_others
from app.devices.portaudio import PULSE_DEVICE, InputDevice, portaudio
from app.devices.pulse import KEY_PREFIX, PulseSource, pulse_sources
from app.session_contract import DeviceInfo
from inference.contract import PersonareError

_VIRTUAL_CAMERAS: Final = Path("/sys/devices/virtual/video4linux")


@dataclass(frozen=True, slots=True)
class AudioEndpoint:
    """How to open one input now: PortAudio's index, and the environment to open it in."""

    name: str
    index: int
    rate: int
    channels: int
    environment: dict[str, str] = field(default_factory=dict)


def microphones() -> list[DeviceInfo]:
    """Inputs for the user's own voice, the default first.

    Raises PersonareError where PortAudio is missing; so do the other functions for sound here.
    """
    return _listed(others=False)


def loopbacks() -> list[DeviceInfo]:
    """Inputs for the others' voices: what outputs play first, then ordinary inputs."""
    return _listed(others=True)


def find_input(key: str) -> AudioEndpoint:
    """The input for a key ("" is the default); raises PersonareError if it is not there now."""
    devices = portaudio().inputs(refresh=True)
    bridge = _pulse_bridge(devices)
    sources = pulse_sources() if bridge is not None else None
    if bridge is not None and sources is not None and (key == "" or key.startswith(KEY_PREFIX)):
        return _pulse_endpoint(key, bridge, sources)
    chosen = [d for d in devices if (d.is_default if key == "" else d.key == key)]
    if not chosen and key == "":
        chosen = devices[:1]
    if not chosen:
        raise not_there(key)
    device = chosen[0]
    return AudioEndpoint(device.name, device.index, device.rate, device.channels)


def is_present(key: str) -> bool:
    """Whether an input that was found is still there, as far as can be told while it is open."""
    if not key.startswith(KEY_PREFIX):
        return True  # PortAudio cannot look again while a stream is open; the stream will die
    sources = pulse_sources()
    return sources is None or any(s.key == key for s in sources)


def not_there(key: str) -> PersonareError:
    """What to tell about an input that is not there now ("" is the default)."""
    if key == "":
        return PersonareError(
            "No microphone was found.", remedy="Plug one in; it is taken up by itself."
        )
    name = key.split("/", 1)[-1]
    return PersonareError(
        f"{name} is not there.",
        remedy="Plug it in, or choose another one; it is taken up by itself.",
    )


def cameras() -> list[DeviceInfo]:
    """Virtual cameras present now (Linux: v4l2loopback devices; elsewhere the usual names)."""
    if sys.platform == "win32":
        unity = DeviceInfo("Unity Video Capture", "Unity Video Capture")
        return [DeviceInfo("OBS Virtual Camera", "OBS Virtual Camera", True), unity]
    if sys.platform == "darwin":
        return [DeviceInfo("OBS Virtual Camera", "OBS Virtual Camera", True)]
    found: list[DeviceInfo] = []
    for folder in sorted(_VIRTUAL_CAMERAS.glob("video*"), key=lambda f: (len(f.name), f.name)):
        try:
            label = (folder / "name").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        key = f"/dev/{folder.name}"
        found.append(DeviceInfo(key, f"{label} ({key})", not found))
    return found


def _listed(others: bool) -> list[DeviceInfo]:
    devices = portaudio().inputs(refresh=True)
    sources = pulse_sources() if _pulse_bridge(devices) is not None else None
    infos: list[tuple[DeviceInfo, bool]]
    if sources is not None:
        infos = [
            (DeviceInfo(s.key, s.description, s.is_default and not s.monitor), s.monitor)
            for s in sources
        ]
    else:
        infos = [(DeviceInfo(d.key, d.name, d.is_default), carries_others(d.name)) for d in devices]
    if others:
        infos.sort(key=lambda pair: not pair[1])
    else:
        infos = [pair for pair in infos if not pair[1]] or infos
        infos.sort(key=lambda pair: not pair[0].is_default)
    return [info for info, _ in infos]


def _pulse_bridge(devices: list[InputDevice]) -> InputDevice | None:
    return next((d for d in devices if d.host_api == "ALSA" and d.name == PULSE_DEVICE), None)


def _pulse_endpoint(key: str, bridge: InputDevice, sources: list[PulseSource]) -> AudioEndpoint:
    if key == "":
        # Without a microphone the server's default is a monitor: never take that for the user.
        voices = [s for s in sources if not s.monitor]
        chosen = [s for s in voices if s.is_default] or voices
    else:
        chosen = [s for s in sources if s.key == key]
    if not chosen:
        raise not_there(key)
    source = chosen[0]
    # The server mixes down to one channel and keeps the source's own rate.
    return AudioEndpoint(
        source.description, bridge.index, source.rate, 1, {"PULSE_SOURCE": source.source}
    )
