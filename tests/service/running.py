"""A service in a process of its own."""

import contextlib
import functools
import socket
import subprocess
import sys
import time

import httpx

from tests.service.build import environment


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def running(folder, *arguments, python=sys.executable, port=None, limits=None, **settings):
    """(process, address) of `python -m service` on the bundle's own code, once it is ready. `limits`: {name of a limit in
    the module resource: what the process may have}."""
    port = port or free_port()
    env = environment(PORT=port, PYTHONPATH=folder / "code", PYTHONSAFEPATH="1", **settings)
    command = [str(python), "-m", "service", str(folder), "--name", "flats", *arguments]
    before = functools.partial(_limit, limits) if limits else None
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", preexec_fn=before
    )
    try:
        wait(process, f"http://127.0.0.1:{port}/health/ready")
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def _limit(limits):
    import resource

    for name, value in limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))


def wait(process, address, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, process.stdout.read()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address, timeout=20).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"{address} was not ready within {seconds} s")
