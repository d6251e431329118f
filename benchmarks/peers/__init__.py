"""The servers that Tailrace is measured beside: their programs where they need one, and their configurations."""
