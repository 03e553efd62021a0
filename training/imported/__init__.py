"""How well imported portraits move: the evaluation of the frame generator on strangers."""
