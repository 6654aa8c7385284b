"""An account of AWS in this process, for the tests that ask for one."""

from tests.accounts import account, clients

__all__ = ["account", "clients"]
