"""Attendance of webinars: Zoom, Teams, Google Meet, BigBlueButton, any other as CSV."""
