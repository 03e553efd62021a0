"""When the listener answers: at pauses of the others, not at random, not while speaking."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from inference.contract import CUES, MOTION_RATE
from training.motion.backchannel import NOISE_SIZE, Backchannel
from training.motion.performance import HEARD, HEARD_SIZE

OWN, OTHER = HEARD.index("selfSpeaking"), HEARD.index("otherSpeaking")


def answers(other_T: NDArray[np.float32], own: float = 0.0) -> NDArray[np.int64]:
    """Steps at which a cue comes while the others speak as told."""
    listener = Backchannel()
    state = listener.initial()
    rng = np.random.default_rng(1)
    found = []
    for t, speaks in enumerate(other_T):
        heard = torch.zeros(1, HEARD_SIZE)
        heard[0, OTHER], heard[0, OWN] = float(speaks), own
        noise = torch.from_numpy(rng.random((1, NOISE_SIZE), np.float32))
        cues, state = listener(heard, noise, state)
        assert cues.shape == (1, len(CUES))
        assert float(cues.sum()) in (0.0, 1.0)
        if cues.any():
            found.append(t)
    return np.array(found, np.int64)


def turns(count: int, speech_s: float, pause_s: float) -> NDArray[np.float32]:
    one = np.ones(round(speech_s * MOTION_RATE)), np.zeros(round(pause_s * MOTION_RATE))
    return np.tile(np.concatenate(one), count).astype(np.float32)


def test_answers_come_soon_after_the_other_falls_silent() -> None:
    other_T = turns(30, 4.0, 1.0)
    found = answers(other_T)
    assert 20 <= len(found) <= 30, "most pauses are answered, once each"
    into_pause = (found % (5 * MOTION_RATE)) - 4 * MOTION_RATE
    assert ((into_pause >= 0) & (into_pause < 0.4 * MOTION_RATE)).all()


def test_breaks_between_words_and_endless_talk_get_no_answer() -> None:
    assert len(answers(turns(60, 1.0, 0.18))) == 0
    assert len(answers(np.ones(1500, np.float32))) == 0
    assert len(answers(np.zeros(1500, np.float32))) == 0


def test_answers_keep_apart_and_never_come_while_the_user_speaks() -> None:
    found = answers(turns(60, 1.0, 0.5))
    assert len(found) > 5
    assert np.diff(found).min() >= 3.0 * MOTION_RATE
    assert len(answers(turns(30, 4.0, 1.0), own=1.0)) == 0
