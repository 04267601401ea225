"""Hop → limits as pure data, Hall's minimum over them, and advice by evaluating changed chains."""
