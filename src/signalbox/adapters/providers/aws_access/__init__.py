"""Who one is at AWS, and how a request is signed: for Bedrock, and for keys kept in KMS."""
