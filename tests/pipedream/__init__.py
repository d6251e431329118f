"""What Pipedream documents of code steps, actions and the SSE destination, held against what runs here."""
