"""How likely it is that a shown name is this person's: probabilistic record linkage with frequencies of names.

The model of Fellegi and Sunter (1969): every part of a name that is shown and fits multiplies the odds by m / u, where m is the probability
that the part shows like this when the account is the person's, and u the probability that it does when the account is somebody else's. u is
the frequency of that very name among the people of the programme (Winkler's adjustment): a rare family name says more than Иванова. m and
the share of accounts that are nobody's are estimated per course by expectation-maximisation without any labels (Dempster, Laird, Rubin
1977), beginning with and held by what is usual, since a course of ten cannot say much. The result is a probability per account over its
candidates and "nobody of these".

Two accounts in one chat or webinar are seldom one person: a person who already has a better fitting account there keeps only the small
chance of a second one. This is done in rounds, which is the greedy solution of the assignment.

What belongs here: numbers. What fits what is found in :mod:`pipelines.links.people.name_evidence`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.thresholds import threshold

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Levels of agreement, as :mod:`pipelines.links.people.name_evidence` numbers them.
LAST_LEVELS = ("another", "typo", "part or past", "same")
FIRST_LEVELS = ("none", "short form", "same")
#: What is usual (the start of the estimation and its prior): shares of accounts of known people that show the part like this.
_USUAL_LAST = np.array([0.01, 0.02, 0.04, 0.93])
_USUAL_FIRST = np.array([0.0, 0.2, 0.8])
_ROUNDS_OF_ESTIMATION = 8
_ROUNDS_OF_ASSIGNMENT = 3
#: Candidates that a reviewer is shown.
SHOWN_CANDIDATES = 3
#: Log-odds that end a contest: candidates so far behind the best are left out.
_HOPELESS = 12.0


@dataclass(frozen=True)
class Judged:
    """One row per account with candidates: arrays of equal length.

    ``account`` and ``person`` index into the evidence's dictionaries; ``score`` is the probability of ``person``, ``crowd`` that of the best
    three together; ``is_linkable``: what is shown is enough to link (more than a first name, nothing left unexplained that speaks against).
    """

    account: Ints
    person: Ints
    score: Floats
    crowd: Floats
    is_linkable: NDArray[np.bool_]
    is_more_than_first: NDArray[np.bool_]
    #: The best :data:`SHOWN_CANDIDATES` of each account in order: account, person, score, place from 1.
    candidates: tuple[Ints, Ints, Floats, Ints]


def judge(evidence: pa.Table, places: pa.Table, taken: pa.Table) -> tuple[Judged, list[str], list[str]]:
    """Probabilities over candidates.

    Parameters
    ----------
    evidence: one row per account, person and reading (see :func:`pipelines.links.people.name_evidence.make_evidence`), in that order.
    places: account_id, place_id of every account in ``evidence``.
    taken: place_id, person_id: people whose account in that place is known by an exact key or a decision.

    Returns the judgement, and the account ids and person ids that its indices mean.
    """
    rows = _Rows(evidence)
    weights, chosen = rows.best_readings()
    keep = weights >= (_maximum(rows.account[chosen], weights, rows.accounts) - _HOPELESS)[rows.account[chosen]]
    rows, weights = rows.take(chosen[keep]), weights[keep]
    penalty = _OneToOne(rows, places, taken)
    log_second = np.log(threshold("people_second_account"))
    handicap = np.zeros(len(weights))
    for _ in range(_ROUNDS_OF_ASSIGNMENT):
        likeliest, chance = _likeliest(rows, weights + handicap)
        linked = likeliest[(chance >= threshold("people_link_score")) & rows.is_linkable[likeliest]]
        new = np.where(penalty.rivals(linked, weights + handicap), log_second, 0.0)
        if np.array_equal(new, handicap):
            break
        handicap = new
    return _best(rows, weights + handicap), rows.account_ids, rows.person_ids


#: What a pair shows of the family name (not shown, or shown with one of the levels) and of the first name: cells of one home.
_LAST_CELLS, _FIRST_CELLS = 1 + len(LAST_LEVELS), len(FIRST_LEVELS)
_CELLS = _LAST_CELLS * _FIRST_CELLS


class _Rows:
    """The evidence as arrays: whose, what of the weight is given (``given``), and the cell whose weight is estimated.

    Sums are over the rows of one account or one home in their order, so that what a home comes to does not depend on the others.
    """

    def __init__(self, evidence: pa.Table) -> None:
        def codes(name: str) -> tuple[Ints, list[str]]:
            """Numbers in the order of the ids, for ties are decided by them."""
            column = evidence[name].combine_chunks().dictionary_encode()
            order = pc.sort_indices(column.dictionary).to_numpy()
            rank = np.empty(len(order), np.int64)
            rank[order] = np.arange(len(order))
            return rank[column.indices.to_numpy()], column.dictionary.take(pa.array(order)).to_pylist()

        def numbers(name: str) -> Floats:
            return evidence[name].cast(pa.float64()).to_numpy()

        self.account, self.account_ids = codes("account_id")
        self.person, self.person_ids = codes("person_id")
        home, homes = codes("home")
        self.homes = len(homes)
        self.home_of = np.zeros(self.accounts, np.int64)
        self.home_of[self.account] = home
        last_level, first_level = numbers("last_level").astype(np.int64), numbers("first_level").astype(np.int64)
        shown_last = np.where((last_level > 0) | (numbers("shows_last") > 0), last_level + 1, 0)
        self.cell = (home * _LAST_CELLS + shown_last) * _FIRST_CELLS + first_level
        self.given = self._given(numbers, last_level, first_level)
        self.is_linkable = evidence["is_linkable"].to_numpy()
        self.is_more_than_first = evidence["is_more_than_first"].to_numpy()

    @staticmethod
    def _given(numbers: Callable[[str], Floats], last_level: Ints, first_level: Ints) -> Floats:
        """The part of the weights that nothing estimated enters, in log odds."""
        # A part that does not fit was drawn from all names for a stranger as well: only m is left of the ratio.
        weight = np.where(last_level > 0, -np.log(numbers("last_frequency")), 0.0)
        weight -= np.where(first_level > 0, np.log(numbers("first_frequency")), 0.0)
        weight -= np.where(numbers("has_middle") > 0, np.log(numbers("middle_frequency")), 0.0)
        weight -= numbers("initials_fitting") * np.log(threshold("people_usual_initial"))
        weight -= np.where(numbers("same_school") > 0, np.log(numbers("school_frequency")), 0.0)
        weight += numbers("strange") * np.log(threshold("people_strange_word"))
        weight += np.where(numbers("is_strict") > 0, 0.0, np.log(threshold("people_handle_trust")))
        weight += numbers("manner_weight") + numbers("group_weight") + numbers("missing_courses") * np.log(threshold("people_guest_share"))
        # Before anything is shown, each of the people of the place is as likely as the other.
        return weight - np.log(numbers("people"))

    @property
    def accounts(self) -> int:
        return len(self.account_ids)

    def take(self, rows: Ints) -> _Rows:
        other = object.__new__(_Rows)
        other.__dict__ |= self.__dict__
        for name in ("account", "person", "cell", "given", "is_linkable", "is_more_than_first"):
            setattr(other, name, getattr(self, name)[rows])
        return other

    def best_readings(self) -> tuple[Floats, Ints]:
        """Weights (log odds against nobody) of the best reading of each account and person, with estimated parameters, and their rows."""
        is_new = np.r_[True, (np.diff(self.account) != 0) | (np.diff(self.person) != 0)][: len(self.account)]
        starts = np.flatnonzero(is_new)
        pair = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(self.account)]))
        parameters = self._usual()
        best, chosen = np.zeros(0), starts
        for _ in range(_ROUNDS_OF_ESTIMATION if len(starts) else 0):
            weights = self.given + self._table(*parameters)[self.cell]
            best = np.maximum.reduceat(weights, starts)
            # Of equally good readings the first.
            good = np.flatnonzero(weights == best[pair])
            chosen = good[np.r_[True, np.diff(pair[good]) != 0]]
            parameters = self._estimate(best, chosen)
        return best, chosen

    def _usual(self) -> tuple[Floats, Floats, Floats]:
        return (
            np.tile(_USUAL_LAST, (self.homes, 1)),
            np.tile(_USUAL_FIRST, (self.homes, 1)),
            np.full(self.homes, threshold("people_outsiders")),
        )

    def _table(self, last: Floats, first: Floats, nobody: Floats) -> Floats:
        """What each cell of each home weighs."""
        of_last = np.c_[np.zeros(self.homes), np.log(last)]
        of_first = np.c_[np.zeros(self.homes), np.log(first[:, 1:])]
        against = np.log1p(-nobody) - np.log(nobody)
        table = of_last[:, :, None] + of_first[:, None, :] + against[:, None, None]
        return table.ravel()

    def _estimate(self, weights: Floats, chosen: Ints) -> tuple[Floats, Floats, Floats]:
        """m of family and first names and the share of nobody's accounts, per home course: one maximisation step."""
        account = self.account[chosen]
        chance = _chances(account, weights, self.accounts)
        held = threshold("people_prior_accounts")
        filled = np.bincount(self.cell[chosen], chance, self.homes * _CELLS).astype(np.float64).reshape(-1, _LAST_CELLS, _FIRST_CELLS)

        def shares(counts: Floats, usual: Floats) -> Floats:
            counts = counts + held * usual
            return counts / _added([counts[:, [one]] for one in range(len(usual))])

        last = shares(_added([filled[:, 1:, one] for one in range(_FIRST_CELLS)]), _USUAL_LAST)
        # Who shows no first name, or another one, says nothing of how first names are shown.
        of_first = _added([filled[:, one, :] for one in range(_LAST_CELLS)])
        of_first[:, 0] = 0.0
        first = shares(of_first, _USUAL_FIRST)
        somebody = np.bincount(account, chance, self.accounts)
        accounts = np.bincount(self.home_of, minlength=self.homes)
        outside = np.bincount(self.home_of, 1 - somebody, self.homes)
        nobody = (outside + held * threshold("people_outsiders")) / (accounts + held)
        return last, first, nobody


