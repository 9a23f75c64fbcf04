"""Leases of jobs and heartbeats of workers.

Uses connection, document.
"""
