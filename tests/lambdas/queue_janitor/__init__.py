"""The queue janitor."""
