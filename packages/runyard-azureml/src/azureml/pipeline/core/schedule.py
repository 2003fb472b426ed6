"""Schedules."""

from runyard.sdk.v1.pipelines.refused import Schedule, ScheduleRecurrence, TimeZone

__all__ = ["Schedule", "ScheduleRecurrence", "TimeZone"]
