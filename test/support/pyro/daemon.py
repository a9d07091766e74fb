# A Pyro daemon for tests: daemon.py 4|5 URIFILE [unix:PATH] [hmac:FILE] [mux] [max:BYTES] [compress] [port:N]
# The HMAC key is read from a file. The URI is written to URIFILE when it listens.
import os
import sys
import time

version, options = sys.argv[1], sys.argv[3:]
if version == "4":
    import Pyro4 as P
    P.config.SERIALIZERS_ACCEPTED = {"serpent", "json", "marshal", "msgpack"}
    expose, oneway, Daemon, Proxy = P.expose, P.oneway, P.Daemon, P.Proxy
else:
    import Pyro5.api as P
    expose, oneway, Daemon, Proxy = P.expose, P.oneway, P.Daemon, P.Proxy


def option(name):
    for text in options:
        if text.startswith(name + ":"):
            return text[len(name) + 1:]
    return None


if "mux" in options:
    P.config.SERVERTYPE = "multiplex"
if "compress" in options:
    P.config.COMPRESSION = True
if option("max"):
    P.config.MAX_MESSAGE_SIZE = int(option("max"))


class MyErr(Exception):
    pass


@expose
class Child(object):
    def __init__(self, label):
        self.label = label

    def name(self):
        return self.label


@expose
class Echo(object):
    def __init__(self):
        self.n = 0
        self.children = 0

    def echo(self, x):
        return x

    def add(self, a, b=0):
        return a + b

    def keywords(self, **kw):
        return kw

    def fail(self, m):
        raise ValueError(m)

    def failkey(self, m):
        raise KeyError(m)

    def failcustom(self, m):
        raise MyErr(m)

    def zero(self):
        return 1 / 0

    def gen(self, n):
        try:
            for i in range(n):
                yield i * 10
        finally:
            self.n += 1000

    def failgen(self, n):
        for i in range(n):
            yield i
        raise ValueError("no more")

    @oneway
    def note(self, x):
        self.n += 1

    def blob(self):
        return b"\x00\x01\xff"

    def size(self, data):
        if isinstance(data, dict):  # serpent: bytes that stay a dict
            import base64
            return len(base64.b64decode(data["data"]))
        return len(data)

    def big(self, n):
        return "x" * n

    def sleep(self, seconds):
        time.sleep(seconds)
        return seconds

    def child(self, label):
        child = Child(label)
        self._pyroDaemon.register(child)
        return child

    def uri(self):
        return self._pyroDaemon.uriFor(self)

    def call_back(self, proxy, method, *args):
        if not isinstance(proxy, Proxy):
            raise TypeError("not a proxy: %r" % (proxy,))
        with proxy:
            return getattr(proxy, method)(*args)

    @property
    def count(self):
        return self.n

    @count.setter
    def count(self, v):
        self.n = v


where = dict(host="127.0.0.1", port=int(option("port") or 0))
if option("unix"):
    where = dict(unixsocket=option("unix"))
daemon = Daemon(**where)
if option("hmac"):
    with open(option("hmac"), "rb") as file:
        daemon._pyroHmacKey = file.read()
uri = daemon.register(Echo(), "echo")
with open(sys.argv[2] + ".t", "w") as file:
    file.write(str(uri))
os.rename(sys.argv[2] + ".t", sys.argv[2])
daemon.requestLoop()
