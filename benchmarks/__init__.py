"""Every figure that the README and the pages of `docs` show: `python -m benchmarks` measures them."""
