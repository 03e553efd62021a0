"""The corpus on disk: one 16-bit WAV per clip and one line of JSON each in `clips.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import soundfile

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.phones import Segments


@dataclass(slots=True)
class Clip:
    """One utterance: `phones` are (start, end, name of PHONES) and cover all of `duration` s.

    `kind` is "synthetic" (timing exact) or "human" (timing aligned; `score` is the mean log
    posterior of its alignment, near 0 when good). `language` is an espeak-ng language.
    """

    id: str
    voice: str
    language: str
    kind: str
    text: str
    duration: float
    phones: Segments = field(default_factory=list)
    score: float = 0.0


class Corpus:
    """A folder of clips that is written once and read many times."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "wav").mkdir(parents=True, exist_ok=True)
        self.index = folder / "clips.jsonl"

    def add(self, clip: Clip, audio_N: Float32Array) -> None:
        """Write the sound and append the clip to the index."""
        soundfile.write(self.wav(clip), audio_N, AUDIO_RATE, subtype="PCM_16")
        with self.index.open("a", encoding="utf8") as out:
            out.write(json.dumps(asdict(clip), ensure_ascii=False) + "\n")

    def wav(self, clip: Clip) -> Path:
        """Where the clip's sound lies."""
        return self.folder / "wav" / f"{clip.id}.wav"

    def audio(self, clip: Clip) -> Float32Array:
        """The clip's sound, float32 (N,) at 16 kHz."""
        audio_N, _ = soundfile.read(self.wav(clip), dtype="float32")
        return audio_N

    def clips(self) -> Iterator[Clip]:
        """All clips in the order written; a later line with the same id replaces an earlier."""
        found: dict[str, Clip] = {}
        if self.index.is_file():
            for line in self.index.read_text("utf8").splitlines():
                record = json.loads(line)
                record["phones"] = [(a, b, p) for a, b, p in record["phones"]]
                found[record["id"]] = Clip(**record)
        yield from found.values()

    def rewrite(self, clips: list[Clip]) -> None:
        """Replace the index, atomically."""
        text = "".join(json.dumps(asdict(c), ensure_ascii=False) + "\n" for c in clips)
        temporary = self.index.with_suffix(".new")
        temporary.write_text(text, "utf8")
        temporary.replace(self.index)
