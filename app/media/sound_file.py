"""Reads any sound file (or the sound of a film) as mono, by FFmpeg (PyAV) and soxr."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.contract import AUDIO_RATE, Float32Array, PersonareError

_REMEDY: Final = "Use a sound recording such as WAV, FLAC, MP3, OGG or M4A."
_QUIET_DB: Final = -40.0
"""A channel this far below the loudest one is empty and would only thin the voice."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A decoded recording."""

    samples_N: Float32Array
    """Mono, float32, within -1..1."""
    rate: int
    """Samples per second, as in the file."""

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples_N) / self.rate

    def at(self, rate: int) -> Float32Array:
        """The same sound at another rate, mono float32; its length is round(seconds * rate)."""
        if rate == self.rate:
            return self.samples_N
        import soxr

        resampled_N = np.asarray(soxr.resample(self.samples_N, self.rate, rate), np.float32)
        length = round(len(self.samples_N) * rate / self.rate)
        if len(resampled_N) < length:
            resampled_N = np.pad(resampled_N, (0, length - len(resampled_N)))
        return np.clip(resampled_N[:length], -1.0, 1.0)


def mix_to_mono(samples_CN: Float32Array) -> Float32Array:
    """The mean of the channels that carry sound; recorders often leave most of them empty."""
    power_C = np.mean(np.square(samples_CN, dtype=np.float64), axis=1)
    loud_C = power_C >= power_C.max() * 10 ** (_QUIET_DB / 10)
    return np.asarray(samples_CN[loud_C].mean(axis=0), np.float32)


def read_sound(path: Path | str) -> SoundFile:
    """Decode a file of any rate, format and number of channels.

    Raises:
        PersonareError: it is missing, unreadable, damaged, or holds no sound.
    """
    path = Path(path)
    import av

    # Opened here first: the system's own errors are clearer than FFmpeg's.
    try:
        with path.open("rb") as stream:
            if not stream.read(1):
                raise PersonareError(f"{path} is empty.", _REMEDY)
    except FileNotFoundError:
        raise PersonareError(
            f"There is no file {path}.", "Check the name and the folder."
        ) from None
    except IsADirectoryError:
        raise PersonareError(f"{path} is a folder, not a sound file.", _REMEDY) from None
    except PermissionError:
        raise PersonareError(
            f"{path} may not be read.", "Check the permissions of the file."
        ) from None
    except OSError as error:
        raise PersonareError(f"{path} cannot be read: {error.strerror}.", _REMEDY) from error
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise PersonareError(f"{path} holds no sound.", _REMEDY)
            samples_CN, rate = _decode(container)
    except av.FFmpegError as error:
        raise PersonareError(
            f"{path} is damaged or no sound file ({error.strerror}).", _REMEDY
        ) from error
    if samples_CN.shape[1] == 0:
        raise PersonareError(f"{path} holds no sound: its length is zero.", _REMEDY)
    samples_CN = np.nan_to_num(samples_CN, nan=0.0, posinf=0.0, neginf=0.0)
    return SoundFile(np.clip(mix_to_mono(samples_CN), -1.0, 1.0), rate)


def _decode(container: Any) -> tuple[Float32Array, int]:
    """All samples, float32 (channels, N), and the rate. What follows a damaged packet is lost."""
    import av

    stream = container.streams.audio[0]
    # Interleaved: PyAV 18 reads beyond the planes of frames with more than two channels.
    resampler = av.AudioResampler(format="flt")
    pieces: list[Float32Array] = []
    rate = int(stream.rate or 0)
    channels = 0
    try:
        for frame in container.decode(stream):
            frame.pts = None
            now = frame.layout.nb_channels
            if channels and (now, frame.sample_rate) != (channels, rate):
                break  # another format in the middle of a file: a damaged or joined recording
            channels, rate = now, frame.sample_rate
            for piece in resampler.resample(frame):
                packed = np.asarray(piece.to_ndarray(), np.float32)
                pieces.append(packed.reshape(-1, channels).T)
    except av.FFmpegError:
        if not pieces:
            raise
    if not pieces:
        return np.zeros((1, 0), np.float32), max(rate, 1)
    return np.concatenate(pieces, axis=1), rate


def read_speech(path: Path | str) -> Float32Array:
    """A file as the generators hear it: mono float32 at AUDIO_RATE.

    Raises:
        PersonareError: as `read_sound`.
    """
    return read_sound(path).at(AUDIO_RATE)
