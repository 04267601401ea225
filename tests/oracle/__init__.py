"""The oracle: the meaning of a chain file as an integer program, without any closed formula."""
