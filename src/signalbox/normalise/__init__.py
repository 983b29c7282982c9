"""One event model: what vendors stream becomes one reply, or is refused as incomplete."""
