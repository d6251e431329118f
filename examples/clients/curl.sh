#!/bin/sh
# Follows a stream, until it ends: sh curl.sh http://127.0.0.1:8701/pipelines/p_hello/sse
exec curl --silent --show-error --fail-with-body --no-buffer "${1:?the stream's address}"
