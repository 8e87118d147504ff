"""A real JupyterLab on loopback and Debian's chromium, for the tests and for the benchmark of living figures."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

import start

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@contextmanager
def jupyter_lab(folder: Path, projector: bool = False) -> Iterator[str]:
    """Serve a folder as `start.py` serves the course, with settings and a home of its own.

    Args:
        folder: Is served; settings and the log go there too.
        projector: As for a class.

    Yields:
        The address.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--expose-app-in-browser"]
    arguments, variables = start.course_in_lab(folder, projector, folder / "projector")
    command += [f"--port={port}", "--IdentityProvider.token=", *arguments]
    environment = {**os.environ, **own, **variables, "OMP_NUM_THREADS": "1"}
    environment.pop("PPO_LESSONS_HOME", None)
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.3)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(timeout=60)
            except subprocess.TimeoutExpired:  # ended while a kernel starts, it waits for that without end
                server.kill()  # its kernels see that it is gone
                server.wait()


@contextmanager
def chromium_page(width: int = 1300, height: int = 1000, **options: Any) -> Iterator[Page]:
    """Open an empty page in chromium.

    Args:
        width: Of the window, in CSS pixels.
        height: Of the window.
        options: Of playwright's `new_context`.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser.new_context(viewport={"width": width, "height": height}, **options).new_page()
        browser.close()


def open_notebook(page: Page, lab: str, path: str) -> None:
    """Open a notebook in JupyterLab and wait until it is there."""
    page.goto(f"{lab}/lab/tree/{path}?reset")
    page.wait_for_function(
        "path => window.jupyterapp?.shell.currentWidget?.context?.isReady"
        " && window.jupyterapp.shell.currentWidget.context.path === path",
        arg=path,
        timeout=60_000,
    )
