"""Samplers: one module each; heavy libraries are imported when a sampler is made."""
