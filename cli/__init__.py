"""The command `tailrace`: the whole system on one machine, and what to do with a running one."""
