"""An App Service endpoint that passes requests on to the stand-in's after a pause.

    relay.py <milliseconds>

Prints its address, then a line per request once it is answered: when it came and when it was answered, by the
clock that all processes share (time.monotonic). Ends when its standard input does.
"""

import http.server
import sys
import threading
import time
import urllib.request

from figures import STANDINS

PAUSE = int(sys.argv[1]) / 1e3


class Relay(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        came = time.monotonic()
        time.sleep(PAUSE)
        query = self.path[self.path.index("?") :]
        headers = {"X-IDENTITY-HEADER": self.headers["X-IDENTITY-HEADER"]}
        request = urllib.request.Request(STANDINS["identity_endpoint"] + query, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print(came, time.monotonic(), flush=True)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
print(f"http://127.0.0.1:{server.server_address[1]}/msi/token", flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
