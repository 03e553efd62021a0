"""Flat cartoons of the portrait reader's training: points lie on what is drawn, masks fit it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("scipy")

from inference.face_layers import MASKS
from training.portrait.cartoon_face import SIZE, shares_of
from training.portrait.cartoons import Cartoon, draw_cartoon

SIDES = ("left", "right")
LIDS = [f"{lid}_{k}" for lid in ("upper", "lower") for k in range(1, 5)]
LIPS = [f"{lip}{inner}_{side}_{k}" for lip in ("upper", "lower") for inner in ("", "_in")
        for side in SIDES for k in range(1, 3 if inner else 4)]  # fmt: skip


def mean_shape() -> dict[str, tuple[float, float]]:
    """A plain face: the points that cartoons place, and a cheek that is carried along."""
    out = {"chin": (0, 1.3), "crown": (0, -2.3), "forehead": (0, -1.7), "throat": (0, 2.0),
           "collar": (0, 2.7), "nose_tip": (0, 0.1), "nose_base": (0, 0.4)}  # fmt: skip
    for k in range(1, 4):
        out[f"nose_bridge_{k}"] = (0, -1 + 0.3 * k)
    for lip in ("upper", "lower"):
        out[f"lip_{lip}_mid"] = (0, 0.5 + 0.2 * (lip == "lower"))
        out[f"lip_{lip}_in_mid"] = (0, 0.6)
    for side, s in zip(SIDES, (1, -1), strict=True):
        out |= {f"pupil_{side}": (0.6 * s, -0.5), f"eye_{side}_inner": (0.4 * s, -0.5),
                f"eye_{side}_outer": (0.9 * s, -0.5), f"mouth_{side}": (0.4 * s, 0.55),
                f"cheek_{side}_1": (0.8 * s, 0), f"nose_wing_{side}": (0.3 * s, 0.2),
                f"temple_{side}": (1.2 * s, -0.8), f"neck_{side}": (0.8 * s, 1.1),
                f"shoulder_{side}": (2.6 * s, 2.6),
                f"forehead_{side}": (0.7 * s, -1.6)}  # fmt: skip
        out |= {
            f"ear_{side}_{n}": (1.3 * s, y)
            for n, y in (("top", -0.6), ("back", -0.3), ("lobe", 0.2))
        }
        out |= {f"jaw_{side}_{k}": (s * np.sin(k / 5), 1.3 * np.cos(k / 5)) for k in range(1, 9)}
        out |= {f"brow_{side}_{k}": (s * (0.2 + 0.16 * k), -0.85) for k in range(1, 6)}
        out |= {f"eye_{side}_{lid}": (s * (0.4 + 0.1 * int(lid[-1])), -0.5) for lid in LIDS}
        out |= {f"lip_{n}": (s * 0.1 * int(n[-1]), 0.6) for n in LIPS if side in n}
    return out


SHAPE = mean_shape()
NAMES = tuple(sorted(SHAPE))
TEMPLATE = np.array([SHAPE[name] for name in NAMES], np.float32)


def drawn(seed: int) -> tuple[Cartoon, dict[str, np.ndarray]]:
    made = draw_cartoon(np.random.default_rng(seed), NAMES, TEMPLATE)
    return made, dict(zip(NAMES, made.points, strict=True))


def test_the_same_chance_draws_the_same_cartoon() -> None:
    first, again, other = (drawn(k)[0] for k in (1, 1, 2))
    assert np.array_equal(first.rgba, again.rgba)
    assert not np.array_equal(first.rgba, other.rgba)


def test_masks_cover_the_picture_once_and_features_lie_on_skin() -> None:
    skin = MASKS.index("skin")
    for seed in range(12):
        made, at = drawn(seed)
        assert made.rgba.shape == made.masks.shape == (SIZE, SIZE, 4)
        assert np.abs(made.masks.sum(2, dtype=int) - made.rgba[..., 3]).max() <= 2
        x, y = np.rint(at["nose_tip"]).astype(int)
        assert made.masks[y, x, skin] == 255 or made.masks[y, x, 2] == 255  # a hat may hide it
        assert np.isfinite(made.points).all()


def test_a_face_is_in_order() -> None:
    for seed in range(20):
        _, at = drawn(seed)
        eyes = (at["pupil_left"] + at["pupil_right"]) / 2
        mouth = (at["mouth_left"] + at["mouth_right"]) / 2
        assert at["crown"][1] < eyes[1] < at["nose_tip"][1] < at["chin"][1]
        assert eyes[1] < mouth[1] < at["chin"][1]
        assert at["lip_upper_mid"][1] < at["lip_lower_mid"][1] < at["chin"][1] + 1
        assert at["eye_right_outer"][0] < at["eye_right_inner"][0] < at["eye_left_outer"][0]
        assert at["jaw_right_4"][0] < at["chin"][0] < at["jaw_left_4"][0]
        for lip in ("lip_upper_mid", "lip_upper_in_mid"):
            assert at[lip][1] <= at[lip.replace("upper", "lower")][1] + 1e-3


def test_shares_run_from_corner_to_corner() -> None:
    shares = shares_of(NAMES, TEMPLATE)
    assert shares["eye_left_upper_1"] == pytest.approx(shares["eye_right_upper_1"], abs=1e-5)
    assert -1 < shares["eye_left_upper_1"] < shares["eye_left_upper_4"] < 1
    assert shares["lip_upper_mid"] == pytest.approx(0, abs=1e-6)
    assert shares["lip_upper_left_1"] == pytest.approx(-shares["lip_upper_right_1"], abs=1e-5)
