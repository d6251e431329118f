"""What strangers send: each case with its answer, and nobody else notices."""
