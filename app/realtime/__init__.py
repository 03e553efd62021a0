"""The parts that keep time: clocks, rings, slots, workers, pacing and their measurements."""
