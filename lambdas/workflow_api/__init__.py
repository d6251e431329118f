"""The API: starts workflows, and says which there are. FastAPI, wrapped by Mangum."""
