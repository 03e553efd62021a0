"""Training examples: ten seconds of somebody at a microphone, others in the call, and the truth.

`python -m training.motion.conversations CORPUS OUT --count N` writes shards of features and
phones. An example lays clips of one voice on a time line with pauses, sometimes lets others talk
on the second stream, leaks their echo into the microphone, and puts it all through a random
recording chain (`training.speech.augment`). One in four holds no speech of the user's at all.

A shard keeps phones and not mouths, so that the teacher can change without new shards.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from inference.audio_features import LogMel
from inference.contract import AUDIO_RATE, STEP_SAMPLES, Float32Array
from training.speech.align import GOOD_SCORE
from training.speech.augment import NOISES, Rng, db, degrade, level
from training.speech.corpus import Clip, Corpus
from training.speech.phones import PHONE_INDEX, Segments, merge
from training.speech.surroundings import MusicShelf, babble, echo
from training.teacher.mouth import accent_track, speech_track

SECONDS: Final = 10.0
SHARD: Final = 128
PHONE_GRID_S: Final = 0.005
"""Step of `phone_P`: phone p fills [p, p + 1) * 5 ms."""
LATEST_ECHO_S: Final = 0.3
BABBLE_SHARE: Final = 0.06
CLEAN_SHARE: Final = 0.3
"""Of those who speak with nothing beside them: a good microphone in a quiet room."""
_SPEECH_LEVEL: Final = 0.1
_GRID_S: Final = STEP_SAMPLES / AUDIO_RATE


@dataclass(slots=True)
class Example:
    """One example of T steps; tracks have T + 1 points, every 20 ms from 0; 10 T + 10 phones."""

    self_FM: Float32Array
    other_FM: Float32Array
    phone_P: NDArray[np.uint8]
    listening_T: Float32Array
    accent_T: Float32Array


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is heard beside voices: real music, if there is a folder of it."""

    tunes: MusicShelf | None = None


NOWHERE: Final = Surroundings()


class VoicePool:
    """Clips by voice, and how often each voice is heard: by the root of its duration."""

    def __init__(
        self,
        corpora: Corpus | list[Corpus],
        human_share: float = 0.6,
        without: Collection[str] = (),
    ) -> None:
        """All well aligned clips of the corpora but those of the voices in `without`."""
        self.by_voice: dict[str, list[Clip]] = defaultdict(list)
        self._corpus_of: dict[str, Corpus] = {}
        for corpus in [corpora] if isinstance(corpora, Corpus) else corpora:
            for clip in corpus.clips():
                good = clip.kind == "synthetic" or clip.score > GOOD_SCORE
                if clip.phones and good and clip.voice not in without:
                    self.by_voice[clip.voice].append(clip)
                    self._corpus_of[clip.id] = corpus
        self.voices = sorted(self.by_voice)
        weight = np.array([np.sqrt(sum(c.duration for c in self.by_voice[v])) for v in self.voices])
        human = np.array([self.by_voice[v][0].kind == "human" for v in self.voices])
        if human.any() and not human.all():
            weight[human] *= human_share / weight[human].sum()
            weight[~human] *= (1 - human_share) / weight[~human].sum()
        self.chance = weight / weight.sum()

    def voice(self, rng: Rng) -> str:
        """A random voice."""
        return str(rng.choice(self.voices, p=self.chance))

    def audio(self, clip: Clip) -> Float32Array:
        """The clip's sound."""
        return self._corpus_of[clip.id].audio(clip)

    def talk(self, voice: str, rng: Rng, seconds: float) -> tuple[Float32Array, Segments]:
        """Clips of one voice with pauses: audio of `seconds`, its phones.

        The whole is resampled by up to 18%, which changes pitch, vocal tract and tempo together:
        a cheap way to many more speakers (Jaitly and Hinton 2013 did so for vocal tracts).
        """
        warp = float(rng.uniform(0.85, 1.18)) if rng.uniform() < 0.6 else 1.0
        count = int(seconds * AUDIO_RATE)
        audio_N = np.zeros(count, np.float32)
        segments: Segments = []
        at = int(rng.uniform(0, 1.5) * AUDIO_RATE) if rng.uniform() < 0.7 else 0
        while at < count - AUDIO_RATE // 4:
            clip = self.by_voice[voice][int(rng.integers(len(self.by_voice[voice])))]
            sound = self.audio(clip)
            if warp != 1.0:
                sound = soxr.resample(sound, AUDIO_RATE * warp, AUDIO_RATE).astype(np.float32)
            sound = sound * (_SPEECH_LEVEL / level(sound) * db(rng.normal(0, 2)))
            size = min(len(sound), count - at)
            audio_N[at : at + size] = sound[:size]
            start = at / AUDIO_RATE
            segments += [(start + a / warp, start + b / warp, p) for a, b, p in clip.phones]
            pause = rng.uniform(0.0, 0.5) if rng.uniform() < 0.6 else rng.uniform(0.5, 3.0)
            at += size + int(pause * AUDIO_RATE)
        return audio_N, merge(segments, seconds + 1)


