"""What every list shares: filters, cursors, links, labels and formats."""
