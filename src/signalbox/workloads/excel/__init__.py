"""Excel: formulas written, gated and explained; cells, tables and findings computed."""
