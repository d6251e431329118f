"""Promises of the deployment, proved on the templates that it makes."""
