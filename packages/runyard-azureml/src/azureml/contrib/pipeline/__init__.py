"""Early forms of what pipelines have."""
