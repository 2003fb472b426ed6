"""Early termination policies: one module each."""