def _added(parts: Sequence[Floats]) -> Floats:
    """The sum of arrays, always from the first to the last."""
    return reduce(np.add, parts)


def _maximum(group: Ints, values: Floats, groups: int) -> Floats:
    found = np.full(groups, -np.inf)
    np.maximum.at(found, group, values)
    return found


def _chances(account: Ints, weights: Floats, accounts: int) -> Floats:
    """Probability of each row among the rows of its account and nobody (weight 0)."""
    top = np.maximum(_maximum(account, weights, accounts), 0.0)
    odds = np.exp(weights - top[account])
    total = np.bincount(account, odds, accounts) + np.exp(-top)
    return odds / total[account]


def _likeliest(rows: _Rows, weights: Floats) -> tuple[Ints, Floats]:
    """The row of each account's likeliest person (of equals the first), and its probability."""
    chance = _chances(rows.account, weights, rows.accounts)
    good = np.flatnonzero(chance == _maximum(rows.account, chance, rows.accounts)[rows.account])
    found = good[np.r_[True, np.diff(rows.account[good]) != 0]] if len(good) else good
    return found, chance[found]


def _best(rows: _Rows, weights: Floats) -> Judged:
    chance = _chances(rows.account, weights, rows.accounts)
    order = np.lexsort((rows.person, -chance, rows.account))
    account = rows.account[order]
    starts = np.flatnonzero(np.r_[True, np.diff(account) != 0]) if len(order) else np.zeros(0, np.int64)
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    top, best = order[place < SHOWN_CANDIDATES], order[starts]
    crowd = np.zeros(rows.accounts)
    np.add.at(crowd, rows.account[top], chance[top])
    return Judged(
        account=rows.account[best],
        person=rows.person[best],
        score=chance[best],
        crowd=crowd[rows.account[best]],
        is_linkable=rows.is_linkable[best],
        is_more_than_first=rows.is_more_than_first[best],
        candidates=(rows.account[top], rows.person[top], chance[top], place[place < SHOWN_CANDIDATES] + 1),
    )


