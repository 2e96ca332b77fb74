"""What can be drawn, by family."""

from subjects import animals, beasts, birds, buildings, food, insects, landmarks, nature, plants, scenery, sea_life, things, toys, traffic, vehicles
from subjects.base import Subject

SUBJECTS: dict[str, Subject] = {
    **plants.SUBJECTS,
    **food.SUBJECTS,
    **animals.SUBJECTS,
    **beasts.SUBJECTS,
    **birds.SUBJECTS,
    **sea_life.SUBJECTS,
    **insects.SUBJECTS,
    **buildings.SUBJECTS,
    **vehicles.SUBJECTS,
    **nature.SUBJECTS,
    **things.SUBJECTS,
    **toys.SUBJECTS,
    **landmarks.SUBJECTS,
    **traffic.SUBJECTS,
    **scenery.SUBJECTS,
}
