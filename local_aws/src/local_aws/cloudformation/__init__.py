"""Stacks: the resources that moto does not make."""
