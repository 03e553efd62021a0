"""The motion generator: network, idle life, training, export."""