def level_track(audio_N: Float32Array) -> Float32Array:
    """Level in dB every 10 ms."""
    frames_FN = audio_N[: len(audio_N) // 160 * 160].reshape(-1, 160)
    return (10 * np.log10((frames_FN**2).mean(1) + 1e-9)).astype(np.float32)


def _silence(seconds: float) -> tuple[Float32Array, Segments]:
    return np.zeros(int(seconds * AUDIO_RATE), np.float32), [(0.0, seconds + 1, "SIL")]


def _not_speech(rng: Rng, count: int, surroundings: Surroundings) -> Float32Array:
    """Silence, or one or two of the noises, loud or soft, switched on at some moment."""
    audio_N = rng.standard_normal(count).astype(np.float32) * db(rng.uniform(-100, -60))
    if rng.uniform() < 0.15:
        return audio_N * (0 if rng.uniform() < 0.5 else 1)
    for _ in range(int(rng.integers(1, 3))):
        if surroundings.tunes is not None and rng.uniform() < 0.25:
            noise = surroundings.tunes(count, rng)
        else:
            noise = NOISES[str(rng.choice(list(NOISES)))](count, rng)
        noise = noise * (db(rng.uniform(-55, -12)) / max(level(noise), 1e-3))
        if rng.uniform() < 0.4:
            noise[: int(rng.uniform(0, 0.7) * count)] = 0
        audio_N = audio_N + noise
    return np.clip(audio_N, -1, 1).astype(np.float32)


def phone_grid(phones: Segments, count: int) -> NDArray[np.uint8]:
    """Index into PHONES every PHONE_GRID_S: uint8 (count,)."""
    ends_S = np.array([end for _, end, _ in phones])
    index_S = np.array([PHONE_INDEX[name] for _, _, name in phones], np.uint8)
    at_P = (np.arange(count) + 0.5) * PHONE_GRID_S
    return index_S[np.minimum(np.searchsorted(ends_S, at_P, side="right"), len(phones) - 1)]


def echo_of(other_N: Float32Array, rng: Rng) -> Float32Array:
    """The others from the loudspeakers; mostly no later than the network can look back."""
    late = rng.uniform(0.0, LATEST_ECHO_S) if rng.uniform() < 0.85 else None
    return echo(other_N, rng, late, rng.uniform(-35, 0))


def _microphone(
    clean_N: Float32Array, speaks: bool, beside: Float32Array | None, surroundings: Surroundings,
    rng: Rng,
) -> Float32Array:  # fmt: skip
    """What the user's microphone delivers; `beside` is what it hears but the user does not say."""
    if beside is not None:
        return degrade(clean_N + beside, rng, surroundings.tunes)
    if speaks and rng.uniform() < CLEAN_SHARE:
        return np.clip(clean_N * db(rng.uniform(-20, 6)), -1, 1).astype(np.float32)
    if speaks:
        return degrade(clean_N, rng, surroundings.tunes)
    return _not_speech(rng, len(clean_N), surroundings)


def make_example(
    pool: VoicePool, rng: Rng, seconds: float = SECONDS, echoes: bool = False,
    surroundings: Surroundings = NOWHERE,
) -> Example:  # fmt: skip
    """One random example; `echoes` makes others, their echo and a silent user usual."""
    count = int(seconds * AUDIO_RATE)
    speaks = rng.uniform() < (0.4 if echoes else 0.77)
    others = echoes or rng.uniform() < (0.5 if speaks else 0.7)
    leaks = others and rng.uniform() < (0.9 if echoes else 0.4 if speaks else 0.75)
    clean_N, phones = pool.talk(pool.voice(rng), rng, seconds) if speaks else _silence(seconds)
    other_N, other_phones = (
        pool.talk(pool.voice(rng), rng, seconds) if others else _silence(seconds)
    )
    beside_N = echo_of(other_N, rng) if leaks else None
    if not leaks and rng.uniform() < BABBLE_SHARE:
        crowd = [
            pool.talk(pool.voice(rng), rng, seconds)[0] for _ in range(int(rng.integers(4, 7)))
        ]
        beside_N = babble(crowd, rng) * np.float32(_SPEECH_LEVEL * db(-rng.uniform(6, 25)))
        if not speaks:
            beside_N = beside_N + 1e-3 * rng.standard_normal(count).astype(np.float32)
    self_N = _microphone(clean_N, speaks, beside_N, surroundings, rng)
    if others:
        gain = np.float32(db(rng.uniform(-20, 6)))
        other_N = (
            degrade(other_N, rng, surroundings.tunes) if rng.uniform() < 0.6 else other_N * gain
        )
    elif rng.uniform() < 0.3:
        other_N = _not_speech(rng, count, surroundings)
    time_T: NDArray[np.float64] = np.arange(int(seconds / _GRID_S) + 1, dtype=np.float64) * _GRID_S
    return Example(
        LogMel().push(self_N),
        LogMel().push(other_N),
        phone_grid(phones, round((seconds + 0.05) / PHONE_GRID_S)),
        speech_track(other_phones, time_T),
        accent_track(phones, level_track(clean_N), time_T),
    )


def write_shard(
    pool: VoicePool, file: Path, seed: int, count: int = SHARD, echoes: bool = False,
    surroundings: Surroundings = NOWHERE,
) -> None:  # fmt: skip
    """`count` examples as one .npz of half floats."""
    rng = np.random.default_rng(seed)
    examples = [
        make_example(pool, rng, echoes=echoes, surroundings=surroundings) for _ in range(count)
    ]
    half = {
        name: np.stack([getattr(e, name) for e in examples]).astype(np.float16)
        for name in ("self_FM", "other_FM", "listening_T", "accent_T")
    }
    phone_P = np.stack([e.phone_P for e in examples])
    temporary = file.with_suffix(".part.npz")
    np.savez(temporary, phone_P=phone_P, **half)  # type: ignore[arg-type]
    temporary.replace(file)


def main() -> None:
    """Read the command line and write shards that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=30, help=f"shards of {SHARD} examples")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--examples", type=int, default=SHARD, help="in a shard")
    parser.add_argument("--also", type=Path, action="append", default=[], help="another corpus")
    parser.add_argument("--without", action="append", default=[], help="a voice to leave out")
    parser.add_argument("--human-share", type=float, default=0.6, help="of human voices")
    parser.add_argument("--music", type=Path, help="a folder of music, heard as noise")
    parser.add_argument("--echoes", action="store_true", help="mostly others and their echo")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    corpora = [Corpus(folder) for folder in [options.corpus, *options.also]]
    pool = VoicePool(corpora, options.human_share, options.without)
    surroundings = Surroundings(MusicShelf(options.music) if options.music else None)
    for i in range(options.first, options.first + options.count):
        file = options.out / f"shard-{i:04d}.npz"
        if not file.exists():
            write_shard(pool, file, 1000 + i, options.examples, options.echoes, surroundings)
            print(file.name, flush=True)


if __name__ == "__main__":
    main()
