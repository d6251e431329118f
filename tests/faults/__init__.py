"""A storm: the real processes, everything that can fail between them, and an auditor who compares what came of it."""
