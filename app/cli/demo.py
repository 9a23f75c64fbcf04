"""``flask demo``: sample data for a first look."""

from __future__ import annotations

from app.cli.group import Group

demo = Group("demo", help="Fill the sandbox and the database with sample payments.")
