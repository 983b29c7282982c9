"""Measuring features on sets of tasks: what was solved, by values that a program compares."""
