"""Households, people and those who are to move, hamlet by hamlet."""

from __future__ import annotations

import numpy as np

from siteplan.sample.settlements import Hamlet

RELOCATION = ((43, 234), (33, 161), (9, 45), (11, 48), (80, 396), (37, 196), (7, 31), (73, 208))
"""Relocating households and people of each township, as a county's half-year report gave them."""


def populate(hamlets: list[Hamlet], heights_m: list[float], seed: int) -> None:
    """Fills in the hamlets' figures: 8 to 90 households, 3 to 5.5 people each, the township's relocation spread
    over its higher hamlets."""
    random = np.random.Generator(np.random.PCG64([seed, 5]))
    first: dict[int, int] = {}
    for i, hamlet in enumerate(hamlets):
        seat = first.setdefault(hamlet.village, i) == i
        drawn = random.random() * random.random()
        hamlet.households = int(34 + 56 * random.random()) if seat else int(8 + 72 * drawn)
        hamlet.people = round(hamlet.households * (3.2 + 2.1 * random.random()))
        hamlet.livestock = int(hamlet.households * (0.4 + 3.0 * random.random()))
    for township, (households, people) in enumerate(RELOCATION):
        own = [i for i, hamlet in enumerate(hamlets) if hamlet.township == township]
        own.sort(key=lambda i: (-heights_m[i], i))
        _spread(hamlets, own, households, people, random)


def _spread(hamlets: list[Hamlet], own: list[int], households: int, people: int, random: np.random.Generator) -> None:
    """Gives out the township's relocating households a few to a hamlet, highest first, and its people with them."""
    left, movers = households, []
    for i in own:
        if not left:
            break
        if random.random() < 0.3:
            continue
        part = min(left, 2 + int(random.random() * 7), hamlets[i].households)
        hamlets[i].relocate_households = part
        left -= part
        movers.append(i)
    if left:
        raise AssertionError(f"{left} relocating households found no hamlet")
    given = 0
    for n, i in enumerate(movers):
        before = sum(hamlets[j].relocate_households for j in movers[:n])
        upto = (before + hamlets[i].relocate_households) * people // households
        hamlets[i].relocate_people = min(upto - given, hamlets[i].people)
        given += hamlets[i].relocate_people
    for i in movers:
        more = min(people - given, hamlets[i].people - hamlets[i].relocate_people)
        hamlets[i].relocate_people += more
        given += more
