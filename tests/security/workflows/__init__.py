"""Workflows for strangers' requests: they take whatever comes."""
