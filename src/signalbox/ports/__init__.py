"""Small Protocols that name the jobs the pure core needs done, not the tools that do them."""
