"""Tests of the examples, run as their readers would."""
