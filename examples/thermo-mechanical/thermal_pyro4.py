#!/usr/bin/env python3
"""The thermal model of the example in Python, served by Pyro4: what an existing simulation code would bring along.

A model server starts it and speaks to it over one descriptor (LATCHKEY_MODEL_FD): a line of JSON says where to listen and which key the
clients have, and the model answers with its address. Without a model server it runs by itself:  thermal_pyro4.py PORT  (no key, this machine only).
"""
import json
import os
import sys

import Pyro4

GAUSS = (-1 / 3 ** 0.5, 1 / 3 ** 0.5)


class Grid:
    """A rectangle cut into equal quadrilaterals; vertices row by row from the lower left."""

    def __init__(self, size_x, size_y, cells_x, cells_y):
        self.size_x, self.size_y, self.cells_x, self.cells_y = size_x, size_y, cells_x, cells_y
        self.columns = cells_x + 1
        self.vertices = self.columns * (cells_y + 1)

    def cells(self):
        for cell in range(self.cells_x * self.cells_y):
            first = cell // self.cells_x * self.columns + cell % self.cells_x
            yield (first, first + 1, first + self.columns + 1, first + self.columns)

    def edge(self, number):
        top = self.cells_y * self.columns
        if number == 1:
            return list(range(self.columns))
        if number == 3:
            return list(range(top, top + self.columns))
        start = self.cells_x if number == 2 else 0
        return list(range(start, self.vertices, self.columns))

    def interpolate(self, values, x, y):
        across = min(max(x, 0), self.size_x) * self.cells_x / self.size_x
        up = min(max(y, 0), self.size_y) * self.cells_y / self.size_y
        column, row = min(int(across), self.cells_x - 1), min(int(up), self.cells_y - 1)
        u, v = across - column, up - row
        first = row * self.columns + column
        return (
            (1 - u) * (1 - v) * values[first]
            + u * (1 - v) * values[first + 1]
            + u * v * values[first + self.columns + 1]
            + (1 - u) * v * values[first + self.columns]
        )


def read_input(text):
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    lines = [line for line in lines if line]
    size, cells = lines[0], lines[1]
    edges = {int(line[0]): (line[1], [float(value) for value in line[2:]]) for line in lines[2:6]}
    return Grid(float(size[0]), float(size[1]), int(cells[0]), int(cells[1])), edges


def solve_heat(grid, edges):
    """Temperatures at the vertices (conductivity 1 W/m/K)."""
    n = grid.vertices
    matrix = [[0.0] * n for _ in range(n)]
    right = [0.0] * n
    width, height = grid.size_x / grid.cells_x, grid.size_y / grid.cells_y
    for cell in grid.cells():
        for eta in GAUSS:
            for xi in GAUSS:
                u, v = (1 + xi) / 2, (1 + eta) / 2
                by_x = (-(1 - v) / width, (1 - v) / width, v / width, -v / width)
                by_y = (-(1 - u) / height, -u / height, u / height, (1 - u) / height)
                area = width * height / 4
                for i, row in enumerate(cell):
                    for j, column in enumerate(cell):
                        matrix[row][column] += (by_x[i] * by_x[j] + by_y[i] * by_y[j]) * area
    prescribed = {}
    for number, (code, values) in edges.items():
        vertices = grid.edge(number)
        if code == "C":
            ambient, coefficient = values
            length = width if number in (1, 3) else height
            for a, b in zip(vertices, vertices[1:]):
                for row in (a, b):
                    right[row] += coefficient * ambient * length / 2
                    for column in (a, b):
                        matrix[row][column] += coefficient * length / (3 if row == column else 6)
        elif code == "D":
            prescribed.update((vertex, values[0]) for vertex in vertices)
    return eliminate(matrix, right, prescribed)


def eliminate(matrix, right, prescribed):
    """Gauss' elimination; the matrix is symmetric and positive definite, so it needs no pivots."""
    free = [i for i in range(len(right)) if i not in prescribed]
    rows = [
        [matrix[i][j] for j in free] + [right[i] - sum(matrix[i][k] * value for k, value in prescribed.items())]
        for i in free
    ]
    for i, pivot in enumerate(rows):
        for row in rows[i + 1 :]:
            factor = row[i] / pivot[i]
            if factor:
                for j in range(i, len(pivot)):
                    row[j] -= factor * pivot[j]
    solution = [0.0] * len(free)
    for i in reversed(range(len(free))):
        rest = sum(rows[i][j] * solution[j] for j in range(i + 1, len(free)))
        solution[i] = (rows[i][-1] - rest) / rows[i][i]
    result = [prescribed.get(i, 0.0) for i in range(len(right))]
    for i, value in zip(free, solution):
        result[i] = value
    return result


@Pyro4.expose
class Field:
    """The temperature as others may ask for it, point by point."""

    def __init__(self, grid, values):
        self._grid, self._values = grid, values

    def evaluate(self, x, y):
        return self._grid.interpolate(self._values, x, y)


@Pyro4.expose
class ThermalModel:
    def __init__(self):
        self._grid = self._edges = self._values = None

    def getApplicationSignature(self):
        return "thermal demo, Python " + sys.version.split()[0] + " with Pyro " + Pyro4.__version__

    def initialize(self, file, workdir="", metadata=None):
        # Of the path only the name: the input is in the directory that this process was started in.
        with open(os.path.basename(file), encoding="utf-8") as source:
            self._grid, self._edges = read_input(source.read())

    def solveStep(self, time):
        self._values = solve_heat(self._grid, self._edges)

    def getField(self, name, time):
        """By copy: all of it."""
        self._check(name)
        grid = self._grid
        size = {"sizeX": grid.size_x, "sizeY": grid.size_y, "cellsX": grid.cells_x, "cellsY": grid.cells_y}
        return {"name": name, "unit": "°C", "grid": size, "values": list(self._values)}

    def getFieldURI(self, name, time):
        """By reference: an object that is asked where it is."""
        self._check(name)
        field = Field(self._grid, self._values)
        self._pyroDaemon.register(field)
        return field

    def _check(self, name):
        if name != "Temperature":
            raise KeyError("there is no field %r here, only Temperature" % name)
        if self._values is None:
            raise RuntimeError("the step is not solved yet")


def serve():
    descriptor = os.environ.get("LATCHKEY_MODEL_FD")
    if descriptor is None:
        daemon = Pyro4.Daemon(host="127.0.0.1", port=int(sys.argv[1]))
        print(daemon.register(ThermalModel(), "model"), flush=True)
        return daemon.requestLoop()
    with os.fdopen(int(descriptor), "r+b", buffering=0) as channel:
        instruction = json.loads(read_line(channel))
        listen = instruction["listen"]
        if "unix" in listen:
            daemon = Pyro4.Daemon(unixsocket=listen["unix"])
        else:
            daemon = Pyro4.Daemon(host=listen["host"], port=listen["port"])
        daemon._pyroHmacKey = instruction["key"].encode()
        uri = daemon.register(ThermalModel(), "model")
        report = {"token": instruction["token"], "uri": str(uri), "protection": "hmac"}
        channel.write((json.dumps(report) + "\n").encode())
        daemon.requestLoop()


def read_line(channel):
    line = b""
    while not line.endswith(b"\n"):
        byte = channel.read(1)
        if not byte:
            raise SystemExit("the model server is gone")
        line += byte
    return line


if __name__ == "__main__":
    serve()
