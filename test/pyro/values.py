"""Says what Python makes of values, and makes values of its own: one JSON line in, one out.

in:  ["read", SERIALIZER, HEX]     out: {"value": TAGGED, "again": HEX}: what Pyro's serializer reads, and that written by it again
in:  ["make", SERIALIZER, SEED]    out: {"value": TAGGED, "bytes": HEX}: a random value and what Pyro's serializer writes for it
"""
import json, random, struct, sys
import Pyro4
import Pyro4.util

Pyro4.config.SERIALIZERS_ACCEPTED = {"serpent", "json", "marshal", "msgpack"}


def tagged(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", "nan" if value != value else struct.pack(">d", value).hex()]
    if isinstance(value, complex):
        return ["complex", tagged(value.real)[1], tagged(value.imag)[1]]
    if isinstance(value, str):
        return ["str", value.encode("utf-16-be", "surrogatepass").hex()]
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", value.hex()]
    if isinstance(value, (list, tuple)):
        return ["list" if isinstance(value, list) else "tuple", [tagged(item) for item in value]]
    if isinstance(value, (set, frozenset)):
        return ["set", sorted((tagged(item) for item in value), key=json.dumps)]
    if isinstance(value, dict):
        return ["dict", sorted(([tagged(k), tagged(v)] for k, v in value.items()), key=json.dumps)]
    return ["other", repr(value)]


CHARACTERS = "abc'\"\\\n\r\t\0\x7f\x85\u00e9\u2028\ufeff\U0001f600{}()[],:#"


def text(r, serializer):
    characters = CHARACTERS + ("\ud800\udfff" if serializer in ("serpent", "marshal") else "")
    return "".join(r.choice(characters) for _ in range(r.choice([0, 1, 3, 10, 40])))


def number(r):
    return r.choice([
        0, 1, -1, 127, 128, -128, 2**31, -2**31 - 1, 2**53, -2**53, 2**64, -2**64, 2**200 + 7, r.randrange(-2**70, 2**70),
        0.0, -0.0, 1.5, -2.0, 1e300, 5e-324, 0.1, float("inf"), float("-inf"), r.uniform(-1e6, 1e6), r.random(),
    ])


def key(r, serializer):
    if serializer in ("json", "msgpack"):
        return text(r, serializer)
    # serpent refuses None as a key
    other = [None, True] if serializer == "marshal" else [True]
    # As a key -0.0 is 0, there and here.
    return r.choice([text(r, serializer), number(r) or 0, (1, text(r, serializer)), *other])


def make(r, serializer, depth=0):
    kind = r.randrange(12 if depth < 4 else 5)
    if kind == 0:
        return r.choice([None, True, False])
    if kind in (1, 2):
        return number(r)
    if kind == 3:
        return text(r, serializer)
    if kind == 4:
        if serializer == "json":
            return float("nan")
        return r.choice([float("nan"), bytes(r.randrange(256) for _ in range(r.randrange(20))), complex(1.5, -2.0)])
    count = r.randrange(5)
    if kind in (5, 6):
        return [make(r, serializer, depth + 1) for _ in range(count)]
    if kind == 7:
        return tuple(make(r, serializer, depth + 1) for _ in range(count))
    if kind == 8 and serializer in ("serpent", "marshal"):
        return {key(r, serializer) for _ in range(count + 1)}
    if kind == 9:
        shared = make(r, serializer, depth + 1)
        return [shared, {"a": shared}, shared]
    return {key(r, serializer): make(r, serializer, depth + 1) for _ in range(count)}


for line in sys.stdin:
    job, name, argument = json.loads(line)
    serializer = Pyro4.util.get_serializer(name)
    try:
        if job == "read":
            value = serializer.loads(bytes.fromhex(argument))
            answer = {"value": tagged(value), "again": serializer.dumps(value).hex()}
        else:
            value = make(random.Random(argument), name)
            answer = {"value": tagged(value), "bytes": serializer.dumps(value).hex()}
    except Exception as error:
        answer = {"error": type(error).__name__ + ": " + str(error)}
    print(json.dumps(answer), flush=True)
