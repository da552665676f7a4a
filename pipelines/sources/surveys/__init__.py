"""Answers to forms, and what words and numbers on a scale mean."""
