"""What every page shares: sign-in and guards, navigation, headers, errors, files."""
