"""Lossy codecs that calls and recordings go through, there and back, in step with the original.

The codecs are those of the FFmpeg inside PyAV. Each delays the sound by its own amount; the delay
is found by cross-correlation and taken out, so that labels stay where they were. All audio is
float32 (N,) at 16 kHz.
"""

from __future__ import annotations

from typing import Any, Final

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.acoustics import Rng

CODECS: Final[dict[str, tuple[str, int, tuple[int, ...]]]] = {
    "opus": ("libopus", 48000, (8000, 12000, 16000, 24000, 40000)),
    "opus narrow": ("libopus", 8000, (6000, 8000, 12000)),
    "g722": ("g722", 16000, (64000,)),
    "mp3": ("libmp3lame", 16000, (16000, 24000, 32000, 48000)),
    "aac": ("aac", 16000, (16000, 24000, 32000)),
    "amr": ("libopencore_amrnb", 8000, (4750, 7950, 12200)),
    "sbc": ("sbc", 16000, (64000, 96000)),
    "a-law": ("pcm_alaw", 8000, (64000,)),
    "mu-law": ("pcm_mulaw", 8000, (64000,)),
}
"""Encoder, its rate in Hz, and bit rates as calls, headsets and recordings use them."""
_LONGEST_DELAY_S: Final = 0.2


def available(name: str) -> bool:
    """Whether this build of FFmpeg has the encoder."""
    try:
        av.Codec(CODECS[name][0], "w")
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def _frames(audio_N: Float32Array, rate: int, encoder: Any) -> list[Any]:
    """The audio as frames of the encoder's sample format and frame size."""
    form = encoder.format.name if encoder.format else "s16"
    size = encoder.frame_size or 320
    frames = []
    for at in range(0, len(audio_N), size):
        piece = audio_N[at : at + size]
        piece = np.pad(piece, (0, size - len(piece)))[None]
        if form.startswith("s16"):
            piece = np.round(np.clip(piece, -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(piece.astype(piece.dtype), form, "mono")
        frame.sample_rate, frame.pts = rate, at
        frames.append(frame)
    return frames


def _there_and_back(audio_N: Float32Array, name: str, bit_rate: int) -> Float32Array:
    """Encode audio at the codec's own rate, and decode it to 16 kHz."""
    encoder_name, rate, _ = CODECS[name]
    encoder: Any = av.CodecContext.create(encoder_name, "w")
    encoder.sample_rate, encoder.layout, encoder.bit_rate = rate, "mono", bit_rate
    encoder.format = encoder.codec.audio_formats[0].name
    for form in encoder.codec.audio_formats:
        if form.name in ("fltp", "flt", "s16"):
            encoder.format = form.name
            break
    if encoder_name == "libopus":
        encoder.options = {"compression_level": "3"}
    encoder.open()
    packets: list[Any] = []
    for frame in [*_frames(audio_N, rate, encoder), None]:
        packets += encoder.encode(frame)
    decoder: Any = av.CodecContext.create(encoder.codec.canonical_name, "r")
    decoder.sample_rate, decoder.layout = rate, "mono"
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    pieces: list[NDArray[np.float32]] = []
    out_rate = rate
    for packet in [*packets, None]:
        for frame in decoder.decode(packet):
            out_rate = frame.sample_rate  # Opus comes out at 48 kHz whatever went in
            array = frame.to_ndarray().astype(np.float32)
            pieces.append(array.reshape(-1) / (32768 if frame.format.name[:3] == "s16" else 1))
    whole = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    return whole if out_rate == AUDIO_RATE else soxr.resample(whole, out_rate, AUDIO_RATE)


def in_step(original_N: Float32Array, delayed_N: Float32Array) -> Float32Array:
    """`delayed_N` shifted back by the delay (0 to 200 ms) at which it resembles the original."""
    count = len(original_N)
    delayed_N = np.pad(delayed_N, (0, max(0, count + AUDIO_RATE // 4 - len(delayed_N))))
    size = 1 << (2 * min(count, 4 * AUDIO_RATE)).bit_length()
    heard = np.fft.rfft(delayed_N[: size // 2], size)
    both = np.fft.irfft(heard * np.conj(np.fft.rfft(original_N[: size // 2], size)), size)
    delay = int(np.argmax(np.abs(both[: int(_LONGEST_DELAY_S * AUDIO_RATE)])))
    return np.asarray(delayed_N[delay : delay + count], np.float32)


def coded(audio_N: Float32Array, name: str, rng: Rng) -> Float32Array:
    """Through one of CODECS at one of its bit rates; the same length, in step, level kept."""
    _, rate, bit_rates = CODECS[name]
    peak = max(float(np.abs(audio_N).max(initial=0)), 1e-9)
    gain = min(1.0, 0.97 / peak)
    own = audio_N * np.float32(gain)
    if rate != AUDIO_RATE:
        own = soxr.resample(own, AUDIO_RATE, rate).astype(np.float32)
    back = _there_and_back(own, name, int(rng.choice(bit_rates))).astype(np.float32)
    return in_step(audio_N, back) / np.float32(gain)


def random_codec(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """Through a random codec that is there."""
    names = [name for name in CODECS if available(name)]
    return coded(audio_N, str(rng.choice(names)), rng)


def lost_packets(audio_N: Float32Array, rng: Rng) -> Float32Array:
    """Packets of 20 ms lost in bursts (Gilbert's two-state channel), each replaced by the last
    good one, fading: what simple concealment does."""
    size = AUDIO_RATE // 50
    out = audio_N.copy()
    lose, recover = rng.uniform(0.005, 0.04), rng.uniform(0.3, 0.9)
    lost, fade = False, 1.0
    for at in range(size, len(out) - size + 1, size):
        lost = bool(rng.uniform() < (1 - recover if lost else lose))
        fade = fade * 0.6 if lost else 1.0
        if lost:
            out[at : at + size] = out[at - size : at] * np.float32(fade)
    return out
