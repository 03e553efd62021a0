"""What a performance hears is free of the speaker's gain and voice."""

from __future__ import annotations

import numpy as np
import torch

from training.motion.heard import Heard


def _tracks(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    speaking = torch.from_numpy((rng.random((2, 300)) < 0.6).astype(np.float32))
    level = torch.from_numpy(rng.normal(-30, 5, (2, 300)).astype(np.float32))
    pitch = torch.from_numpy(rng.uniform(90, 200, (2, 300)).astype(np.float32))
    return speaking, level, pitch * (torch.arange(300) % 3 > 0)


def test_gain_and_voice_do_not_matter() -> None:
    speaking, level, pitch = _tracks()
    heard = Heard().track(speaking, level, pitch)
    other = Heard().track(speaking, level + 17, pitch * 1.9)
    assert torch.allclose(heard, other, atol=1e-4)
    assert heard.shape == (2, 300, 4)
    assert heard[..., 1].std() > 0.1
    assert heard[..., 2].std() > 0.1


def test_silence_says_nothing() -> None:
    speaking, level, pitch = _tracks()
    heard = Heard().track(torch.zeros_like(speaking), level, pitch)
    assert torch.count_nonzero(heard) == 0


def test_a_louder_and_higher_syllable_is_heard() -> None:
    speaking, level, pitch = (
        torch.ones(1, 200),
        torch.full((1, 200), -30.0),
        torch.full((1, 200), 120.0),
    )
    level[:, 150:160] += 10
    pitch[:, 150:160] *= 2**0.5
    heard = Heard().track(speaking, level, pitch)[0]
    assert torch.allclose(heard[149, 1:3], torch.zeros(2), atol=1e-4)
    assert (heard[150, 1:3] > 0.9).all()
