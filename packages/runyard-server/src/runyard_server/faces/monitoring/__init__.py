"""The face for programs that watch the service: figures, and whether it is alive and ready."""
