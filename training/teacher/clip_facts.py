"""What the teacher knows of one clip of the corpus: phrases, accents, questions, level and pitch.

An accent is a vowel that is long, loud and high for its clip: duration, intensity and pitch are the
acoustic correlates of prominence (Fry, "Experiments in the perception of stress", Lang. Speech
1958; Kochanski et al., "Loudness predicts prominence", JASA 2005). A phrase ends at a pause of
SHORT_PAUSE_S; it asks when its end is higher than its speaker's mean (Ohala, Phonetica 1983).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.speech.align import GOOD_SCORE
from training.speech.corpus import Clip, Corpus
from training.speech.phones import VOWELS, Segments
from training.speech.prosody import HOP_S, clip_prosody
from training.teacher.mouth import SHORT_PAUSE_S
from training.teacher.shapes import Rng

ACCENT_SCORE: Final = 0.7
"""Sum of three standard scores a vowel must reach: leaves about one accent a second of speech."""
ACCENT_APART: Final = 0.3
RISE_OCTAVES: Final = 0.12


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """One clip, cut to its speech; times in s from the first sound.

    `cut` is where in the clip that is. `level_F` (dB) and `pitch_F` (Hz, 0 unvoiced) have a value
    every 10 ms. `phrases_P2` are (start, end); `rises_P` octaves the phrase's end lies above the
    clip's mean; `accents_A2` (time, strength 0..1); `loudness` the mean level of its vowels in dB.
    """

    clip: Clip
    cut: float
    duration: float
    phones: Segments
    level_F: Float32Array
    pitch_F: Float32Array
    phrases_P2: Float32Array
    rises_P: Float32Array
    accents_A2: Float32Array
    loudness: float

    def head(self, seconds: float) -> ClipFacts:
        """The beginning, up to the end of the phone that sounds after `seconds`."""
        ends = [end for _, end, _ in self.phones if end >= seconds] or [self.duration]
        end = ends[0]
        frames = int(end / HOP_S) + 1
        early = self.accents_A2[self.accents_A2[:, 0] < end]
        return ClipFacts(
            self.clip, self.cut, end, [p for p in self.phones if p[1] <= end + 1e-6],
            self.level_F[:frames], self.pitch_F[:frames],
            np.array([[0.0, end]], np.float32), np.zeros(1, np.float32), early, self.loudness,
        )  # fmt: skip


def clip_facts(corpus: Corpus, clip: Clip) -> ClipFacts:
    """Facts of a clip; needs at least one phone that is not silence."""
    level_F, pitch_F = clip_prosody(corpus, clip)
    loud = [(s, e) for s, e, p in clip.phones if p != "SIL"]
    start, end = loud[0][0], loud[-1][1]
    phones = [(s - start, e - start, p) for s, e, p in clip.phones if s >= start and e <= end]
    first, last = int(start / HOP_S), max(int(np.ceil(end / HOP_S)), int(start / HOP_S) + 1)
    level_F, pitch_F = level_F[first:last], pitch_F[first:last]
    phrases_P2 = _phrases(phones)
    voiced = pitch_F > 0
    mean = float(np.log2(pitch_F[voiced]).mean()) if voiced.any() else 7.0
    rises_P = np.array([_rise(pitch_F, end, mean) for _, end in phrases_P2], np.float32)
    vowels = [(s, e) for s, e, p in phones if p in VOWELS and e - s > 0.03]
    peaks = [float(_between(level_F, s, e).max(initial=-60.0)) for s, e in vowels]
    loudness = float(np.mean(peaks)) if peaks else float(level_F.max(initial=-60.0))
    return ClipFacts(
        clip, start, end - start, phones, level_F, pitch_F, phrases_P2, rises_P,
        _accents(vowels, peaks, pitch_F, mean), loudness,
    )  # fmt: skip


def _between(track_F: Float32Array, start: float, end: float) -> Float32Array:
    return track_F[int(start / HOP_S) : int(end / HOP_S) + 1]


def _phrases(phones: Segments) -> Float32Array:
    out: list[list[float]] = []
    for start, end, name in phones:
        if name == "SIL" and end - start >= SHORT_PAUSE_S:
            continue
        if out and start - out[-1][1] < SHORT_PAUSE_S:
            out[-1][1] = end
        else:
            out.append([start, end])
    return np.array(out, np.float32).reshape(-1, 2)


def _rise(pitch_F: Float32Array, end: float, mean: float) -> float:
    last_F = _between(pitch_F, max(end - 0.25, 0.0), end)
    voiced_F = last_F[last_F > 0][-8:]
    return float(np.log2(voiced_F).mean() - mean) if len(voiced_F) >= 3 else 0.0


def _accents(
    vowels: list[tuple[float, float]], peaks: list[float], pitch_F: Float32Array, mean: float
) -> Float32Array:
    """Vowels that stand out, strongest first, none within ACCENT_APART of a stronger."""
    if not vowels:
        return np.zeros((0, 2), np.float32)
    octaves = []
    for start, end in vowels:
        around = _between(pitch_F, start, end)
        around = around[around > 0]
        octaves.append(float(np.log2(around).mean()) - mean if len(around) else 0.0)
    # The wider floors keep a monotone voice from having accents out of nothing.
    score = _standard(np.log([e - s for s, e in vowels]), 0.3)
    score = score + _standard(np.array(peaks), 2.5) + _standard(np.array(octaves), 0.12)
    chosen: list[tuple[float, float]] = []
    for i in np.argsort(-score):
        time = 0.5 * (vowels[i][0] + vowels[i][1])
        least = ACCENT_SCORE if chosen else -0.5
        if score[i] > least and all(abs(time - other) > ACCENT_APART for other, _ in chosen):
            chosen.append((time, float(np.clip(0.35 + 0.17 * score[i], 0.2, 1.0))))
    return np.array(sorted(chosen), np.float32).reshape(-1, 2)


def _standard(value: np.ndarray, floor: float) -> np.ndarray:
    return (value - value.mean()) / max(float(value.std()), floor)


class VoiceBook:
    """The corpus by voice, with facts of every clip kept once made."""

    def __init__(self, corpus: Corpus, human_share: float = 0.6) -> None:
        self.corpus = corpus
        self.by_voice: dict[str, list[Clip]] = defaultdict(list)
        for clip in corpus.clips():
            sounds = any(p != "SIL" for _, _, p in clip.phones)
            if sounds and (clip.kind == "synthetic" or clip.score > GOOD_SCORE):
                self.by_voice[clip.voice].append(clip)
        self.voices = sorted(self.by_voice)
        self._facts: dict[str, ClipFacts] = {}
        weight = np.array([np.sqrt(sum(c.duration for c in self.by_voice[v])) for v in self.voices])
        human = np.array([self.by_voice[v][0].kind == "human" for v in self.voices])
        if human.any() and not human.all():
            weight[human] *= human_share / weight[human].sum()
            weight[~human] *= (1 - human_share) / weight[~human].sum()
        self._chance = weight / weight.sum()

    def voice(self, rng: Rng) -> str:
        """A random voice, by the root of how much there is of it."""
        return str(rng.choice(self.voices, p=self._chance))

    def facts(self, voice: str, rng: Rng) -> ClipFacts:
        """A random clip of a voice."""
        clips = self.by_voice[voice]
        clip = clips[int(rng.integers(len(clips)))]
        if clip.id not in self._facts:
            self._facts[clip.id] = clip_facts(self.corpus, clip)
        return self._facts[clip.id]

    def short(self, voice: str, rng: Rng) -> ClipFacts:
        """A syllable or two of a voice, as in "mm-hm": the beginning of some clip."""
        return self.facts(voice, rng).head(float(rng.uniform(0.22, 0.5)))
