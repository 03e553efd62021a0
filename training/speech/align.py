"""Time the phones of human speech: `python -m training.speech.align FOLDER`.

A small bidirectional network learns frame -> phone from the synthetic voices, whose timing is
exact. espeak-ng turns each human transcript into phones; Viterbi finds where they lie, with an
optional pause between any two. The network then learns from the human speech it aligned well,
together with the synthetic, and aligns again. `--check` holds one synthetic voice out and prints
how far its boundaries come out from the truth.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.audio_features import MEL_BANDS, LogMel
from inference.contract import Float32Array
from training.speech.augment import degrade
from training.speech.corpus import Clip, Corpus
from training.speech.espeak import Espeak
from training.speech.phones import PHONE_INDEX, PHONES, Segments, merge

FRAME_S: Final = 0.01
CENTRE_S: Final = 0.002
"""A feature frame ends at (f + 1) * 10 ms and weighs about 7 ms before that: label time."""
GOOD_SCORE: Final = -1.6
"""Alignments with a lower mean log posterior are wrong words, effects or noise: left out."""
_PAUSE_COST: Final = 3.0
_MIN_FRAMES: Final = 2
_CHUNK: Final = 300


class PhoneNet(nn.Module):
    """Log-mel (B, T, MEL_BANDS), mean and variance normalised, to phone log posteriors."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.conv = nn.Conv1d(MEL_BANDS, width, 5, padding=2)
        self.gru = nn.GRU(width, width, 2, batch_first=True, bidirectional=True, dropout=0.1)
        self.out = nn.Linear(2 * width, len(PHONES))

    def forward(self, mel_BTF: torch.Tensor) -> torch.Tensor:
        """Log posteriors (B, T, len(PHONES))."""
        hidden = torch.relu(self.conv(mel_BTF.transpose(1, 2))).transpose(1, 2)
        hidden, _ = self.gru(hidden)
        return torch.log_softmax(self.out(hidden), -1)


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


