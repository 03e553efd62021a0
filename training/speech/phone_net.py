"""The network of the aligner: log-mel to phone posteriors every 10 ms, past and future known."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import nn

from inference.audio_features import MEL_BANDS, LogMel
from inference.contract import AUDIO_RATE, Float32Array
from training.speech.augment import degrade
from training.speech.corpus import Clip, Corpus
from training.speech.phones import PHONE_INDEX, PHONES, Segments

FRAME_S: Final = 0.01
CENTRE_S: Final = 0.002
"""A feature frame ends at (f + 1) * 10 ms and weighs about 7 ms before that: label time."""
CHUNK: Final = 320
_PAD_LABEL: Final = -100


class PhoneNet(nn.Module):
    """Log-mel (B, T, MEL_BANDS), normalised by `features`, to phone log posteriors.

    The recurrent layers step over pairs of frames (20 ms), which halves their cost; each step
    answers for both of its frames.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.conv = nn.Conv1d(MEL_BANDS, width, 5, padding=2)
        self.gru = nn.GRU(2 * width, width, 2, batch_first=True, bidirectional=True, dropout=0.15)
        self.out = nn.Linear(2 * width, 2 * len(PHONES))

    def forward(self, mel_BTF: torch.Tensor) -> torch.Tensor:
        """Log posteriors (B, T, len(PHONES))."""
        batch, frames, _ = mel_BTF.shape
        mel_BTF = nn.functional.pad(mel_BTF, (0, 0, 0, frames % 2))
        hidden = torch.relu(self.conv(mel_BTF.transpose(1, 2))).transpose(1, 2)
        hidden, _ = self.gru(hidden.reshape(batch, (frames + 1) // 2, -1))
        logits = self.out(hidden).reshape(batch, -1, len(PHONES))[:, :frames]
        return torch.log_softmax(logits, -1)


def features(audio_N: Float32Array) -> Float32Array:
    """Log-mel of a clip, normalised over its louder frames: float32 (F, MEL_BANDS)."""
    mel_FB = LogMel().push(audio_N)
    energy_F = mel_FB.mean(1)
    loud = energy_F > np.percentile(energy_F, 95) - 6
    return (mel_FB - mel_FB[loud].mean(0)) / (mel_FB[loud].std() + 1e-3)


def labels(phones: Segments, frames: int) -> NDArray[np.int64]:
    """Phone index of each feature frame."""
    ends = np.array([end for _, end, _ in phones])
    index = np.array([PHONE_INDEX[name] for _, _, name in phones])
    time_F = np.arange(frames) * FRAME_S + CENTRE_S
    return index[np.minimum(np.searchsorted(ends, time_F, side="right"), len(phones) - 1)]


def load_net(file: Path) -> PhoneNet:
    """A trained network, ready to listen."""
    net = PhoneNet()
    net.load_state_dict(torch.load(file))
    net.eval()
    return net


def posteriors(net: PhoneNet, audio_N: Float32Array) -> Float32Array:
    """Log posteriors of a clip, (F, len(PHONES))."""
    net.eval()
    with torch.inference_mode():
        found: Float32Array = net(torch.from_numpy(features(audio_N))[None])[0].numpy()
    return found


def _heard(corpus: Corpus, clip: Clip, rng: np.random.Generator) -> tuple[Float32Array, Segments]:
    """The clip, often as another speaker would sound (resampled) or as a microphone hears it."""
    audio_N, phones = corpus.audio(clip), clip.phones
    if rng.uniform() < 0.5:
        warp = float(rng.uniform(0.85, 1.18))
        audio_N = soxr.resample(audio_N, AUDIO_RATE * warp, AUDIO_RATE).astype(np.float32)
        phones = [(a / warp, b / warp, name) for a, b, name in phones]
    return (degrade(audio_N, rng) if rng.uniform() < 0.3 else audio_N), phones


def examples(
    corpus: Corpus, clips: list[Clip], rng: np.random.Generator, seconds: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Chunks (B, CHUNK, MEL_BANDS) and labels (B, CHUNK) from random clips."""
    x, y, total = [], [], 0.0
    for i in rng.permutation(len(clips)):
        audio_N, phones = _heard(corpus, clips[i], rng)
        mel_FB = features(audio_N)
        label_F = labels(phones, len(mel_FB))
        for at in range(0, max(1, len(mel_FB) - CHUNK // 2), CHUNK):
            part, lab = mel_FB[at : at + CHUNK], label_F[at : at + CHUNK]
            pad = CHUNK - len(part)
            x.append(np.pad(part, ((0, pad), (0, 0)), constant_values=-3.0))
            y.append(np.pad(lab, (0, pad), constant_values=_PAD_LABEL))
        total += clips[i].duration
        if total > seconds:
            break
    return torch.from_numpy(np.stack(x)), torch.from_numpy(np.stack(y))


def train(
    net: PhoneNet, corpus: Corpus, clips: list[Clip], seconds: float, passes: int, seed: int
) -> None:
    """Fit to about `seconds` of speech, `passes` times, weighting voices as they come."""
    rng = np.random.default_rng(seed)
    x, y = examples(corpus, clips, rng, seconds)
    batch = 32
    steps = max(1, passes * len(x) // batch)
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, steps + 1, pct_start=0.15)
    started, mean = time.time(), 0.0
    net.train()
    for step in range(steps):
        pick = torch.from_numpy(rng.integers(0, len(x), batch))
        loss = nn.functional.nll_loss(
            net(x[pick]).flatten(0, 1), y[pick].flatten(), ignore_index=_PAD_LABEL
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        value = loss.item()
        mean = value if step == 0 else mean + 0.02 * (value - mean)
        if step % 100 == 99:
            print(f"step {step + 1}/{steps} loss {mean:.3f} {time.time() - started:.0f} s",
                  flush=True)  # fmt: skip
