"""Proxies' own configurations: HAProxy, nginx, Envoy."""