def _examples(
    corpus: Corpus, clips: list[Clip], rng: np.random.Generator, seconds: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Chunks (B, _CHUNK, F) and labels (B, _CHUNK) from random clips, half of them degraded."""
    x, y, total = [], [], 0.0
    for i in rng.permutation(len(clips)):
        clip = clips[i]
        audio_N = corpus.audio(clip)
        mel_FB = features(degrade(audio_N, rng) if rng.uniform() < 0.3 else audio_N)
        label_F = labels(clip.phones, len(mel_FB))
        for at in range(0, max(1, len(mel_FB) - _CHUNK // 2), _CHUNK):
            part, lab = mel_FB[at : at + _CHUNK], label_F[at : at + _CHUNK]
            pad = _CHUNK - len(part)
            x.append(np.pad(part, ((0, pad), (0, 0)), constant_values=-3.0))
            y.append(np.pad(lab, (0, pad), constant_values=-100))
        total += clip.duration
        if total > seconds:
            break
    return torch.from_numpy(np.stack(x)), torch.from_numpy(np.stack(y))


def train(
    net: PhoneNet, corpus: Corpus, clips: list[Clip], seconds: float, passes: int, seed: int
) -> None:
    """Fit to about `seconds` of speech, `passes` times, weighting voices as they come."""
    rng = np.random.default_rng(seed)
    x, y = _examples(corpus, clips, rng, seconds)
    batch = 32
    steps = passes * len(x) // batch
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, max(steps, 2), pct_start=0.15)
    started, mean = time.time(), 0.0
    for step in range(steps):
        pick = torch.from_numpy(rng.integers(0, len(x), batch))
        loss = nn.functional.nll_loss(net(x[pick]).flatten(0, 1), y[pick].flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        value = loss.item()
        mean = value if step == 0 else mean + 0.02 * (value - mean)
        if step % 200 == 199:
            print(
                f"step {step + 1}/{steps} loss {mean:.3f} {time.time() - started:.0f} s", flush=True
            )


def viterbi(logp_TP: Float32Array, phones: list[str], pauses: set[int]) -> tuple[Segments, float]:
    """Best timing of `phones` in order, with an optional SIL before each and at the end.

    `pauses` are indices before which a pause is expected and costs nothing. Returns segments in
    seconds and the mean log posterior on their path.
    """
    states: list[int] = []
    enter: list[float] = []
    for i, name in enumerate([*phones, "SIL"]):
        states.append(PHONE_INDEX["SIL"])
        enter.append(0.0 if i in pauses or i in (0, len(phones)) else -_PAUSE_COST)
        if i < len(phones):
            states += [PHONE_INDEX[name]] * _MIN_FRAMES
            enter += [0.0] * _MIN_FRAMES
    index_S, enter_S = np.array(states), np.array(enter)
    count, frames = len(states), len(logp_TP)
    silent_S = np.arange(count) % (_MIN_FRAMES + 1) == 0
    last_S = (np.arange(count) % (_MIN_FRAMES + 1) == _MIN_FRAMES) | silent_S
    score_S = np.full(count, -np.inf)
    score_S[:2] = 0.0
    back_TS = np.zeros((frames, count), np.int8)
    for t in range(frames):
        stay = np.where(last_S, score_S, -np.inf)
        step = np.concatenate([[-np.inf], score_S[:-1]])
        skip = np.where(
            np.roll(silent_S, 1), np.concatenate([[-np.inf] * 2, score_S[:-2]]), -np.inf
        )
        if t == 0:
            stay, step, skip = score_S, np.full(count, -np.inf), np.full(count, -np.inf)
        options = np.stack([stay, step + enter_S, skip])
        back_TS[t] = options.argmax(0)
        score_S = options.max(0) + logp_TP[t, index_S]
    state = count - 1 if score_S[-1] >= score_S[-2] else count - 2
    path = np.zeros(frames, np.int64)
    for t in range(frames - 1, -1, -1):
        path[t] = state
        state -= int(back_TS[t, state])
    mean = float(logp_TP[np.arange(frames), index_S[path]].mean())
    group = path // (_MIN_FRAMES + 1) * 2 + (path % (_MIN_FRAMES + 1) > 0)
    edges = np.flatnonzero(np.diff(group)) + 1
    bounds = [0, *edges.tolist(), frames]
    shift = FRAME_S / 2 - CENTRE_S
    segments = [
        (max(0.0, a * FRAME_S - shift), b * FRAME_S - shift, PHONES[index_S[path[a]]])
        for a, b in pairwise(bounds)
    ]
    return segments, mean


def align_clip(net: PhoneNet, audio_N: Float32Array, names: list[str]) -> tuple[Segments, float]:
    """Timing of an espeak-ng phone list in a recording, covering all of it."""
    phones: list[str] = []
    pauses: set[int] = set()
    for name in names:
        if name == "SIL":
            pauses.add(len(phones))
        else:
            phones.append(name)
    mel_FB = features(audio_N)
    if not phones or len(mel_FB) < len(phones) * _MIN_FRAMES + 1:
        return [], -99.0
    with torch.inference_mode():
        logp_TP = net(torch.from_numpy(mel_FB)[None])[0].numpy()
    segments, score = viterbi(logp_TP, phones, pauses)
    return merge(segments, len(audio_N) / 16000), score


def align_human(net: PhoneNet, corpus: Corpus, clips: list[Clip], engine: Espeak) -> None:
    """Set `phones` and `score` of human clips in place."""
    for clip in clips:
        if clip.kind == "human":
            names = engine.phones(clip.text, clip.language)
            clip.phones, clip.score = align_clip(net, corpus.audio(clip), names)


def boundary_errors(net: PhoneNet, corpus: Corpus, clips: list[Clip]) -> NDArray[np.float64]:
    """Seconds between true and found phone starts of synthetic clips (where the counts agree)."""
    errors: list[float] = []
    for clip in clips:
        found, _ = align_clip(net, corpus.audio(clip), [n for _, _, n in clip.phones])
        truth = [p for p in clip.phones if p[2] != "SIL"]
        found = [p for p in found if p[2] != "SIL"]
        if [p[2] for p in truth] == [p[2] for p in found]:
            errors += [f[0] - t[0] for f, t in zip(found, truth, strict=True)]
    return np.array(errors)


def main() -> None:
    """Read the command line; align, or check the aligner on a voice it has not heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=2.5, help="speech to learn from, per round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--check", metavar="VOICE", help="hold VOICE out and print its errors")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    corpus = Corpus(options.folder)
    clips = list(corpus.clips())
    synthetic = [c for c in clips if c.kind == "synthetic" and c.voice != options.check]
    net = PhoneNet()
    train(net, corpus, synthetic, options.hours * 3600, 4, 0)
    torch.save(net.state_dict(), options.folder / "phone_net.pt")
    if options.check:
        error = boundary_errors(net, corpus, [c for c in clips if c.voice == options.check][:100])
        size = np.abs(error) * 1e3
        print(
            f"{options.check}: {len(error)} boundaries, median {np.median(error) * 1e3:+.0f} ms,"
            f" median size {np.median(size):.0f} ms, within 20 ms {(size < 20).mean():.2f}"
        )
        return
    engine = Espeak()
    for round_ in range(options.rounds):
        align_human(net, corpus, clips, engine)
        good = [c for c in clips if c.kind == "human" and c.score > GOOD_SCORE]
        hours = sum(c.duration for c in good) / 3600
        print(f"round {round_}: {len(good)} human clips aligned, {hours:.2f} h", flush=True)
        corpus.rewrite(clips)
        if round_ + 1 < options.rounds:
            train(net, corpus, good + synthetic[::2], options.hours * 3600, 3, round_ + 1)
    torch.save(net.state_dict(), options.folder / "phone_net.pt")


if __name__ == "__main__":
    main()
