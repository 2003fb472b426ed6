"""Estimators and tuning."""
