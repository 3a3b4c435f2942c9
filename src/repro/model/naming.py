"""Names for runs, such as "quiet-harbor": easy to say, to remember, and to type."""

__all__ = ["random_name"]

_ADJECTIVES = tuple(
    """
    able agile amber ample apt arctic azure balmy bold brave breezy bright brisk bronze calm candid
    careful cheery civil clear clever coastal cool copper cosmic cozy crisp curious dapper
    deep deft dusty eager early earnest easy even fair fancy fast fine firm fleet fluent fond free
    fresh frosty gentle giant glad golden grand green handy happy hardy honest humble indigo
    ivory jolly keen kind lasting level light lively loyal lucid lunar mellow merry mild mint modest
    neat nimble noble novel olive open patient plain polar prime proud quick quiet rapid ready rosy
    round royal rustic sage serene sharp shiny silent silver simple sleek smooth snowy solar solid
    steady still sturdy subtle sunny swift tidy tranquil true upbeat velvet vivid warm wise witty
    """.split()
)
_NOUNS = tuple(
    """
    acorn alder anchor arch aspen atlas badger bamboo basin bay beacon beaver birch bison breeze
    bridge brook canyon cedar cliff cloud clover comet coral cove crane creek crest cricket cypress
    dawn delta dove dune eagle echo elm ember falcon fern field finch fjord forest fox galaxy garden
    geyser glacier glade gorge grove gull harbor hare hawk hazel heath heron hill ibis inlet iris
    island jasmine juniper kelp kestrel kite lagoon lake lantern larch lark laurel lichen lily
    lynx maple marsh meadow mesa meteor moon moose moss nebula oak oasis ocean orbit orchid osprey
    otter owl panda pebble pine plover poplar prairie quartz quail rain raven reef ridge river robin
    sail salmon sequoia shore sparrow spring spruce star stone stream summit swan thistle tide
    trail tulip valley violet walnut wave willow wren yew zephyr
    """.split()
)


def random_name(entropy: bytes) -> str:
    """Returns an adjective and a noun.

    Args:
        entropy: At least 4 random bytes; equal bytes, equal name.
    """
    number = int.from_bytes(entropy, "big")
    return f"{_ADJECTIVES[number % len(_ADJECTIVES)]}-{_NOUNS[number // 256 % len(_NOUNS)]}"
