"""The heavy half of Runyard: the service, its scheduler and backends, and the command line."""

__version__ = "0.1.0"
