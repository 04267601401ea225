"""Tables of connections, live or as tools print them: one record for each entry."""
