"""Attacks, each with what must happen. Rows that concern streams run on both connection paths.

| attack | where |
|---|---|
| to follow what one may not: tokens missing, forged, expired, for others | `test_stream_access.py` |
| to run, read, clear or mint without a key that may; webhooks | `test_api_keys.py` |
| to hold more streams, or make more requests, than one may; addresses made up | `test_floods.py` |
| never to finish a request: slow heads, slow bodies, junk behind a stream | `test_dawdling_clients.py` |
| to find tokens and keys in logs, metrics, answers, redirects | `test_secrets_stay.py`, `test_processes.py` |
| to have a browser guess, frame, or tell an address to others; banners, stack traces | `test_safe_headers.py` |
| to get script into the page | `tests/browser/test_page.py` |
| to send what no document admits, and what it does, made up by the hundred | `test_documents.py` |
| to break the parsers: ids, queries, heads, bodies, sends, notices | `tests/bad_input/` |
| to have a request read in two ways: folds, lone LF, two lengths, bad chunks | `tests/bad_input/` |
| to read nothing, and have the service keep it | `tests/stream_service/test_slow_clients.py`, `tests/bounds/` |
"""
