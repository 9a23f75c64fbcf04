"""`make bench`: throughput and latency, measured on a real mongod, the sandbox and gunicorn."""
