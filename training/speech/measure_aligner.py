"""The aligner on voices no corpus here has: `python -m training.speech.measure_aligner CORPUS`.

Reads CORPUS/phone_net.pt, or `--net FILE`. A festival voice (festvox-czech-krb, a child) and
espeak-ng variants outside `ESPEAK_VARIANTS` give exact timing; with `--english ALIGN WAVS` the
alignments of another aligner are compared too: ALIGN holds {"phones": [start, end, ARPABET],
"text"} in one JSON file per recording, WAVS the recordings (a slash in the path is a "_" in ALIGN).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.align import align_clip
from training.speech.check_aligner import accuracy, report
from training.speech.corpus import Clip, Corpus
from training.speech.espeak import Espeak
from training.speech.phone_net import PhoneNet, load_net
from training.speech.phones import ARPABET, Segments, merge, spread
from training.speech.sources import read_audio
from training.speech.synthetic import FESTIVAL_VOICES, festival_clips

NEW_FESTIVAL = ("czech_krb", "cs")
NEW_VARIANTS = ("Mario", "Jacky", "Denis", "miguel", "Gustave", "RicishayMax")
Pairs = list[tuple[Clip, Float32Array]]


class InMemory(Corpus):
    """A corpus whose sounds are not on disk."""

    def __init__(self, pairs: Pairs) -> None:
        self._sounds = {clip.id: audio_N for clip, audio_N in pairs}

    def audio(self, clip: Clip) -> Float32Array:
        """The sound given with the clip."""
        return self._sounds[clip.id]


def show(name: str, net: PhoneNet, pairs: Pairs) -> None:
    """Print one line of figures."""
    clips = [clip for clip, _ in pairs]
    found = accuracy(InMemory(pairs), clips, lambda audio, names: align_clip(net, audio, names))
    print(f"{name} ({len(clips)} clips): {report(found)}", flush=True)


def espeak_pairs(texts: list[str]) -> Pairs:
    """English by variants of espeak-ng that the corpus leaves out."""
    engine, pairs = Espeak(), []
    for i, text in enumerate(texts):
        variant = NEW_VARIANTS[i % len(NEW_VARIANTS)]
        try:
            audio_N, phones = engine.speak(text, f"en-us+{variant}")
        except ValueError:  # not every variant exists in every release of espeak-ng
            continue
        seconds = len(audio_N) / AUDIO_RATE
        if seconds > 0.5:
            clip = Clip(f"new-{i}", variant, "en-us", "synthetic", text, seconds, phones)
            pairs.append((clip, audio_N))
    return pairs


def other_aligner(align: Path, wavs: Path, count: int) -> Pairs:
    """Recordings with another aligner's timing."""
    pairs: Pairs = []
    for file in sorted(wavs.rglob("*.wav"))[:count]:
        stem = str(file.relative_to(wavs).with_suffix("")).replace("/", "_")
        if not (align / f"{stem}.json").is_file():
            continue
        record = json.loads((align / f"{stem}.json").read_text("utf8"))
        segments: Segments = []
        for start, end, name in record["phones"]:
            segments += spread(start, end, ARPABET.get(name.rstrip("012"), ("SIL",)))
        audio_N = read_audio(file)
        seconds = len(audio_N) / AUDIO_RATE
        phones = merge(segments, seconds)
        clip = Clip(stem, "other", "en-us", "human", record["text"], seconds, phones)
        pairs.append((clip, audio_N))
    return pairs


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--net", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--english", type=Path, nargs=2, metavar=("ALIGN", "WAVS"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    net = load_net(options.net or options.corpus / "phone_net.pt")
    texts: dict[str, list[str]] = {"cs": [], "en": []}
    for clip in Corpus(options.corpus).clips():
        if clip.kind == "human":
            texts.setdefault(clip.language.split("-")[0], []).append(clip.text)
    voice, language = NEW_FESTIVAL
    FESTIVAL_VOICES[voice] = language
    spoken = list(festival_clips(voice, texts[language][: 2 * options.count : 2], 3))
    show(f"festival {voice}", net, spoken)
    show("espeak-ng variants", net, espeak_pairs(texts["en"][: options.count]))
    if options.english:
        align, wavs = options.english
        show("the other aligner", net, other_aligner(align, wavs, options.count * 3))


if __name__ == "__main__":
    main()
