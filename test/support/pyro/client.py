# A Pyro client that tests drive: client.py 4|5 URI SERIALIZER [hmac:FILE] [handshake:TEXT]
# Reads one JSON step a line, answers with one JSON line: {"value": …} or {"error": class, "message": text, …}.
import json
import sys

version, uri, serializer, options = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
if version == "4":
    import Pyro4 as P
    from Pyro4 import errors, core
    P.config.SERIALIZER = serializer
    if serializer == "pickle":
        P.config.SERIALIZERS_ACCEPTED.add("pickle")
    batch_of = P.batch
else:
    import Pyro5.api as P
    from Pyro5 import errors, core
    P.config.SERIALIZER = serializer
    batch_of = P.BatchProxy


def option(name):
    for text in options:
        if text.startswith(name + ":"):
            return text[len(name) + 1:]
    return None


if "compress" in options:
    P.config.COMPRESSION = True
P.config.COMMTIMEOUT = 20.0
key = None
if option("hmac"):
    with open(option("hmac"), "rb") as file:
        key = file.read()


def proxy_for(where):
    proxy = P.Proxy(where)
    if key:
        proxy._pyroHmacKey = key
    if option("handshake"):
        proxy._pyroHandshake = option("handshake")
    return proxy


proxy = proxy_for(uri)


def plain(value):
    """What a value is in Python, told in JSON."""
    if isinstance(value, bool) or value is None or isinstance(value, (int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(plain(item) for item in value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, P.Proxy):
        return {"proxy": str(value._pyroUri), "methods": sorted(value._pyroMethods)}
    if isinstance(value, core.URI):
        return {"uri": str(value)}
    return {"type": type(value).__name__, "text": str(value)}


def value_of(said):
    """The value that JSON tells of."""
    if isinstance(said, dict) and list(said) == ["bytes"]:
        return bytes.fromhex(said["bytes"])
    if isinstance(said, dict) and list(said) == ["uri"]:
        return core.URI(said["uri"])
    if isinstance(said, dict) and list(said) == ["proxy"]:
        return proxy_for(said["proxy"])
    if isinstance(said, dict) and list(said) == ["repeat"]:
        return said["repeat"][0] * said["repeat"][1]
    return said


def do(step):
    what = step["do"]
    args = [value_of(item) for item in step.get("args", [])]
    kwargs = step.get("kwargs", {})
    if what == "call":
        return getattr(proxy, step["method"])(*args, **kwargs)
    if what == "invoke":  # around the client's own checks
        return proxy._pyroInvoke(step["method"], args, kwargs)
    if what == "get":
        return getattr(proxy, step["name"])
    if what == "set":
        return setattr(proxy, step["name"], value_of(step["value"]))
    if what == "items":
        items, limit = [], step.get("limit")
        stream = getattr(proxy, step["method"])(*args)
        try:
            for item in stream:
                items.append(item)
                if limit is not None and len(items) >= limit:
                    break
        finally:
            stream.close()
        return items
    if what == "batch":
        batch = batch_of(proxy)
        for name, arguments in step["calls"]:
            getattr(batch, name)(*arguments)
        if step.get("oneway"):
            return batch(oneway=True)
        results = []
        try:
            for result in batch():
                results.append(result)
        except Exception as error:
            results.append({"error": type(error).__name__, "message": str(error)})
        return results
    if what == "follow":  # a proxy that a call returns, called in its turn
        child = getattr(proxy, step["method"])(*args)
        if key:
            child._pyroHmacKey = key
        return getattr(child, step["next"])()
    if what == "metadata":
        proxy._pyroBind()
        return {"methods": sorted(proxy._pyroMethods), "oneway": sorted(proxy._pyroOneway),
                "attributes": sorted(proxy._pyroAttrs)}
    if what == "ping":
        with P.Proxy("PYRO:Pyro.Daemon@" + uri.split("@", 1)[1]) as daemon:
            if key:
                daemon._pyroHmacKey = key
            return [daemon.ping(), daemon.info(), sorted(daemon.registered())]
    if what == "release":
        proxy._pyroRelease()
        return None
    raise RuntimeError("unknown step " + what)


for line in sys.stdin:
    try:
        answer = {"value": plain(do(json.loads(line)))}
    except Exception as error:
        answer = {"error": type(error).__module__ + "." + type(error).__name__, "message": str(error),
                  "args": plain(list(error.args)),
                  "attributes": {name: plain(value) for name, value in vars(error).items() if name != "_pyroTraceback"},
                  "traceback": bool(getattr(error, "_pyroTraceback", None))}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
