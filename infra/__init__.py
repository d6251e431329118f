"""What runs in an AWS account: constructs that model it, and stacks that wire them."""
