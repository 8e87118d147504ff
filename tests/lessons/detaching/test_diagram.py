"""The boxes of the diagram stand beside each other, and every connection leads from one to another."""

from itertools import combinations

from ppo_lessons.lessons.detaching.diagram import HEIGHT, LINKS, PLACES, WIDTH


def test_boxes_stand_beside_each_other_within_the_diagram():
    for x, y, width, height in PLACES.values():
        assert 0 <= x - width / 2 and x + width / 2 <= WIDTH and 0 <= y - height / 2 and y + height / 2 <= HEIGHT
    for (one, (x0, y0, w0, h0)), (other, (x1, y1, w1, h1)) in combinations(PLACES.items(), 2):
        assert abs(x0 - x1) >= (w0 + w1) / 2 or abs(y0 - y1) >= (h0 + h1) / 2, (one, other)


def test_every_connection_leads_on_from_the_edge_of_one_box_to_the_edge_of_another():
    for link in LINKS:
        (x0, y0), (x1, y1) = link.ends()
        assert (x0, y0) != (x1, y1)
        assert x0 <= x1, (link.source, link.target)
    reached = {link.target for link in LINKS} | {"actor_trunk", "critic_trunk", "obs"}
    assert reached == set(PLACES)
