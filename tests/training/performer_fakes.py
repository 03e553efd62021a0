"""Tiny shards, students and inputs for the tests of the performer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from training.motion.performance import (
    CONTROL_SIZE,
    HEARD_SIZE,
    PERFORMANCE_INDEX,
    PERFORMANCE_SIZE,
)
from training.motion.student import NOISE_SIZE, Student


def write_shard(file: Path, batch: int = 6, length: int = 120, shift: float = 0.0) -> None:
    """Smooth channels, square blinks that follow the other's speech, a smile cue that works."""
    rng = np.random.default_rng(len(file.name))
    heard = np.zeros((batch, length, HEARD_SIZE))
    heard[:, :, 4] = (np.arange(length) // 25) % 2
    controls = np.zeros((batch, length, CONTROL_SIZE))
    controls[:, :, 2] = 1
    motion = np.zeros((batch, length, PERFORMANCE_SIZE))
    sway = np.cumsum(rng.standard_normal((batch, length)), 1) / 200
    motion[:, :, PERFORMANCE_INDEX["headYaw"]] = sway - sway.mean(1, keepdims=True) + shift
    blinks = (rng.random((batch, length)) < 0.03) * heard[:, :, 4]
    motion[:, :, PERFORMANCE_INDEX["blinkLeft"]] = blinks
    motion[:, :, PERFORMANCE_INDEX["blinkRight"]] = blinks
    arrays = {"heard_BTH": heard, "controls_BTC": controls, "performance_BTP": motion}
    np.savez(file, **{key: value.astype(np.float16) for key, value in arrays.items()})


def tiny_student() -> Student:
    torch.manual_seed(0)
    return Student(width=16, layers=2, head=24)


def random_inputs(batch: int, length: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(3)
    heard = torch.rand(batch, length, HEARD_SIZE, generator=rng)
    controls = torch.rand(batch, length, CONTROL_SIZE, generator=rng)
    return heard, controls, torch.rand(batch, length, NOISE_SIZE, generator=rng)
