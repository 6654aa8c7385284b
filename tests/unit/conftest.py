"""An account of AWS in this process, for every unit test that asks for one."""

from tests.accounts import account, clients

__all__ = ["account", "clients"]
