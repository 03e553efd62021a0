"""The teacher: what a face does, given everything about an utterance; with published constants."""
