"""What the tests of the chain run."""