class _OneToOne:
    """Who already has a better account in the same place."""

    def __init__(self, rows: _Rows, places: pa.Table, taken: pa.Table) -> None:
        place_column = places["place_id"].combine_chunks().dictionary_encode()
        where = place_column.indices.to_numpy().astype(np.int64)
        who = pc.index_in(places["account_id"], value_set=pa.array(rows.account_ids, pa.string())).to_numpy().astype(np.int64)
        self.people = max(len(rows.person_ids), 1)
        self.rows = rows
        order = np.argsort(who, kind="stable")
        self.account_of_stay, self.place_of_stay = who[order], where[order]
        self.first_stay = np.searchsorted(self.account_of_stay, np.arange(rows.accounts + 1))
        place = pc.index_in(taken["place_id"], value_set=place_column.dictionary)
        person = pc.index_in(taken["person_id"], value_set=pa.array(rows.person_ids, pa.string()))
        known = pc.and_(pc.is_valid(place), pc.is_valid(person))
        place, person = (one.filter(known).to_numpy().astype(np.int64) for one in (place, person))
        self.taken = place * self.people + person
        # Each candidate in each place of its account.
        stays = np.diff(self.first_stay)[rows.account]
        self.row = np.repeat(np.arange(len(rows.account)), stays)
        offset = np.arange(len(self.row)) - np.repeat(np.cumsum(stays) - stays, stays)
        self.cell = self.place_of_stay[self.first_stay[rows.account][self.row] + offset] * self.people + rows.person[self.row]

    def rivals(self, linked: Ints, weights: Floats) -> NDArray[np.bool_]:
        """Per candidate: another account that fits this person better is linked to the person in a place that both are in.

        ``linked``: the rows of the accounts that are linked as things stand.
        """
        account, person, own = self.rows.account[linked], self.rows.person[linked], weights[linked]
        stays = self.first_stay[account + 1] - self.first_stay[account]
        owner = np.repeat(np.arange(len(account)), stays)
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(stays) - stays, stays)
        cell = self.place_of_stay[self.first_stay[account][owner] + offset] * self.people + person[owner]
        strength = np.r_[own[owner], np.full(len(self.taken), np.inf)]
        holder = np.r_[account[owner], np.full(len(self.taken), -1, np.int64)]
        cells = np.r_[cell, self.taken]
        order = np.lexsort((holder, -strength, cells))
        cells, strength, holder = cells[order], strength[order], holder[order]
        is_first = np.r_[True, np.diff(cells) != 0] if len(cells) else np.zeros(0, bool)
        cells, holder = cells[is_first], holder[is_first]
        at = np.searchsorted(cells, self.cell)
        found = at < len(cells)
        found[found] = cells[at[found]] == self.cell[found]
        is_other = np.zeros(len(self.row), bool)
        is_other[found] = holder[at[found]] != self.rows.account[self.row[found]]
        return np.bincount(self.row[is_other], minlength=len(self.rows.account)) > 0
