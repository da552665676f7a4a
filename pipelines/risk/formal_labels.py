"""How probably a completion was formal: signs weighed by what curators have said about completions, and said outright where they did.

A latent-class model (Dawid, Skene 1979): a completion is formal or genuine, each sign shows with a frequency of its own in either, and signs are
independent given which it is. Fitted by expectation and maximisation; a verdict fixes its completion's class. Pseudo-counts
(``formal_…`` thresholds) say what is believed while nothing has been seen, so that without a verdict and with few completions the signs weigh what
the rule of two signs says they weigh, and "formal" cannot swap places with "genuine".
"""

from __future__ import annotations

import numpy as np

from pipelines.thresholds import threshold

#: Steps after which a fit that has not settled is taken as it is; tens suffice.
STEPS = 500
SETTLED = 1e-9


def soft(signs: np.ndarray, verdicts: np.ndarray, *, asked: np.ndarray | None = None) -> np.ndarray:
    """P(formal) of every row of ``asked`` (default: of ``signs``), learned from ``signs``: completions × signs, 1, 0 or NaN (unknown).

    ``verdicts``: 1 formal, 0 genuine, NaN nobody said; one per row of ``signs``. Rows whose signs are all unknown get the share of formal
    completions. Where ``asked`` is None the verdicts stand in the answer as 0 and 1.
    """
    seen, known = np.nan_to_num(signs), ~np.isnan(signs)
    said = ~np.isnan(verdicts)
    weight = threshold("formal_prior_learners")
    believed = np.array([threshold("formal_sign_if_genuine"), threshold("formal_sign_if_formal")])[:, None]
    share = threshold("formal_prior_share")
    shows = np.repeat(believed, signs.shape[1], axis=1)
    formal = _posterior(seen, known, share, shows)
    for _ in range(STEPS):
        formal = np.where(said, np.nan_to_num(verdicts), formal)
        share = (formal.sum() + weight * threshold("formal_prior_share")) / (len(formal) + weight)
        classes = np.stack([1 - formal, formal])
        shows = (classes @ seen + weight * believed) / (classes @ known + weight)
        again = _posterior(seen, known, share, shows)
        moved = np.abs(again - formal)[~said].max(initial=0.0)
        formal = again
        if moved < SETTLED:
            break
    if asked is None:
        return np.where(said, np.nan_to_num(verdicts), formal)
    return _posterior(np.nan_to_num(asked), ~np.isnan(asked), share, shows)


def _posterior(seen: np.ndarray, known: np.ndarray, share: float, shows: np.ndarray) -> np.ndarray:
    odds = np.log(share / (1 - share)) + (
        known * (seen * np.log(shows[1] / shows[0]) + (1 - seen) * np.log((1 - shows[1]) / (1 - shows[0])))
    ).sum(axis=1)
    return 1.0 / (1.0 + np.exp(-odds))
