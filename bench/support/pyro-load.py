# The load of `npm run bench -- remote`, by Pyro4's own client: pyro-load.py URI SERIALIZER. Reads a case a line, answers with JSON.
import json
import os
import sys
import time

import Pyro4

uri, Pyro4.config.SERIALIZER = sys.argv[1], sys.argv[2]
Pyro4.config.SERIALIZERS_ACCEPTED.add(sys.argv[2])
proxy = Pyro4.Proxy(uri)
proxy._pyroBind()


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


for line in sys.stdin:
    case = json.loads(line)
    cpu = os.times()
    begun = time.perf_counter()
    times = {"calls": calls, "bulk": bulk}[case["do"]](case["seconds"])
    spent = time.perf_counter() - begun
    now = os.times()
    print(json.dumps({"count": len(times), "seconds": spent, "timesMs": sorted(1000 * t for t in times),
                      "cpuMs": 1000 * (now.user + now.system - cpu.user - cpu.system)}))
    sys.stdout.flush()
