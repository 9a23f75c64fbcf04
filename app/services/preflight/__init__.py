"""The production checklist: one module for each place that answers.

Uses worker.
"""
