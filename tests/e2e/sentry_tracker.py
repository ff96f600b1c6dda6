"""Another error tracker: prints the target, key and body of what is sent to it, one request a line.

usage: sentry_tracker.py PORT
"""
import gzip
import http.server
import sys


class Tracker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        words = body.decode("utf-8", "replace").replace("\n", " ")
        print(self.path, self.headers.get("X-Sentry-Auth", ""), words, flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Tracker).serve_forever()
