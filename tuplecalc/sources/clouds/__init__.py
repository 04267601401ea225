"""Clouds' NATs and balancers, as Terraform describes them."""
