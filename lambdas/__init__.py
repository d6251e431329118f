"""What runs in AWS Lambda: one package a function."""
