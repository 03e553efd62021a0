"""The library of model packages: those that came with Personare and those the user added."""
