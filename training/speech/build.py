"""Build the speech corpus: `python -m training.speech.build FOLDER [--small]`.

Fetches and unpacks the sources, speaks the synthetic voices, and copies the human recordings in;
their phones are then timed by `python -m training.speech.align FOLDER`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from inference.contract import AUDIO_RATE
from training.speech.corpus import Clip, Corpus
from training.speech.espeak import Espeak
from training.speech.sources import (
    ASTERISK,
    dialogue,
    dialogue_recordings,
    fetch_sources,
    prompt_recordings,
    read_audio,
)
from training.speech.synthetic import (
    ESPEAK_LANGUAGES,
    FESTIVAL_VOICES,
    FLITE_VOICES,
    espeak_clips,
    festival_clips,
    flite_clips,
)

_DIALOGUE_SPEECH = ("cs", "nl")


def build_synthetic(corpus: Corpus, sources: Path, per_voice: int, espeak: int, seed: int) -> None:
    """Speak `per_voice` clips with each flite and festival voice and `espeak` with espeak-ng."""
    rng = np.random.default_rng(seed)
    languages = {name.split("-")[0] for name in ESPEAK_LANGUAGES}
    lines = {name: sorted(set(dialogue(sources, name).values())) for name in languages}
    for voice in FLITE_VOICES:
        for clip, audio_N in flite_clips(voice, list(rng.choice(lines["en"], per_voice)), seed):
            corpus.add(clip, audio_N)
        print(voice, flush=True)
    for voice, language in FESTIVAL_VOICES.items():
        texts = list(rng.choice(lines[language], per_voice // 2))
        for clip, audio_N in festival_clips(voice, texts, seed):
            corpus.add(clip, audio_N)
        print(voice, flush=True)
    for clip, audio_N in espeak_clips(Espeak(), lines, espeak, seed):
        corpus.add(clip, audio_N)


def build_human(corpus: Corpus, sources: Path, limit: int | None) -> None:
    """Copy the human recordings in, without phones."""
    groups = [prompt_recordings(sources, language) for language in ASTERISK]
    groups += [dialogue_recordings(sources, language) for language in _DIALOGUE_SPEECH]
    for group in groups:
        for i, recording in enumerate(group):
            if limit is not None and i >= limit:
                break
            audio_N = read_audio(recording.file)
            duration = len(audio_N) / AUDIO_RATE
            if 0.4 < duration < 20:
                clip = Clip(
                    recording.id, recording.voice, recording.language, "human",
                    recording.text, duration,
                )  # fmt: skip
                corpus.add(clip, audio_N)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-voice", type=int, default=700)
    parser.add_argument("--espeak", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="a few clips of each, to try it out")
    options = parser.parse_args()
    sources = options.folder / "sources"
    fetch_sources(sources)
    corpus = Corpus(options.folder)
    build_human(corpus, sources, 4 if options.small else None)
    per_voice, espeak = (4, 20) if options.small else (options.per_voice, options.espeak)
    build_synthetic(corpus, sources, per_voice, espeak, options.seed)
    clips = list(corpus.clips())
    print(f"{len(clips)} clips, {sum(c.duration for c in clips) / 3600:.2f} h")


if __name__ == "__main__":
    main()
