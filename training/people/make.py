"""Makes samples: `people-<split>-<look>-<first>.zip` shards, in as many processes as wanted.

    python -m training.people.make --assets DIR --out DIR --count 3000 --targets 6 --workers 8

A look's people are numbered from `--first`; the same numbers give the same files on the same
renderer. Shards that are there already are kept.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from training.people.motions import Performances
from training.people.sample import Sample, make_sample
from training.people.shards import write_shard
from training.people.split import LOOKS, SPLITS, Look, Split
from training.people.studio import Studio


@dataclass(frozen=True, slots=True)
class Job:
    """What to make: the command line's wishes."""

    assets: Path
    out: Path
    split: Split
    looks: tuple[Look, ...]
    first: int
    count: int
    per_shard: int
    targets: int
    size: int
    samples: int
    layers: bool
    performances: Path | None

    def shards(self) -> list[tuple[Look, int, int]]:
        """(look, first index, people) of every shard."""
        return [
            (look, start, min(self.per_shard, self.first + self.count - start))
            for start in range(self.first, self.first + self.count, self.per_shard)
            for look in self.looks
        ]

    def path(self, look: Look, first: int) -> Path:
        """The file of a shard."""
        return self.out / f"people-{self.split}-{look}-{first:07d}.zip"


def make(job: Job, worker: int, workers: int) -> int:
    """Make every `workers`-th missing shard; returns how many targets were drawn."""
    cv2.setNumThreads(1)
    missing = [s for s in job.shards() if not job.path(s[0], s[1]).exists()]
    mine = missing[worker::workers]
    if not mine:
        return 0
    studio = Studio(job.assets, job.size, job.samples)
    natural = Performances(job.performances)
    drawn = 0
    try:
        for look, first, people in mine:
            samples = _samples(studio, job, look, range(first, first + people), natural)
            drawn += job.targets * write_shard(job.path(look, first), samples)
    finally:
        studio.close()
    return drawn


def _samples(
    studio: Studio, job: Job, look: Look, people: range, natural: Performances
) -> Iterator[Sample]:
    for index in people:
        figure = studio.figure(job.split, look, index)
        yield make_sample(studio, figure, job.targets, natural, job.layers)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Makes samples of random people.")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--looks", choices=LOOKS, nargs="+", default=list(LOOKS))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000, help="people of each look")
    parser.add_argument("--per-shard", type=int, default=32)
    parser.add_argument("--targets", type=int, default=6, help="targets of each person")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--samples", type=int, default=4, help="multisampling")
    parser.add_argument("--no-layers", action="store_true")
    parser.add_argument("--performances", type=Path, help="folder of training.teacher.shards")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    job = Job(
        given.assets, given.out, given.split, tuple(given.looks), given.first, given.count,
        given.per_shard, given.targets, given.size, given.samples, not given.no_layers,
        given.performances,
    )  # fmt: skip
    start, used = time.monotonic(), time.process_time()
    if given.workers == 1:
        drawn = make(job, 0, 1)
    else:
        context = multiprocessing.get_context("spawn")
        with context.Pool(given.workers) as pool:
            shares = [(job, k, given.workers) for k in range(given.workers)]
            drawn = sum(pool.starmap(make, shares))
    facts = {"targets": drawn, "seconds": round(time.monotonic() - start, 1)}
    if given.workers == 1:
        facts["processor_seconds"] = round(time.process_time() - used, 1)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
