"""WHEN and WHERE it runs: Dagster and nothing else.

An asset is a shell: it reads its partition, calls one step of :mod:`pipelines.steps`, and reports counts. Keys are relations
(``[schema, table]``), groups are stages, and a day's partition is the last day that is known to its end.
"""
