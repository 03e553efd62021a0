"""The networks that read a portrait: where faces are, their named points, what is skin and hair."""
