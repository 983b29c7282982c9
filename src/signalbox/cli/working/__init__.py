"""Workloads as commands: made from the registry, run by the server or in this process, shown and written."""
