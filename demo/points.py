"""Measuring points: one lane of a road section each, with the character of its traffic."""

from dataclasses import dataclass

import numpy as np

# unieke_id -> lve_nr. The points that the data set publishes; some share a section.
CHOSEN_POINTS = {
    32: 55, 37: 55, 216: 71, 217: 71, 753: 102, 1065: 140, 1132: 140, 1840: 233, 2125: 260,
    2161: 264, 3159: 371, 3388: 402, 3391: 402,
}  # fmt: skip
# The points of published_records.jsonl.
PUBLISHED_POINTS = {50: 18, 51: 18, 622: 50, 1152: 177, 29: 55}
PUBLISHED_NAMES = {50: "H101L20", 51: "H102L10", 622: "H221L20", 1152: "H211L10", 29: "H222L10"}
# They count vehicles and report speed 0 for them, as point 29 did on 2020-07-26.
SPEEDLESS_POINTS = frozenset({29, 1840})
MIN_POINTS = len(CHOSEN_POINTS) + len(PUBLISHED_POINTS)
_FIRST_OTHER_SECTION = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measuring point.

    Attributes:
        unieke_id: its id.
        lve_nr: the equipment that it hangs on; the lanes of a road section share it.
        beschrijvende_id: its descriptive id.
        free_speed: km/h of cars when nothing is in their way.
        vehicles_per_minute: at the busiest minute of a working day.
        is_speed_known: whether it reports speeds; else it reports 0 for the vehicles it counts.
    """

    unieke_id: int
    lve_nr: int
    beschrijvende_id: str
    free_speed: float
    vehicles_per_minute: float
    is_speed_known: bool


def make_points(count: int, seed: int) -> tuple[Point, ...]:
    """Make `count` points: the chosen and the published ones, then sections of 2 to 4 lanes.

    Raises:
        ValueError: fewer points asked for than the chosen and the published ones.
    """
    if count < MIN_POINTS:
        raise ValueError(f"{count} points asked for; give {MIN_POINTS} or more")
    rng = np.random.default_rng([seed, 0])
    known = CHOSEN_POINTS | PUBLISHED_POINTS
    sections = known | _other_sections(count - len(known), taken=frozenset(known), rng=rng)
    speed_of_section = {lve: rng.uniform(92, 122) for lve in sorted(set(sections.values()))}
    return tuple(
        Point(
            unieke_id=unieke_id,
            lve_nr=lve_nr,
            beschrijvende_id=PUBLISHED_NAMES.get(unieke_id, f"H{lve_nr}L{unieke_id % 4 + 1}0"),
            free_speed=speed_of_section[lve_nr] + rng.uniform(-8, 8),
            vehicles_per_minute=rng.uniform(6, 26),
            is_speed_known=unieke_id not in SPEEDLESS_POINTS
            and (unieke_id in known or rng.random() > 0.03),
        )
        for unieke_id, lve_nr in sections.items()
    )


def _other_sections(
    count: int, *, taken: frozenset[int], rng: np.random.Generator
) -> dict[int, int]:
    free_ids = (i for i in range(1, count + len(taken) + 1) if i not in taken)
    sections: dict[int, int] = {}
    lve_nr = _FIRST_OTHER_SECTION
    while len(sections) < count:
        lanes = min(int(rng.integers(2, 5)), count - len(sections))
        sections |= {next(free_ids): lve_nr for _ in range(lanes)}
        lve_nr += 1
    return sections
