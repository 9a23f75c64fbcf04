"""What command groups share: settings and errors, durations, progress."""
