"""Word: texts read, summarised, rewritten and drafted."""
