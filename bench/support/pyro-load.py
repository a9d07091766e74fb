# The load of `npm run bench -- remote`, by Pyro4's own client: pyro-load.py LOCATION SERIALIZER OBJECT. Reads a task a line, answers with JSON.
import json
import os
import sys
import time

import Pyro4

location, Pyro4.config.SERIALIZER, name = sys.argv[1:]
Pyro4.config.SERIALIZERS_ACCEPTED.add(Pyro4.config.SERIALIZER)
proxy = Pyro4.Proxy("PYRO:%s@%s" % (name, location))
proxy._pyroBind()
fields = []


def calls(seconds):
    times = []
    end = time.perf_counter() + seconds
    echo = proxy.echo
    while True:
        begun = time.perf_counter()
        if begun > end:
            return times
        echo(1)
        times.append(time.perf_counter() - begun)


def bulk(seconds):
    data = b"\x55" * (1 << 20)
    times = []
    end = time.perf_counter() + seconds
    while True:
        begun = time.perf_counter()
        if begun > end:
            return times
        proxy.size(data)
        times.append(time.perf_counter() - begun)


def field(seconds, points):
    """One step of the example as a Pyro4 program does it: point by point."""
    if not fields:
        proxy.initialize("inputT.in")
        proxy.solveStep(0)
        # What it names is where the server is, not how it is reached from here.
        uri = proxy.getFieldURI("Temperature", 0)._pyroUri
        fields.append(Pyro4.Proxy("PYRO:%s@%s" % (uri.object, location)))
    times = []
    end = time.perf_counter() + seconds
    evaluate = fields[0].evaluate
    while True:
        begun = time.perf_counter()
        if begun > end:
            return times, total
        total = sum([evaluate(x, y) for x, y in points])
        times.append(time.perf_counter() - begun)


for line in sys.stdin:
    task = json.loads(line)
    total = None
    cpu = os.times()
    begun = time.perf_counter()
    if task["do"] == "field":
        times, total = field(task["seconds"], task["points"])
    else:
        times = {"calls": calls, "bulk": bulk}[task["do"]](task["seconds"])
    spent = time.perf_counter() - begun
    now = os.times()
    answer = {"count": len(times), "seconds": spent, "timesMs": sorted(1000 * t for t in times),
              "cpuMs": 1000 * (now.user + now.system - cpu.user - cpu.system)}
    if total is not None:
        answer["sum"] = total
    print(json.dumps(answer))
    sys.stdout.flush()
