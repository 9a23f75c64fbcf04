"""What developers run beside the product: `make run`, the demo shop, benchmarks, and the checks of the frontend."""
