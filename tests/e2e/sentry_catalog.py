"""A catalogue behind a balancer with Debian's own Sentry SDK: one request in 200 brings an error that is known for long.

usage: DSN=... RELEASE=... [PORT=N] sentry_catalog.py [once]
`once`: an exception, a message and a session, and ends.
"""
import http.server
import os
import sys

import sentry_sdk

sentry_sdk.init(dsn=os.environ["DSN"], release=os.environ["RELEASE"], environment="production", server_name="web-2",
                auto_session_tracking=True)


class MissingPicture(Exception):
    pass


def picture_of(item):
    raise MissingPicture(f"no picture of item {item}")


def caught(item):
    try:
        picture_of(item)
    except MissingPicture:
        sentry_sdk.capture_exception()


class Catalog(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests = 0

    def do_GET(self):
        Catalog.requests += 1
        if Catalog.requests % 200 == 0:
            caught(Catalog.requests)
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


if sys.argv[1:] == ["once"]:
    with sentry_sdk.Hub.current as hub:
        hub.start_session(session_mode="application")
        caught(7)
        sentry_sdk.capture_message("the index is old", level="info")
        hub.end_session()
    sentry_sdk.flush()
    sentry_sdk.Hub.current.client.close(timeout=5)
else:
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Catalog).serve_forever()
