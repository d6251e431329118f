"""One model of everything that keeps the log's rules: writers, log, notices, hubs and clients at once."""
