"""Outlook: threads summarised, mails drafted and coached, an inbox sorted."""

from signalbox.workloads.outlook.offered import WORKLOADS

__all__ = ["WORKLOADS"]
