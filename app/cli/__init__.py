"""The commands. Each module adds its own arguments in a function and does its work in `run`."""
