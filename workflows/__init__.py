"""What you write and deploy: each module here is found and served; helpers' names begin with an underscore."""
