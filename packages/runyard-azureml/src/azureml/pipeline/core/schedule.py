"""Schedules."""

from runyard.sdk.v1.pipelines.recurrences import ScheduleRecurrence, TimeZone
from runyard.sdk.v1.pipelines.schedules import Schedule

__all__ = ["Schedule", "ScheduleRecurrence", "TimeZone"]
