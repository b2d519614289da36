"""Measurements, one module a subject; see ``python -m benchmarks``."""
