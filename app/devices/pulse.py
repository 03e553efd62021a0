"""What PulseAudio, or PipeWire in its place, can record from: microphones and monitors of outputs.

Asked through `pactl`, which always knows what is plugged in now, while PortAudio would have to be
initialised again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

_TIMEOUT: Final = 3.0
KEY_PREFIX: Final = "pulse/"


@dataclass(frozen=True, slots=True)
class PulseSource:
    """A source of the sound server; `monitor` means it carries what an output plays."""

    source: str
    description: str
    rate: int
    monitor: bool
    is_default: bool

    @property
    def key(self) -> str:
        """Stable across restarts: the server's own name of the source."""
        return KEY_PREFIX + self.source


def pulse_sources() -> list[PulseSource] | None:
    """All sources present now; None where there is no such sound server, or no `pactl`."""
    listing = _pactl("--format=json", "list", "sources")
    if listing is None:
        return None
    try:
        entries = json.loads(listing)
    except json.JSONDecodeError:
        return None
    default = (_pactl("get-default-source") or "").strip()
    return [_source(entry, default) for entry in entries]


def _source(entry: dict[str, object], default: str) -> PulseSource:
    name = str(entry["name"])
    rate = re.search(r"(\d+)Hz", str(entry.get("sample_specification", "")))
    return PulseSource(
        source=name,
        description=str(entry.get("description") or name),
        rate=int(rate.group(1)) if rate else 48_000,
        monitor=bool(entry.get("monitor_source")) or name.endswith(".monitor"),
        is_default=name == default,
    )


def _pactl(*words: str) -> str | None:
    program = shutil.which("pactl")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *words],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
