"""Words of English recordings that have no script: the Moonshine recogniser of a PyPI wheel.

Needs `pip install moonshine-voice==0.1.0` (MIT; later wheels no longer hold the small English
model). Only the builder of the corpus uses it, never the product.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.contract import AUDIO_RATE, Float32Array


@dataclass(frozen=True, slots=True)
class Heard:
    """One stretch of speech: seconds from the start of the recording, and its words."""

    start: float
    end: float
    words: str


class Recogniser:
    """One loaded recogniser."""

    def __init__(self) -> None:
        try:
            voice: Any = importlib.import_module("moonshine_voice")
            api: Any = importlib.import_module("moonshine_voice.moonshine_api")
        except ImportError as fault:
            raise RuntimeError("recognising words needs moonshine-voice==0.1.0") from fault
        model = Path(str(voice.get_assets_path())) / "tiny-en"
        self._transcriber: Any = voice.Transcriber(str(model), api.ModelArch.TINY)

    def listen(self, audio_N: Float32Array) -> list[Heard]:
        """What is said in audio at 16 kHz, stretch by stretch; [] where nobody speaks."""
        found = self._transcriber.transcribe_without_streaming(audio_N.tolist(), AUDIO_RATE)
        return [
            Heard(float(line.start_time), float(line.start_time + line.duration), line.text.strip())
            for line in found.lines
            if any(c.isalpha() for c in line.text)
        ]

    def words(self, audio_N: Float32Array) -> str:
        """All words of a recording; "" where nobody speaks."""
        return " ".join(heard.words for heard in self.listen(audio_N))
