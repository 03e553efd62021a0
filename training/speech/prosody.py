"""Level and pitch of every clip, every 10 ms: `python -m training.speech.prosody FOLDER`.

Pitch follows P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound" (1993): the autocorrelation of a windowed frame
divided by that of the window, its highest few peaks as candidates, and the cheapest path through
them, where jumps of pitch and changes of voicing cost. The costs are that paper's.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.corpus import Clip, Corpus

HOP_S: Final = 0.01
"""Frame f tells of [f, f + 1) * 10 ms; the pitch window is centred on its middle."""
QUIETEST_DB: Final = -100.0
LOWEST_HZ: Final = 65.0
HIGHEST_HZ: Final = 550.0
_RATE: Final = 8000
_HOP: Final = 80
_WINDOW: Final = 368
_FFT: Final = 1024
_PEAKS: Final = 5
_OCTAVE_COST: Final = 0.01
_JUMP_COST: Final = 0.35
_VOICING_COST: Final = 0.14
_SILENCE: Final = 0.03
_VOICED: Final = 0.45
_FLOOR: Final = 3e-4


def level_track(audio_N: Float32Array) -> Float32Array:
    """RMS level, dB under full scale, of each whole 10 ms: float32 (N // 160,)."""
    hop = int(AUDIO_RATE * HOP_S)
    frames_FN = audio_N[: len(audio_N) // hop * hop].reshape(-1, hop)
    power_F = np.maximum((frames_FN.astype(np.float64) ** 2).mean(1), 10 ** (QUIETEST_DB / 10))
    return (10 * np.log10(power_F)).astype(np.float32)


def pitch_track(audio_N: Float32Array) -> Float32Array:
    """Pitch in Hz of each whole 10 ms, 0 where there is none: float32 (N // 160,)."""
    frames = len(audio_N) // int(AUDIO_RATE * HOP_S)
    if frames == 0:
        return np.zeros(0, np.float32)
    strength_FK, hertz_FK = _candidates(audio_N, frames)
    path_F = _best_path(strength_FK, hertz_FK)
    return hertz_FK[np.arange(frames), path_F].astype(np.float32)


def _candidates(
    audio_N: Float32Array, frames: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strengths and frequencies (F, 1 + _PEAKS); the first candidate is "unvoiced", 0 Hz."""
    low_N = soxr.resample(audio_N, AUDIO_RATE, _RATE)
    before = (_WINDOW - _HOP) // 2
    low_N = np.pad(low_N, (before, _WINDOW + _HOP))
    frames_FN = np.lib.stride_tricks.sliding_window_view(low_N, _WINDOW)[::_HOP][:frames]
    frames_FN = frames_FN - frames_FN.mean(1, keepdims=True)
    peak_F = np.abs(frames_FN).max(1)
    loudest = max(float(np.percentile(peak_F, 99)), _FLOOR)
    window_N = np.hanning(_WINDOW)
    own_L = np.fft.irfft(np.abs(np.fft.rfft(window_N, _FFT)) ** 2)
    spectrum_FB = np.abs(np.fft.rfft(frames_FN * window_N, _FFT)) ** 2
    first, last = int(_RATE / HIGHEST_HZ) - 1, int(_RATE / LOWEST_HZ) + 2
    every_FL = np.fft.irfft(spectrum_FB)
    energy_F = every_FL[:, :1] + 1e-9
    shape_FL = every_FL[:, first:last] / energy_F / (own_L[first:last] / own_L[0])
    left, middle, right = shape_FL[:, :-2], shape_FL[:, 1:-1], shape_FL[:, 2:]
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    lag_FL = np.arange(first + 1, last - 1) + shift
    height_FL = np.minimum(middle - 0.25 * (left - right) * shift, 1.0)
    is_peak = (middle > left) & (middle >= right) & (middle > 0.1)
    score_FL = np.where(
        is_peak, height_FL - _OCTAVE_COST * np.log2(LOWEST_HZ / _RATE * lag_FL), -9.0
    )
    best_FK = np.argpartition(-score_FL, _PEAKS, axis=1)[:, :_PEAKS]
    strength_FK = np.take_along_axis(score_FL, best_FK, 1)
    hertz_FK = _RATE / np.take_along_axis(lag_FL, best_FK, 1)
    quiet_F = np.maximum(0, 2 - peak_F / loudest / (_SILENCE / (1 + _VOICED)))
    unvoiced_F1 = (_VOICED + quiet_F)[:, None]
    return (
        np.concatenate([unvoiced_F1, strength_FK], 1),
        np.concatenate([np.zeros((frames, 1)), hertz_FK], 1),
    )


def _best_path(
    strength_FK: NDArray[np.float64], hertz_FK: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Index of the chosen candidate of each frame (Viterbi)."""
    frames, count = strength_FK.shape
    octave_FK = np.log2(np.maximum(hertz_FK, 1.0))
    jump_FKK = _JUMP_COST * np.abs(octave_FK[1:, None, :] - octave_FK[:-1, :, None])
    jump_FKK[:, 0, 1:] = jump_FKK[:, 1:, 0] = _VOICING_COST
    jump_FKK[:, 0, 0] = 0
    back_FK = np.zeros((frames, count), np.int64)
    score_K = strength_FK[0]
    every_K = np.arange(count)
    for f in range(1, frames):
        reach_KK = score_K[:, None] - jump_FKK[f - 1]
        back_FK[f] = reach_KK.argmax(0)
        score_K = reach_KK[back_FK[f], every_K] + strength_FK[f]
    path_F = np.zeros(frames, np.int64)
    path_F[-1] = score_K.argmax()
    for f in range(frames - 1, 0, -1):
        path_F[f - 1] = back_FK[f, path_F[f]]
    return path_F


def clip_prosody(corpus: Corpus, clip: Clip) -> tuple[Float32Array, Float32Array]:
    """Level in dB and pitch in Hz (0: unvoiced) of a clip, float32 (F,) each, every 10 ms.

    Kept as half floats under `prosody/` beside the sound; made when first asked for.
    """
    file = corpus.folder / "prosody" / f"{clip.id}.npy"
    if not file.is_file():
        audio_N = corpus.audio(clip)
        file.parent.mkdir(exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}.part")
        with temporary.open("wb") as out:
            both_2F = np.stack([level_track(audio_N), pitch_track(audio_N)])
            np.save(out, both_2F.astype(np.float16))
        temporary.replace(file)
    level_F, pitch_F = np.load(file).astype(np.float32)
    return level_F, pitch_F


def main() -> None:
    """Read the command line and fill the cache of one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    corpus = Corpus(parser.parse_args().folder)
    seconds, voiced = 0.0, 0.0
    for clip in corpus.clips():
        _, pitch_F = clip_prosody(corpus, clip)
        seconds += clip.duration
        voiced += HOP_S * float((pitch_F > 0).sum())
    print(f"{seconds / 3600:.2f} h, {voiced / max(seconds, 1e-9):.0%} voiced")


if __name__ == "__main__":
    main()
