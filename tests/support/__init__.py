"""What several tests stand on: emulated AWS, and our own services as real processes over it."""
