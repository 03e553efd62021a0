"""Measuring the motion generator: mouths against phones, stillness in noise, blinks, plots."""
