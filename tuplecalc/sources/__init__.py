"""What a machine says of itself: its configuration as a chain, its tables as what is busy now."""
