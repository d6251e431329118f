"""The soak of the whole system on this machine: emulated AWS, two stream services, thousands of clients, deploys."""
