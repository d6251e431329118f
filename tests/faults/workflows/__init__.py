"""What the storm's API runs."""
