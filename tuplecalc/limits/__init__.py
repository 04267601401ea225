"""Hop → legs in key spaces, the theorem → limits as pure data, and the smallest of them."""
