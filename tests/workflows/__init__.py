"""Tests of the example workflows, as their authors would write them."""
