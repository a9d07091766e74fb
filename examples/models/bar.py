"""The bar of bar.ts, as any program can be a model: this one with Pyro4.

    latchkey models run -- python3 bar.py

A model server starts it for each job, tells it on an inherited descriptor where to listen and with which key, and waits
there for its address.
"""
import json
import os

import Pyro4

Pyro4.config.SERIALIZER = "serpent"


@Pyro4.expose
class Bar:
    def __init__(self, daemon):
        self._daemon = daemon
        self._field = [0.0] * 11

    def getApplicationSignature(self):
        return "Bar, explicit finite differences, in Python"

    def solveStep(self, dt, steps):
        """Makes steps of dt seconds; returns the temperature in the middle, degrees Celsius."""
        for _ in range(steps):
            f = self._field
            inner = [f[x] + dt * (f[x - 1] - 2 * f[x] + f[x + 1]) for x in range(1, len(f) - 1)]
            self._field = [100.0] + inner + [0.0]
        print(steps, "steps of", dt, "s")
        return self._field[5]

    def getField(self):
        return self._field

    @Pyro4.oneway
    def terminate(self):
        self._daemon.shutdown()


def main():
    channel = os.fdopen(int(os.environ["LATCHKEY_MODEL_FD"]), "r+b", buffering=0)
    line = channel.readline()
    if not line:
        raise SystemExit("the model server is gone")
    told = json.loads(line)
    listen = told["listen"]
    if "unix" in listen:
        daemon = Pyro4.Daemon(unixsocket=listen["unix"])
    else:
        daemon = Pyro4.Daemon(host=listen["host"], port=listen["port"])
    daemon._pyroHmacKey = told["key"].encode()
    uri = daemon.register(Bar(daemon), "bar")
    report = {"token": told["token"], "uri": str(uri), "protection": "hmac"}
    channel.write(json.dumps(report).encode() + b"\n")
    channel.close()
    daemon.requestLoop()


main()
