#!/usr/bin/env python3
"""A stand-in for a serial credential monitor, for measuring only: written from the description of what HTCondor's own one
does (walk everything at each wake and each minute, look at each file, renew past half of the life), not from its code.

usage: serial-rescan.py DIRECTORY KEY LIFETIME PROVIDER...
"""

import glob
import json
import os
import select
import signal
import sys
import tempfile
import time
import uuid

import jwt

directory, key_file, lifetime = sys.argv[1], sys.argv[2], int(sys.argv[3])
providers = sys.argv[4:]
with open(key_file, encoding="ascii") as file:
    key = file.read()

# A signal that arrives between two looks is not lost: it leaves a byte here.
reader, writer = os.pipe()
os.set_blocking(reader, False)
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
signal.signal(signal.SIGHUP, lambda *_: None)


def should_renew(use):
    try:
        written = os.stat(use).st_ctime
        with open(use, encoding="utf-8") as file:
            life = json.load(file)["expires_in"]
    except (OSError, ValueError, KeyError):
        return True
    return time.time() > written + life * 0.5


def renew(use):
    user = os.path.basename(os.path.dirname(use))
    now = int(time.time())
    token = jwt.encode(
        {
            "sub": user, "iss": "https://ap.example", "aud": ["https://data.example"], "ver": "scitoken:2.0",
            "scope": f"read:/user/{user} write:/user/{user}", "iat": now, "nbf": now, "exp": now + lifetime,
            "jti": str(uuid.uuid4()),
        },
        key, algorithm="ES256", headers={"kid": "local"},
    )
    descriptor, temporary = tempfile.mkstemp(dir=directory)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"access_token": token, "expires_in": lifetime}, file)
    os.chmod(temporary, 0o400)
    os.rename(temporary, use)


def scan():
    for provider in providers:
        for pattern in (f"{provider}.top", f"{provider}_*.top"):
            for top in glob.glob(os.path.join(directory, "*", pattern)):
                use = top[:-4] + ".use"
                if should_renew(use):
                    renew(use)


with open(os.path.join(directory, "pid"), "w", encoding="ascii") as file:
    file.write(str(os.getpid()))
while True:
    scan()
    with open(os.path.join(directory, "CREDMON_COMPLETE"), "w", encoding="ascii"):
        pass
    if select.select([reader], [], [], 60)[0]:
        os.read(reader, 4096)
