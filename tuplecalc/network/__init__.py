"""What the network is: address and port sets, the chain and its hops, the file."""
