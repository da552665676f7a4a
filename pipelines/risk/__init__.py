"""PREDICT: who will not finish, and who will finish in form only. Reads indicators and outcomes, writes ``risk``.

``features`` says what a model may look at; ``modelling`` trains, calibrates and judges; ``rules`` stands in where history is short;
``reasons`` says why; ``scoring`` is the day's work. A model sees a learner's day only as it stood at the end of that day.
"""
