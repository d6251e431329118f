"""Attacks, each with what must happen. Rows that concern streams run on both connection paths.

| attack | where |
|---|---|
| to follow what one may not: tokens missing, forged, expired, for others | `test_stream_access.py` |
| to run, read, clear or mint without a key that may; webhooks | `test_api_keys.py` |
| to hold more streams, or make more requests, than one may; addresses made up | `test_floods.py` |
| to run webhooks, or guess keys, more often than one may; addresses made up | `test_api_floods.py` |
| never to finish a request: slow heads, slow bodies, junk behind a stream | `test_dawdling_clients.py` |
| the same, of the API on this machine | `tests/cli/test_web_server.py` |
| to find tokens and keys in logs, metrics, answers, redirects | `test_secrets_stay.py`, `test_processes.py` |
| to have a browser guess, frame, or tell an address to others; banners, stack traces | `test_safe_headers.py` |
| to get script into the page | `tests/browser/test_page.py`, `tests/browser/test_event_source.py` |
| to have a workflow's own page act as its reader | `tests/browser/test_workflows_page.py` |
| to read the API's key from a page, out of what `tailrace dev` runs | `tests/cli/test_emulated_aws.py` |
| to keep the API busy with a form | `tests/lambdas/workflow_api/test_parameters.py` |
| to send what no document admits, and what it does, made up by the hundred | `test_documents.py` |
| to break the parsers: ids, queries, heads, bodies, sends, notices | `tests/bad_input/` |
| to have a request read in two ways: folds, lone LF, two lengths, bad chunks | `tests/bad_input/` |
| to read nothing, and have the service keep it | `tests/stream_service/test_slow_clients.py`, `tests/bounds/` |
| to read history as slowly as one can, page beside page | `test_slow_readers_of_history.py` |
| to read no answer, and to ask for thousands at once | `tests/stream_service/test_bounded_protocol.py` |
| to go without a word, and be served on | `tests/stream_service/test_silence.py` |
"""
