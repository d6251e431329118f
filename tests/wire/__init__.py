"""The wire format, rule by rule, and with real clients."""
