"""Wires the rooms together and faces people: command line, settings. Holds no rule of its own."""
