"""Tests that what measures still runs."""
