"""`python -m runyard`: the command line, where the half that has it is installed."""

import importlib
import sys


def main() -> None:
    """Run the command line, or say what installs it."""
    try:
        command_line = importlib.import_module("runyard_server.cli")
    except ModuleNotFoundError as error:
        if error.name != "runyard_server":
            raise
        from runyard.client.interpreter import install_command

        sys.stderr.write(
            "error: the command line comes with runyard-server, which this Python does not have; "
            f"install it with: {install_command()}\n"
        )
        sys.exit(1)
    command_line.main()


if __name__ == "__main__":
    main()
