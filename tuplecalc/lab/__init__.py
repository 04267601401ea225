"""The same chain, built in network namespaces out of nft, veth and real sockets, and measured."""
