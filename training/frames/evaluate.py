"""Measures drawn frames against the rig's true ones, and draws sheets to look at.

    python -m training.frames.evaluate --assets ASSETS --characters DIR --package PKG --out DIR

For each character and motion: the static portrait, the bare warp and the full generator against
the rendered truth, in PSNR and SSIM over face, mouth and eyes; then means, and by yaw. Motions are
the fixed list of `motions.named_motions` and random ones drawn from a seed training never uses.
Sheets show truth, frame and difference; strips a word spoken step by step.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.frame_generator import FrameGenerator, clean_motion
from training.frames.dataset import spec_of
from training.frames.motions import named_motions, random_motion, set_gaze, shape
from training.rig.assets import RigAssets
from training.rig.export_cast import cast_scene
from training.rig.person import Deformed, Person
from training.rig.render import Renderer
from training.rig.scene import Scene

HELD_SEED = 90210
GREY = 128
REGIONS = {"face": (150, 190), "mouth": (80, 64), "eyes": (56, 36)}
"""Width and height of the measured boxes in pixels."""


def on_grey(frame: UInt8Array) -> Float32Array:
    """A straight-alpha frame over a grey background, RGB in 0..255."""
    alpha = frame[..., 3:].astype(np.float32) / 255
    return (frame[..., :3] * alpha + GREY * (1 - alpha)).astype(np.float32)


def boxes(person: Person, deformed: Deformed, scene: Scene) -> dict[str, list[tuple[slice, slice]]]:
    """Where face, mouth and eyes stand under a motion."""
    skin, eyes = deformed.points["skin"], deformed.points["eyes"]
    lips = scene.project(skin[[person.mouth.upper, person.mouth.lower]]).mean(0)
    left = eyes[:, 0] > np.median(eyes[:, 0])
    pupils = [scene.project(eyes[side]).mean(0) for side in (left, ~left)]
    middle = (pupils[0] + pupils[1]) / 4 + lips / 2

    def box(centre: Any, name: str) -> tuple[slice, slice]:
        w, h = REGIONS[name]
        x, y = round(float(centre[0])) - w // 2, round(float(centre[1])) - h // 2
        return slice(max(y, 0), y + h), slice(max(x, 0), x + w)

    return {
        "face": [box(middle, "face")],
        "mouth": [box(lips, "mouth")],
        "eyes": [box(pupil, "eyes") for pupil in pupils],
    }


def psnr(one: Float32Array, other: Float32Array) -> float:
    """Peak signal to noise ratio in dB of pictures in 0..255."""
    return float(10 * np.log10(255**2 / max(float(np.mean((one - other) ** 2)), 1e-3)))


def ssim(one: Float32Array, other: Float32Array) -> float:
    """Mean structural similarity."""
    return float(structural_similarity(one, other, channel_axis=2, data_range=255.0))


def held_motions(count: int) -> dict[str, Float32Array]:
    """Random motions that training never saw: the first half with the head still."""
    rng = np.random.default_rng(HELD_SEED)
    out = {f"random {i}": random_motion(rng) for i in range(count // 2)}
    return out | {f"pose {i}": random_motion(rng, pose=True) for i in range(count - count // 2)}


def spoken_strip() -> list[Float32Array]:
    """Steps of "mama, oh, fee": closures, vowels, a blink and a glance."""
    path = ["PP", "aa", "aa", "PP", "aa", "sil", "O", "O", "U", "FF", "I", "I", "sil"]
    steps = []
    for i, (first, second) in enumerate(pairwise(path)):
        for mix in (0.0, 0.5):
            motion_D = (1 - mix) * shape(first) + mix * shape(second)
            set_gaze(motion_D, 0.3 * np.sin(i * 0.7), 0.1 * np.cos(i))
            motion_D[MOTION_INDEX["headYaw"]] = 0.12 * np.sin(i * 0.5 + mix * 0.25)
            motion_D[MOTION_INDEX["breath"]] = np.sin(i * 0.4)
            steps.append(motion_D.astype(np.float32))
    return steps


class CharacterCheck:
    """One character, drawn by the rig and by the generator."""

    def __init__(self, name: str, arguments: argparse.Namespace, renderer: Renderer) -> None:
        self.person = Person(spec_of(name), arguments.rig_assets)
        self.scene = cast_scene(self.person)
        self.renderer = renderer
        folder = arguments.characters / name
        self.full = FrameGenerator(arguments.package, folder, threads=arguments.threads)
        self.warp = FrameGenerator(arguments.package, folder, threads=1, paint=False)
        rest = np.zeros_like(shape("sil"))
        self.static = on_grey(self.full.draw(rest))

    def truth(self, motion_D: Float32Array) -> tuple[Float32Array, Deformed]:
        """The rendered frame over grey."""
        deformed = self.person.deform(clean_motion(motion_D))
        return on_grey(self.renderer.render(self.person, deformed, self.scene)), deformed

    def compare(self, motion_D: Float32Array) -> dict[str, Any]:
        """Scores of the three variants, and the pictures."""
        truth, deformed = self.truth(motion_D)
        pictures = {
            "static": self.static,
            "warp": on_grey(self.warp.draw(motion_D)),
            "full": on_grey(self.full.draw(motion_D)),
        }
        scores: dict[str, float] = {}
        for region, places in boxes(self.person, deformed, self.scene).items():
            for variant, picture in pictures.items():
                pairs = [(picture[b], truth[b]) for b in places]
                scores[f"{variant} {region} psnr"] = float(np.mean([psnr(*p) for p in pairs]))
                if region == "face":
                    scores[f"{variant} {region} ssim"] = ssim(*pairs[0])
        return {"scores": scores, "truth": truth, "full": pictures["full"]}


def _save(path: Path, picture: Float32Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.clip(picture[..., ::-1], 0, 255).astype(np.uint8))


def sheet(rows: list[tuple[str, dict[str, Any]]], columns: int = 4) -> Float32Array:
    """Truth, frame and difference (x2) of each motion, cropped to the head, labelled."""
    cells = []
    for label, found in rows:
        crop = (slice(70, 390), slice(126, 386))
        difference = np.clip(GREY + 2 * (found["full"] - found["truth"]), 0, 255)
        cell = np.hstack([found["truth"][crop], found["full"][crop], difference[crop]])
        cell = np.clip(np.ascontiguousarray(cell), 0, 255).astype(np.uint8)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(cell, label, (6, 16), font, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
        cells.append(cell)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])


def strip(check: CharacterCheck) -> Float32Array:
    """Mouths and eyes at their own size, step by step: truth above, frame below."""
    tops, bottoms = [], []
    for motion_D in spoken_strip():
        truth, deformed = check.truth(motion_D)
        drawn = on_grey(check.full.draw(motion_D))
        middle = boxes(check.person, deformed, check.scene)["face"][0]
        rows = slice(middle[0].start, middle[0].start + 180)
        columns = slice(middle[1].start + 5, middle[1].start + 145)
        tops.append(truth[rows, columns])
        bottoms.append(drawn[rows, columns])
    half = len(tops) // 2
    parts = [tops[:half], bottoms[:half], tops[half : 2 * half], bottoms[half : 2 * half]]
    return np.vstack([np.hstack(part) for part in parts])


def table(title: str, scores: list[dict[str, float]]) -> str:
    """One line: static / warp / full of each measure."""
    parts = []
    for key in ("face psnr", "face ssim", "mouth psnr", "eyes psnr"):
        means = [np.mean([s[f"{v} {key}"] for s in scores]) for v in ("static", "warp", "full")]
        form = "{:.3f}" if "ssim" in key else "{:.1f}"
        parts.append(f"{key} " + " / ".join(form.format(m) for m in means))
    return f"{title:<18} " + " | ".join(parts)


def time_draw(check: CharacterCheck, count: int = 100) -> tuple[float, float]:
    """Median and 95th percentile of draw() in milliseconds, along a moving performance."""
    steps = spoken_strip()
    spent = []
    for i in range(count):
        start = time.perf_counter()
        check.full.draw(steps[i % len(steps)])
        spent.append(1000 * (time.perf_counter() - start))
    return float(np.median(spent)), float(np.percentile(spent, 95))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--characters", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the sheets")
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--random", type=int, default=16, help="random motions per character")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    arguments.rig_assets = RigAssets(arguments.assets)
    renderer = Renderer(512, 4)
    names = arguments.only or sorted(p.parent.name for p in arguments.characters.glob("*/*.json"))
    everything: dict[str, list[dict[str, float]]] = {}
    for name in names:
        check = CharacterCheck(name, arguments, renderer)
        found = {
            label: check.compare(motion_D)
            for label, motion_D in (named_motions() | held_motions(arguments.random)).items()
        }
        for label, result in found.items():
            kind = "random still" if label.startswith("random") else "random posed"
            key = kind if label.split()[0] in ("random", "pose") else label
            everything.setdefault(key, []).append(result["scores"])
        print(table(name, [result["scores"] for result in found.values()]), flush=True)
        named = [(label, found[label]) for label in named_motions()]
        _save(arguments.out / f"{name}_sheet.png", sheet(named))
        _save(arguments.out / f"{name}_strip.png", strip(check))
    print()
    for label, scores in everything.items():
        print(table(label, scores))
    middle, slow = time_draw(check)
    print(f"draw(): median {middle:.1f} ms, p95 {slow:.1f} ms, {arguments.threads} threads")


if __name__ == "__main__":
    main()
