"""Tests of what the peers are run with."""
