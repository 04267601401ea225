"""What is busy now in the tables of a machine, beside each limit of the model."""
