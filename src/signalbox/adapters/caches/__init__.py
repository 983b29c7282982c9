"""Where answers are kept: in this process, or in a Valkey that several share."""
