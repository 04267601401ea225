"""Results → text, JSON, tables for other programs, HTML for notebooks."""
