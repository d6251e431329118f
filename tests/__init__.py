"""Mirrors the tree; `flow/` is the real chain, and `support/` what several tests stand on."""
