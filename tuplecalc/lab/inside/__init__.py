"""What runs inside the namespaces: the standard library only, told what to do over a socket."""
