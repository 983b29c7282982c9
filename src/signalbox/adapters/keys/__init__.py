"""Keys that this machine keeps."""
