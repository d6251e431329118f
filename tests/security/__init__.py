"""Attacks, each with what must happen."""
