"""Plays a notebook up to its training cell and presses the stop button while that cell trains.

python press-stop.py NOTEBOOK KERNEL DRAWING...

The training cell runs once for each DRAWING, first from the beginning and then from the checkpoint of the run before,
and is stopped when its chart is drawn that many times. Prints what each run displayed as HTML: a JSON array of arrays.
"""

import json
import sys

from jupyter_client.manager import start_new_kernel

STARTUP_SECONDS = 300
CELL_SECONDS = 1500
FROM_THE_BEGINNING = "resume: false"


def play(manager, client, source, stop_at=None):
    """Executes a cell, interrupted at a drawing of its chart; returns the HTML that it displayed."""
    drawings = 0
    pages = []
    complaints = []

    def look(message):
        nonlocal drawings
        content = message["content"]
        complaints.extend(content.get("traceback", []))
        if content.get("name") == "stderr":
            complaints.append(content["text"])
        data = content.get("data", {})
        if "text/html" in data:
            pages.append("".join(data["text/html"]))
        if "image/svg+xml" in data:
            drawings += 1
            if drawings == stop_at:
                manager.interrupt_kernel()

    reply = client.execute_interactive(source, output_hook=look, timeout=CELL_SECONDS)["content"]
    if reply["status"] == "ok":
        return pages
    raise SystemExit("\n".join([f"a cell ends with '{reply['status']}':", source, *complaints]))


def main(notebook, kernel, *stops):
    with open(notebook, encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    training = next(place for place, source in enumerate(sources) if FROM_THE_BEGINNING in source)
    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=STARTUP_SECONDS)
    try:
        for source in sources[:training]:
            play(manager, client, source)
        runs = [sources[training]]
        runs += [sources[training].replace(FROM_THE_BEGINNING, "resume: true")] * (len(stops) - 1)
        print(json.dumps([play(manager, client, run, int(stop)) for run, stop in zip(runs, stops)]))
    finally:
        manager.shutdown_kernel(now=True)
        client.stop_channels()


main(*sys.argv[1:])
