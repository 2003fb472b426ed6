"""Schedules."""

from runyard.sdk.v1.pipelines import Schedule, ScheduleRecurrence

__all__ = ["Schedule", "ScheduleRecurrence"]
