"""The library of characters: those that came with Personare and those the user added."""
