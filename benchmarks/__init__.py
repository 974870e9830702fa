"""Every figure that the README and benchmarks/README.md show: `python -m benchmarks` measures them."""
