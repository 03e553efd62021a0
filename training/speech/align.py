"""Time the phones of human speech: `python -m training.speech.align FOLDER`.

A small bidirectional network learns frame -> phone from the synthetic voices, whose timing is
exact. espeak-ng turns each human transcript into phones; Viterbi finds where they lie, with an
optional pause between any two. The network then learns from the human speech it aligned well,
together with the synthetic, and aligns again. `--check VOICE ...` holds synthetic voices out and
prints how far their boundaries come out from the truth (`training.speech.check_aligner`).
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.check_aligner import accuracy, report
from training.speech.corpus import Clip, Corpus
from training.speech.espeak import Espeak
from training.speech.phone_net import CENTRE_S, FRAME_S, PhoneNet, labels, posteriors, train
from training.speech.phones import PHONE_INDEX, PHONES, Segments, merge

GOOD_SCORE: Final = -1.6
"""Alignments with a lower mean log posterior are wrong words, effects or noise: left out."""
WORST_LOGP: Final = -8.0
_PAUSE_COST: Final = 3.0
_MIN_FRAMES: Final = 2


def viterbi(logp_TP: Float32Array, phones: list[str], pauses: set[int]) -> tuple[Segments, float]:
    """Best timing of `phones` in order, with an optional SIL before each and at the end.

    `pauses` are indices before which a pause is expected and costs nothing. Returns segments in
    seconds and the mean log posterior on their path: over all frames or over those of speech,
    whichever is worse.
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
    path = _best_states(logp_TP, index_S, enter_S)
    frames = len(path)
    own_T = np.maximum(logp_TP[np.arange(frames), index_S[path]], WORST_LOGP)
    speech_T = index_S[path] != PHONE_INDEX["SIL"]
    score = min(float(own_T.mean()), float(own_T[speech_T].mean()) if speech_T.any() else -99.0)
    group = path // (_MIN_FRAMES + 1) * 2 + (path % (_MIN_FRAMES + 1) > 0)
    edges = np.flatnonzero(np.diff(group)) + 1
    bounds = [0, *edges.tolist(), frames]
    shift = FRAME_S / 2 - CENTRE_S
    segments = [
        (max(0.0, a * FRAME_S - shift), b * FRAME_S - shift, PHONES[index_S[path[a]]])
        for a, b in pairwise(bounds)
    ]
    return segments, score


def _best_states(
    logp_TP: Float32Array, index_S: np.ndarray, enter_S: np.ndarray
) -> np.ndarray:  # fmt: skip
    """State of each frame on the best path; pauses may be skipped, phones may not."""
    count, frames = len(index_S), len(logp_TP)
    silent_S = np.arange(count) % (_MIN_FRAMES + 1) == 0
    last_S = (np.arange(count) % (_MIN_FRAMES + 1) == _MIN_FRAMES) | silent_S
    hold_S = np.where(last_S, 0.0, -np.inf)
    jump_S = np.where(np.roll(silent_S, 1), 0.0, -np.inf)
    own_TS = logp_TP[:, index_S].astype(np.float64)
    options_3S = np.full((3, count), -np.inf)
    score_S = np.full(count, -np.inf)
    score_S[:2] = own_TS[0, :2]
    back_TS = np.zeros((frames, count), np.int8)
    for t in range(1, frames):
        np.add(score_S, hold_S, out=options_3S[0])
        np.add(score_S[:-1], enter_S[1:], out=options_3S[1, 1:])
        np.add(score_S[:-2], jump_S[2:], out=options_3S[2, 2:])
        back_TS[t] = options_3S.argmax(0)
        score_S = options_3S.max(0) + own_TS[t]
    state = count - 1 if score_S[-1] >= score_S[-2] else count - 2
    path_T = np.zeros(frames, np.int64)
    for t in range(frames - 1, -1, -1):
        path_T[t] = state
        state -= int(back_TS[t, state])
    return path_T


def align_clip(net: PhoneNet, audio_N: Float32Array, names: list[str]) -> tuple[Segments, float]:
    """Timing of an espeak-ng phone list in a recording, covering all of it."""
    phones: list[str] = []
    pauses: set[int] = set()
    for name in names:
        if name == "SIL":
            pauses.add(len(phones))
        else:
            phones.append(name)
    if not phones or len(audio_N) / AUDIO_RATE / FRAME_S < len(phones) * _MIN_FRAMES + 3:
        return [], -99.0
    segments, score = viterbi(posteriors(net, audio_N), phones, pauses)
    return merge(segments, len(audio_N) / AUDIO_RATE), score


def align_human(net: PhoneNet, corpus: Corpus, clips: list[Clip], engine: Espeak) -> None:
    """Set `phones` and `score` of human clips in place."""
    for clip in clips:
        if clip.kind == "human":
            names = engine.phones(clip.text, clip.language)
            clip.phones, clip.score = align_clip(net, corpus.audio(clip), names)


def main() -> None:
    """Read the command line; align, or check the aligner on voices it has not heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=2.5, help="speech to learn from, per round")
    parser.add_argument("--passes", type=int, default=4, help="over that speech, per round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--start", type=Path, help="a trained network to begin with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", metavar="VOICE", nargs="+", help="hold out, print their errors")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    corpus = Corpus(options.folder)
    clips = list(corpus.clips())
    held = set(options.check or [])
    exact = [c for c in clips if c.kind == "synthetic" and c.voice not in held]
    net, seconds = PhoneNet(), options.hours * 3600
    if options.start:
        net.load_state_dict(torch.load(options.start))
    else:
        train(net, corpus, exact, seconds, options.passes, options.seed)
    if held:
        good = [c for c in clips if c.kind == "human" and c.phones and c.score > GOOD_SCORE]
        if good:
            train(net, corpus, good + exact, seconds, options.passes, options.seed + 1)
        for voice in options.check:
            own = [c for c in clips if c.voice == voice][:100]
            print(f"{voice}: {report(accuracy(corpus, own, lambda a, n: align_clip(net, a, n)))}")
        torch.save(net.state_dict(), options.folder / "phone_net_check.pt")
        return
    engine = Espeak()
    for round_ in range(options.rounds):
        align_human(net, corpus, clips, engine)
        good = [c for c in clips if c.kind == "human" and c.score > GOOD_SCORE]
        hours = sum(c.duration for c in good) / 3600
        print(f"round {round_}: {len(good)} human clips aligned, {hours:.2f} h", flush=True)
        corpus.rewrite(clips)
        if round_ + 1 < options.rounds:
            train(net, corpus, good + exact[::2], seconds, options.passes, round_ + 1)
            torch.save(net.state_dict(), options.folder / "phone_net.pt")
    torch.save(net.state_dict(), options.folder / "phone_net.pt")


__all__ = ["GOOD_SCORE", "PhoneNet", "align_clip", "align_human", "labels", "viterbi"]

if __name__ == "__main__":
    main()
