"""Articulation and performance joined: speech goes first, sides are right, rest is rest."""

from __future__ import annotations

import torch

from inference.contract import MOTION_INDEX, MOTION_SIZE
from training.motion.compose import Compose
from training.motion.performance import PERFORMANCE_INDEX, PERFORMANCE_SIZE
from training.motion.performance_data import limits
from training.teacher.mouth import MOUTH, aperture, pose


def mouth_of(phone: str, count: int = 1) -> torch.Tensor:
    return torch.from_numpy(pose(phone))[None].repeat(count, 1)


def performance_of(**values: float) -> torch.Tensor:
    performance = torch.zeros(1, PERFORMANCE_SIZE)
    for name, value in values.items():
        performance[0, PERFORMANCE_INDEX[name]] = value
    return performance


def any_performances(count: int) -> torch.Tensor:
    low, high = limits()
    rng = torch.Generator().manual_seed(0)
    performance = low + (high - low) * torch.rand(count, PERFORMANCE_SIZE, generator=rng)
    ends = torch.rand(count, PERFORMANCE_SIZE, generator=rng) < 0.3
    return torch.where(ends, high.expand_as(performance), performance)


def lips_apart(motion: torch.Tensor) -> torch.Tensor:
    columns = {name: MOTION_INDEX.get(name, MOTION_INDEX.get(f"{name}Left", -1)) for name in MOUTH}
    mouth = torch.stack([motion[:, columns[name]] for name in MOUTH], 1)
    return torch.from_numpy(aperture(mouth.numpy()))


def at(motion: torch.Tensor, name: str) -> float:
    return float(motion[0, MOTION_INDEX[name]])


def test_rest_gives_rest() -> None:
    motion = Compose()(torch.zeros(2, len(MOUTH)), torch.zeros(2, PERFORMANCE_SIZE))
    assert motion.shape == (2, MOTION_SIZE)
    assert torch.equal(motion, torch.zeros(2, MOTION_SIZE))


def test_closed_lips_stay_closed_under_any_performance() -> None:
    performances = any_performances(500)
    for phone in ("PB", "M"):
        motion = Compose()(mouth_of(phone, 500), performances)
        assert lips_apart(motion).max() == 0, phone


def test_everything_stays_in_range() -> None:
    rng = torch.Generator().manual_seed(1)
    mouth = torch.rand(500, len(MOUTH), generator=rng)
    motion = Compose()(mouth, any_performances(500))
    assert motion[:, :52].min() >= 0
    assert motion[:, :52].max() <= 1
    assert motion[:, MOTION_INDEX["breath"]].abs().max() <= 1
    assert torch.isfinite(motion).all()


def test_sides() -> None:
    compose, shut = Compose(), torch.zeros(1, len(MOUTH))
    left = compose(shut, performance_of(gazeYaw=0.5))
    assert at(left, "eyeLookOutLeft") == at(left, "eyeLookInRight") == 0.5
    assert at(left, "eyeLookInLeft") == at(left, "eyeLookOutRight") == 0
    right = compose(shut, performance_of(gazeYaw=-0.5))
    assert at(right, "eyeLookInLeft") == at(right, "eyeLookOutRight") == 0.5
    down = compose(shut, performance_of(gazePitch=-0.5))
    assert at(down, "eyeLookDownLeft") == at(down, "eyeLookDownRight") == 0.5
    assert at(down, "eyeLookUpLeft") == 0
    wink = compose(shut, performance_of(blinkLeft=1.0))
    assert at(wink, "eyeBlinkLeft") == 1
    assert at(wink, "eyeBlinkRight") == 0
    assert 0 < at(wink, "browDownLeft") < 0.1
    skew = compose(shut, performance_of(side=0.3, smileLeft=0.4))
    assert abs(at(skew, "mouthLeft") - 0.3) < 1e-6
    assert at(skew, "mouthRight") == 0
    assert abs(at(skew, "mouthSmileLeft") - 0.4) < 1e-6
    assert at(skew, "mouthSmileRight") == 0


def test_articulation_scales_open_lips_only() -> None:
    compose = Compose()
    plain = compose(mouth_of("AA"), performance_of())
    wide = compose(mouth_of("AA"), performance_of(articulation=0.5))
    small = compose(mouth_of("AA"), performance_of(articulation=-0.5))
    assert abs(at(wide, "jawOpen") / at(plain, "jawOpen") - 2**0.5) < 1e-3
    assert abs(at(small, "jawOpen") / at(plain, "jawOpen") - 2**-0.5) < 1e-3
    closed = compose(mouth_of("PB"), performance_of(articulation=1.5))
    assert abs(at(closed, "jawOpen") - at(compose(mouth_of("PB"), performance_of()), "jawOpen")) < (
        1e-6
    )


def test_expressions_yield_to_speech() -> None:
    compose = Compose()
    smiling = performance_of(smileLeft=0.6, smileRight=0.6, frown=0.4, press=0.5, roll=0.5)
    silent = compose(torch.zeros(1, len(MOUTH)), smiling)
    assert abs(at(silent, "mouthSmileLeft") - 0.6) < 1e-6
    assert abs(at(silent, "mouthPressLeft") - 0.5) < 1e-6
    rounded = compose(mouth_of("UU"), smiling)
    assert at(rounded, "mouthSmileLeft") < 0.25
    assert at(rounded, "mouthPucker") > 0.4
    open_vowel = compose(mouth_of("AA"), smiling)
    assert at(open_vowel, "mouthSmileLeft") > 0.5
    assert at(open_vowel, "mouthPressLeft") < 0.01
    assert at(open_vowel, "mouthFrownLeft") < 0.25
    assert lips_apart(open_vowel)[0] > 0.4


def test_a_breath_may_part_resting_lips_but_not_sealed_ones() -> None:
    compose = Compose()
    breath = performance_of(jawDrop=0.01)
    assert abs(at(compose(torch.zeros(1, len(MOUTH)), breath), "jawOpen") - 0.01) < 1e-6
    sealed = compose(mouth_of("M"), breath)
    assert abs(at(sealed, "jawOpen") - at(compose(mouth_of("M"), performance_of()), "jawOpen")) < (
        1e-6
    )


def test_without_speech_no_performance_opens_the_mouth() -> None:
    vowel = float(lips_apart(Compose()(mouth_of("AA"), performance_of()))[0])
    performances = any_performances(500)
    rest = lips_apart(Compose()(torch.zeros(500, len(MOUTH)), performances))
    assert rest.max() > 0
    assert rest.max() < 0.05 * vowel
    # Nor may it make much of what little the hearing lets through.
    leak = torch.zeros(500, len(MOUTH))
    leak[:, MOUTH.index("jawOpen")] = 0.02 * vowel
    assert lips_apart(Compose()(leak, performances)).max() < 0.06 * vowel


def test_a_jaw_that_speaks_may_drop_further() -> None:
    compose = Compose()
    more = compose(mouth_of("AA"), performance_of(jawDrop=0.08))
    assert at(more, "jawOpen") - at(compose(mouth_of("AA"), performance_of()), "jawOpen") > 0.07
