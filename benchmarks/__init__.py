"""What the README quotes, measured: `make bench`, or `python -m benchmarks`."""
