"""Every bound, reached: the answer that is promised there, and nobody else harmed."""
