"""Motions for pairs: a portrait's own, near rest, and what the figure shall do then.

A portrait is not taken frontally nor with a blank face. Its head pose is the rest pose of the
character made from it, so the targets' poses are counted from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import BLENDSHAPES, MOTION_INDEX, MOTION_SIZE, Float32Array, PersonareError
from training.frames.motions import put, random_motion, set_gaze, shape
from training.motion.performance import PERFORMANCE, PERFORMANCE_INDEX
from training.rig.motions import SAMPLES, motion

TILT: Final = (12.0, 10.0, 12.0)
"""Largest yaw, pitch and roll (degrees) of the head in a portrait."""
KINDS: Final = ("natural", "spoken", "named", "single", "wild", "turned")
SHARES: Final = (0.30, 0.30, 0.10, 0.12, 0.08, 0.10)
_HEAD: Final = slice(MOTION_INDEX["headYaw"], MOTION_INDEX["headZ"] + 1)


def portrait_motion(rng: np.random.Generator) -> Float32Array:
    """What a face does on a picture that somebody chose of himself (MOTION_SIZE,)."""
    out = np.zeros(MOTION_SIZE, np.float32)
    for name in ("mouthSmile", "browInnerUp", "browOuterUp", "browDown", "eyeSquint", "mouthPress"):
        put(out, **{name: abs(float(rng.normal(0, 0.06)))})
    if rng.random() < 0.35:
        put(out, mouthSmile=rng.uniform(0.1, 0.7), cheekSquint=rng.uniform(0, 0.4))
    if rng.random() < 0.12:  # lips apart, teeth showing
        out += shape("grin", float(rng.uniform(0.3, 0.8)))
    elif rng.random() < 0.1:
        put(out, jawOpen=rng.uniform(0.02, 0.15))
    if rng.random() < 0.5:
        yaw, pitch = np.clip(rng.normal(0, (0.2, 0.12)), -0.7, 0.7)
        set_gaze(out, float(yaw), float(pitch))
    put(out, eyeBlink=abs(float(rng.normal(0, 0.05))))
    tilt = np.clip(rng.normal(0, np.array(TILT) * 0.5), -np.array(TILT), TILT)
    out[_HEAD][:3] = np.radians(tilt)
    out[:52] = np.clip(out[:52], 0, 1)
    return out


class Performances:
    """Natural behaviour: performances of the teacher's shards, with speech-like mouth shapes."""

    def __init__(self, folder: Path | None) -> None:
        self._rows: Float32Array | None = None
        if folder is not None:
            files = sorted(folder.glob("*.npz"))
            if not files:
                raise PersonareError(
                    f"There are no performances in {folder}.",
                    remedy="Write some with `python -m training.teacher.shards`.",
                )
            with np.load(files[0]) as shard:
                rows = shard["performance_BTP"][:, ::5].astype(np.float32)
            self._rows = rows.reshape(-1, rows.shape[-1])

    def draw(self, rng: np.random.Generator) -> Float32Array:
        """One instant (MOTION_SIZE,)."""
        speech = random_motion(rng)
        if self._rows is None:
            out = np.zeros(MOTION_SIZE, np.float32)
            out[:] = speech * (rng.random() < 0.6)
            out[_HEAD][:3] = np.radians(rng.normal(0, (3.5, 2.5, 2.0)))
            out[_HEAD][3:] = rng.normal(0, 0.04, 3)
            return put(out, breath=rng.uniform(-1, 1))
        row = self._rows[int(rng.integers(len(self._rows)))]
        return of_performance(row, speech if rng.random() < 0.55 else None)


def of_performance(row_P: Float32Array, speech_D: Float32Array | None) -> Float32Array:
    """A performance's 32 channels as a motion, over the mouth of `speech_D`."""

    def at(name: str) -> float:
        return float(row_P[PERFORMANCE_INDEX[name]])

    out = np.zeros(MOTION_SIZE, np.float32)
    if speech_D is not None:
        mouth = [k for k, n in enumerate(BLENDSHAPES) if n.startswith(("jaw", "mouth", "tongue"))]
        out[mouth] = speech_D[mouth] * 2 ** at("articulation")
    set_gaze(out, float(np.clip(at("gazeYaw"), -1, 1)), float(np.clip(at("gazePitch"), -1, 1)))
    names = {
        "blinkLeft": "eyeBlinkLeft", "blinkRight": "eyeBlinkRight", "smileLeft": "mouthSmileLeft",
        "smileRight": "mouthSmileRight", "squint": "eyeSquint", "wide": "eyeWide",
        "frown": "mouthFrown", "press": "mouthPress", "dimple": "mouthDimple",
        "shrug": "mouthShrugLower", "stretch": "mouthStretch", "jawDrop": "jawOpen",
        "shoulders": "shoulder",
    }  # fmt: skip
    for name in PERFORMANCE:
        if name.startswith(("gaze", "articulation", "side", "roll")):
            continue
        key = names.get(name, name)
        for full in (key, f"{key}Left", f"{key}Right"):
            if full in MOTION_INDEX:
                out[MOTION_INDEX[full]] += at(name)
    out[MOTION_INDEX["mouthLeft" if at("side") > 0 else "mouthRight"]] += abs(at("side"))
    out[:52] = np.clip(out[:52], 0, 1)
    return out


def target_motion(
    source_D: Float32Array, rng: np.random.Generator, natural: Performances
) -> tuple[Float32Array, str]:
    """What the figure does in one target (MOTION_SIZE,), its pose counted from the portrait's, and
    the kind of motion."""
    kind = KINDS[int(rng.choice(len(KINDS), p=SHARES))]
    if kind == "natural":
        out = natural.draw(rng)
    elif kind == "named":
        out = motion(**SAMPLES[str(rng.choice(list(SAMPLES)))])
    elif kind == "single":
        out = np.zeros(MOTION_SIZE, np.float32)
        out[int(rng.integers(52))] = 1.0 if rng.random() < 0.5 else rng.random()
    elif kind == "wild":
        out = np.zeros(MOTION_SIZE, np.float32)
        chosen = rng.choice(52, int(rng.integers(3, 9)), replace=False)
        out[chosen] = rng.random(len(chosen)) ** 0.7
    else:
        out = random_motion(rng, pose=True)
    if kind in ("turned", "wild"):
        out[_HEAD][:3] = np.radians(rng.uniform((-22, -15, -15), (22, 15, 15)))
    out = out.copy()
    out[_HEAD] += source_D[_HEAD]
    out[:52] = np.clip(out[:52], 0, 1)
    return out.astype(np.float32), kind
