"""`python -m stream_service`: runs the stream service with the settings that the environment holds."""

import sys

from stream_service.stop_signals import StopSignals


def main() -> int:
    """Run until a signal; 0 after a drain, 2 where the environment is not as it must be."""
    stop_signals = StopSignals()
    stop_signals.listen()
    from stream_service.start import start  # noqa: PLC0415 - it takes a second to load: signals are heard before

    return start(stop_signals)


if __name__ == "__main__":
    sys.exit(main())
