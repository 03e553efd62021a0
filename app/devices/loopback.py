"""Other people's audio: which inputs carry what the speakers play.

- PulseAudio and PipeWire offer a monitor source for every output (`app/devices/pulse.py`).
- Windows: PortAudio builds with WASAPI loopback list every output again as an input named
  "... [Loopback]"; many sound cards also have a "Stereo Mix".
- macOS has none of its own; the free BlackHole driver makes one.
"""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = re.compile(
    r"\[loopback\]|\bmonitor of\b|\.monitor$|stereo ?mix|what u hear|wave out mix|blackhole"
    r"|soundflower|loopback audio|cable output|vb-audio",
    re.IGNORECASE,
)
REMEDY_NO_LOOPBACK: Final = (
    "Linux: PulseAudio or PipeWire offers one for every output. Windows: enable Stereo Mix in the "
    "sound settings. macOS: install BlackHole and play the call through it."
)


def carries_others(device_name: str) -> bool:
    """Whether an input, by its name, carries what an output plays."""
    return _NAMES.search(device_name) is not None
