"""The oracle: the meaning of a topology as an integer program, without any closed formula."""
