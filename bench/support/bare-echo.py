# A bare echo in Python, the least that a call could cost there: bare-echo.py serve (says its port) | load LOCATION (reads a task a line).
import json
import os
import socket
import sys
import threading
import time


def serve():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()


def echo(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        data = connection.recv(65536)
        if not data:
            return
        connection.sendall(data)


def load(location):
    if location.startswith("./u:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(location[4:])
    else:
        host, port = location.rsplit(":", 1)
        connection = socket.create_connection((host, int(port)))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = b"\x55" * 48
    for line in sys.stdin:
        times = []
        cpu = os.times()
        first = time.perf_counter()
        end = first + json.loads(line)["seconds"]
        while True:
            begun = time.perf_counter()
            if begun > end:
                break
            connection.sendall(data)
            connection.recv(65536)
            times.append(time.perf_counter() - begun)
        now = os.times()
        print(json.dumps({"count": len(times), "seconds": time.perf_counter() - first,
                          "timesMs": sorted(1000 * t for t in times),
                          "cpuMs": 1000 * (now.user + now.system - cpu.user - cpu.system)}), flush=True)


if sys.argv[1] == "serve":
    serve()
else:
    load(sys.argv[2])
